import cassandra from "cassandra-driver";
import { CassetteError, UsageError } from "../errors.ts";
import type { CassandraConfig } from "./cassandra_config.ts";
import {
  bundleError,
  openError,
  type OpenFailure,
  privateKeyError,
  ServerCode,
} from "./cassandra_errors.ts";
import type { LogLevel } from "./cassandra_options.ts";
import type { TlsConfig } from "./cassandra_tls.ts";
import { ConnectionGuard } from "./cassandra_guard.ts";
import { LONGEST_BODY, ProtocolFault } from "./cql_frame.ts";
import { type Scrubber, scrubberOf } from "./scrub.ts";
import { createPrivateKey } from "node:crypto";
import type { ConnectionOptions } from "node:tls";

/** The driver waits longer and longer before it connects again: retries would be used up. */
const RECONNECT_MS = 250;
/** Dead connections that nothing is asked of are found within this and `connectTimeout`. */
const HEARTBEAT_MS = 15_000;
/** A server that does not close its end is not waited for any longer. */
const CLOSE_LIMIT_MS = 1_000;
const MOST_VERSION = 4;

/** What the driver says is wrong, with the server's code or that of the socket. */
export interface Reason extends Error {
  code?: number | string;
}

/**
 * Unwraps what one host said: the driver wraps it into an error about all hosts.
 *
 * @param error What the driver threw.
 * @returns The error of the first host, or the error itself.
 */
export function underlying(error: unknown): Reason {
  const inner = (error as { innerErrors?: Record<string, Reason> }).innerErrors;
  const [first] = inner ? Object.values(inner) : [];
  const reason = first?.message ? first : error as Reason;
  // Of a connection that ended, what ended it says more.
  const { innerError } = reason as { innerError?: Error };
  if (innerError instanceof ProtocolFault) {
    reason.message = `${reason.message}: ${innerError.message}`;
  }
  return reason;
}

/** What holds for the connections of a client. */
export interface ClientLimits {
  /**
   * How long a connection may be idle until it is asked for a sign of life, in milliseconds; 15,000
   * when left out.
   */
  heartbeat?: number;
  /** Bytes of the longest answer that is taken; 256 MiB when left out. */
  longest?: number;
}

/** A client whose connections are guarded and whose errors tell no secrets. */
export class GuardedClient {
  readonly #client: cassandra.Client;
  readonly #scrubber: Scrubber;
  readonly #guard: ConnectionGuard;
  readonly #closeLimit: number;
  #closing: Promise<void> | undefined;

  /**
   * @param config Checked options.
   * @param limits What holds for its connections.
   */
  constructor(config: CassandraConfig, limits: ClientLimits) {
    const { heartbeat = HEARTBEAT_MS, longest = LONGEST_BODY } = limits;
    this.#client = new cassandra.Client(clientOptions(config));
    if (config.onLog) tellLog(this.#client, config);
    this.#scrubber = scrubberOf(config);
    this.#guard = new ConnectionGuard(this.#client, longest);
    this.#guard.beat(heartbeat);
    this.#closeLimit = Math.min(config.connectTimeout, CLOSE_LIMIT_MS);
  }

  /** What the driver knows of the cluster. */
  get metadata(): cassandra.metadata.Metadata {
    return this.#client.metadata;
  }

  /** Connects. */
  async connect(): Promise<void> {
    try {
      await this.#client.connect();
    } catch (error) {
      throw this.#scrubber.error(error);
    }
  }

  /**
   * Runs a statement.
   *
   * @param query The statement.
   * @param parameters Values that are bound.
   * @param options How it is run.
   * @returns Its rows.
   */
  execute(
    query: string,
    parameters: cassandra.ArrayOrObject = [],
    options?: cassandra.QueryOptions,
  ): Promise<cassandra.types.ResultSet> {
    return this.#client.execute(query, parameters, options).catch((error) => {
      throw this.#scrubber.error(error);
    });
  }

  /** Closes all connections; those whose server does not let go are ended. */
  shutdown(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, this.#closeLimit);
    try {
      await Promise.race([this.#client.shutdown().catch(() => {}), limit.promise]);
    } finally {
      clearTimeout(timer);
      this.#guard.close();
    }
  }

  /** Lets the process end although the driver has connections. Each new one is to be told anew. */
  unref(): void {
    this.#guard.unref();
  }
}

/**
 * Connects `npm:cassandra-driver` to a cluster.
 *
 * @param config Checked options.
 * @param limits What holds for its connections.
 * @returns A connected client; the caller shuts it down.
 * @throws {CassetteError} If it cannot connect.
 */
export async function connectClient(
  config: CassandraConfig,
  limits: ClientLimits = {},
): Promise<GuardedClient> {
  const client = new GuardedClient(config, limits);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.shutdown();
    throw failedOpen(config, error);
  }
}

/** Asks the hosts of one data centre: that of the host that answered first, unless it is named. */
class OneDatacenter extends cassandra.policies.loadBalancing.DefaultLoadBalancingPolicy {
  override init(
    client: cassandra.Client,
    hosts: cassandra.HostMap,
    callback: cassandra.EmptyCallback,
  ): void {
    const { options, controlConnection } = client as unknown as {
      options: { localDataCenter?: string };
      controlConnection: { host?: { datacenter?: string } };
    };
    options.localDataCenter ??= controlConnection.host?.datacenter;
    super.init(client, hosts, callback);
  }
}

