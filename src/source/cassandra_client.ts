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
import { createPrivateKey } from "node:crypto";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** The driver waits longer and longer before it connects again: retries would be used up. */
const RECONNECT_MS = 250;

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
  return first?.message ? first : error as Reason;
}

/**
 * Connects `npm:cassandra-driver` to a cluster.
 *
 * @param config Checked options.
 * @returns A connected client; the caller shuts it down.
 * @throws {CassetteError} If it cannot connect.
 */
export async function connectClient(config: CassandraConfig): Promise<cassandra.Client> {
  // A secure connect bundle says which data centre it is of.
  const localDataCenter = config.cloudBundle !== undefined
    ? undefined
    : config.localDatacenter ?? await askDatacenter(config);
  const client = new cassandra.Client({ ...clientOptions(config), localDataCenter });
  if (config.onLog) tellLog(client, config);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.shutdown();
    throw failedOpen(config, error);
  }
}

function clientOptions(config: CassandraConfig): cassandra.ClientOptions {
  const { distance } = cassandra.types;
  return {
    ...(config.cloudBundle === undefined
      ? { contactPoints: config.contactPoints, protocolOptions: { port: config.port } }
      : { cloud: { secureConnectBundle: config.cloudBundle } }),
    ...(config.tls ? { sslOptions: sslOptions(config.tls) } : {}),
    ...(config.username === undefined
      ? {}
      : { credentials: { username: config.username, password: config.password! } }),
    pooling: {
      coreConnectionsPerHost: {
        [distance.local]: config.connectionsPerHost,
        [distance.remote]: 1,
      },
      // Its timer would keep the process alive; dead connections are found by time-outs.
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

/** What the driver has of a connection. */
interface Connection {
  netClient?: Pick<Socket, "unref" | "pending">;
}

/** Sockets that will hear of it when they are connected. */
const told = new WeakSet<object>();

/**
 * Lets the process end although the driver has connections. Each new one is to be told anew.
 *
 * @param client The driver's client; what it keeps its connections in is not part of its interface.
 */
export function unrefClient(client: cassandra.Client): void {
  const { hosts, controlConnection } = client as unknown as {
    hosts?: {
      values(): {
        pool?: { connections?: Connection[] };
        _healthResponseCountTimer?: { unref?(): void };
      }[];
    };
    controlConnection?: { connection?: Connection };
  };
  unrefConnection(controlConnection?.connection);
  for (const { pool, _healthResponseCountTimer: timer } of hosts?.values() ?? []) {
    timer?.unref?.();
    pool?.connections?.forEach(unrefConnection);
  }
}

/** A socket that is not connected adds a listener for each call: one is enough. */
function unrefConnection(connection?: Connection): void {
  const socket = connection?.netClient;
  if (!socket) return;
  if (socket.pending) {
    if (told.has(socket)) return;
    told.add(socket);
  }
  socket.unref();
}

function tellLog(client: cassandra.Client, { onLog, logLevel }: CassandraConfig): void {
  const levels: LogLevel[] = ["error", "warning", "info", "debug"];
  client.on("log", (said: string, from: string, text: string) => {
    const level = said === "verbose" ? "debug" : said as LogLevel;
    if (levels.indexOf(level) > levels.indexOf(logLevel)) return;
    onLog!({ level, text: `${from}: ${text}` });
  });
}

function policies({ speculativeExecution }: CassandraConfig): cassandra.ClientOptions["policies"] {
  const { reconnection, speculativeExecution: speculative } = cassandra.policies;
  return {
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

/** The driver wants to be told its data centre: whatever host answers first knows it. */
async function askDatacenter(config: CassandraConfig): Promise<string> {
  const options = clientOptions(config);
  const client = new cassandra.Client({
    ...options,
    policies: {
      ...options.policies,
      loadBalancing: new cassandra.policies.loadBalancing.RoundRobinPolicy(),
    },
  });
  try {
    await client.connect();
    const { rows } = await client.execute("SELECT data_center FROM system.local", [], {
      prepare: false,
    });
    return rows[0].data_center;
  } catch (error) {
    throw failedOpen(config, error);
  } finally {
    await client.shutdown();
  }
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
        known[1]
      }", as the contact point says: received "${config.localDatacenter}"`,
      { option: "localDatacenter", cause: error },
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
