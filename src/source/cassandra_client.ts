import cassandra from "cassandra-driver";
import { CassetteError, UsageError } from "../errors.ts";
import type { CassandraConfig } from "./cassandra_config.ts";
import { openError, ServerCode } from "./cassandra_errors.ts";

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
  const localDataCenter = config.localDatacenter ?? await askDatacenter(config);
  const client = new cassandra.Client({ ...clientOptions(config), localDataCenter });
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
    contactPoints: config.contactPoints,
    protocolOptions: { port: config.port },
    ...(config.username === undefined
      ? {}
      : { credentials: { username: config.username, password: config.password! } }),
    pooling: {
      coreConnectionsPerHost: {
        [distance.local]: config.connectionsPerHost,
        [distance.remote]: 1,
      },
      maxRequestsPerConnection: Math.ceil(config.maxInFlight / config.connectionsPerHost),
    },
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

/** The driver wants to be told its data centre: whatever host answers first knows it. */
async function askDatacenter(config: CassandraConfig): Promise<string> {
  const options = clientOptions(config);
  const client = new cassandra.Client({
    ...options,
    // After a failed handshake the driver's heartbeat would keep the process alive for ever.
    pooling: { ...options.pooling, heartBeatInterval: 0 },
    policies: { loadBalancing: new cassandra.policies.loadBalancing.RoundRobinPolicy() },
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
  return openError(config, reason.message, typeof code === "number" ? code : undefined, error);
}