function clientOptions(config: CassandraConfig): cassandra.ClientOptions {
  const { distance } = cassandra.types;
  return {
    ...(config.cloudBundle === undefined
      ? { contactPoints: config.contactPoints, localDataCenter: config.localDatacenter }
      : { cloud: { secureConnectBundle: config.cloudBundle } }),
    // Of higher versions the driver knows those of DataStax Enterprise only, which take this one too.
    protocolOptions: {
      maxVersion: MOST_VERSION,
      ...(config.cloudBundle === undefined ? { port: config.port } : {}),
    },
    ...(config.tls ? { sslOptions: sslOptions(config.tls) } : {}),
    ...(config.username === undefined
      ? {}
      : { credentials: { username: config.username, password: config.password! } }),
    pooling: {
      coreConnectionsPerHost: {
        [distance.local]: config.connectionsPerHost,
        [distance.remote]: 1,
      },
      // Its timer would keep the process alive, and be set anew for each request: the guard has one.
      heartBeatInterval: 0,
      maxRequestsPerConnection: Math.ceil(config.maxInFlight / config.connectionsPerHost),
    },
    policies: policies(config),
    // The driver waits for the answers of its handshake as it does for those of requests, unless
    // these say how long.
    socketOptions: { connectTimeout: config.connectTimeout, readTimeout: config.connectTimeout },
    queryOptions: {
      consistency: config.consistency,
      prepare: true,
      isIdempotent: true,
      readTimeout: config.requestTimeout,
    },
  };
}

function tellLog(client: cassandra.Client, config: CassandraConfig): void {
  const { onLog, logLevel } = config;
  const levels: LogLevel[] = ["error", "warning", "info", "debug"];
  client.on("log", (said: string, from: string, text: string) => {
    const level = said === "verbose" ? "debug" : said as LogLevel;
    if (levels.indexOf(level) > levels.indexOf(logLevel)) return;
    onLog!({ level, text: scrubberOf(config).text(`${from}: ${text}`) });
  });
}

function policies({ speculativeExecution }: CassandraConfig): cassandra.ClientOptions["policies"] {
  const { reconnection, speculativeExecution: speculative } = cassandra.policies;
  return {
    loadBalancing: new OneDatacenter(),
    reconnection: new reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
    ...(speculativeExecution
      ? {
        speculativeExecution: new speculative.ConstantSpeculativeExecutionPolicy(
          speculativeExecution.delay,
          speculativeExecution.max,
        ),
      }
      : {}),
  };
}

/**
 * Makes a typed error of what the driver threw while it connected.
 *
 * @param config Which servers were asked.
 * @param error What the driver threw.
 * @returns The error.
 */
export function failedOpen(config: CassandraConfig, error: unknown): CassetteError {
  if (error instanceof CassetteError) return error;
  const reason = underlying(error);
  if (config.cloudBundle !== undefined && reason.code === undefined && isBundleFault(reason)) {
    return bundleError(config, reason.message, error);
  }
  const known = /Available DCs are: \[?(.*?)\]?$/.exec(reason.message) ??
    /only found hosts in data centers?: \[?(.*?)\]?$/.exec(reason.message);
  if (config.localDatacenter !== undefined && known) {
    return new UsageError(
      `Cannot open a Cassandra source as localDatacenter must be "${
        scrubberOf(config).quote(known[1])
      }", as the contact point says: received "${config.localDatacenter}"`,
      { option: "localDatacenter", cause: scrubberOf(config).error(error) },
    );
  }
  const code = reason instanceof cassandra.errors.AuthenticationError
    ? ServerCode.BAD_CREDENTIALS
    : reason.code;
  return openError(config, {
    message: reason.message,
    serverCode: typeof code === "number" ? code : undefined,
    tls: tlsFault(reason),
    closed: code === "ECONNRESET" || /closed/.test(reason.message),
    cause: error,
  });
}

/** What reads the bundle throws plain errors. */
function isBundleFault(reason: Reason): boolean {
  return reason instanceof TypeError || reason instanceof SyntaxError ||
    /^ADM-ZIP|^bad (decrypt|password)|PEM/.test(reason.message);
}

function tlsFault({ code, message }: Reason): OpenFailure["tls"] {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "identity";
  if (typeof code === "string" && /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) {
    return "chain";
  }
  if (/fatal alert/.test(message)) return "client";
  if (/^(ERR_SSL|ERR_TLS)/.test(String(code)) || /SSL routines|corrupt message/.test(message)) {
    return "protocol";
  }
}

/** The driver trusts anyone unless it is told not to, and passes the rest on to `node:tls`. */
function sslOptions({ ca, cert, key, keyPassphrase, verify }: TlsConfig): ConnectionOptions {
  return {
    rejectUnauthorized: verify !== "none",
    ...(ca.length > 0 ? { ca } : {}),
    ...(cert === undefined ? {} : { cert, key: decrypted(key!, keyPassphrase) }),
    ...(verify === "identity" ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** `node:tls` leaves a key out that it cannot read: it must be read here. */
function decrypted(key: string, passphrase: string | undefined): string {
  try {
    return createPrivateKey({ key, passphrase }).export({ type: "pkcs8", format: "pem" }) as string;
  } catch (cause) {
    throw privateKeyError(passphrase, (cause as Error).message);
  }
}
