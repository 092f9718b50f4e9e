/** The database that tests run against: the one that is named, or one that is started for them. */
import { NotInstalledError } from "../../tools/cassandra/jars.ts";
import { startToxiproxy, type Toxiproxy } from "../../tools/toxiproxy.ts";
import { type Server, type ServerOptions, startCassandra } from "../../tools/cassandra/server.ts";

/** A server for tests. */
export interface TestServer {
  /** Where it is. */
  contactPoints: string[];
  /** Its port. */
  port: number;
}

/** Either a server of our own with what else is known of it, or why there is none. */
export type OwnServerOrReason = { server: TestServer; own: Server; lacking?: undefined } | {
  server?: undefined;
  own?: undefined;
  lacking: string;
};

/** Either a server, or why there is none. */
export type ServerOrReason = { server: TestServer; lacking?: undefined } | {
  server?: undefined;
  lacking: string;
};

/**
 * Starts a server for the tests of this process, or joins one that runs. One that was started is
 * stopped at the end of the last process that uses it.
 *
 * @param options Port, authentication and limits. With a port the server is always one of ours.
 * @returns The server, or why there is none.
 */
export async function testServer(options: ServerOptions = {}): Promise<ServerOrReason> {
  const named = Deno.env.get("CASSANDRA_CONTACT_POINTS");
  if (named && options.port === undefined) {
    const hosts = named.split(",").map((host) => /^(.*?)(?::(\d+))?$/.exec(host.trim())!);
    return {
      server: {
        contactPoints: hosts.map(([, host]) => host),
        port: Number(hosts[0][2] ?? 9042),
      },
    };
  }
  return await ownServer(options);
}

/**
 * Starts a server of our own, whatever server is named, or joins one that runs.
 *
 * @param options Port, authentication and limits.
 * @returns The server, or why there is none.
 */
export async function ownServer(options: ServerOptions = {}): Promise<OwnServerOrReason> {
  try {
    const own = await startCassandra({ ...options, user: Deno.pid });
    return { server: { contactPoints: [own.host], port: own.port }, own };
  } catch (error) {
    if (error instanceof NotInstalledError) return { lacking: error.message };
    throw error;
  }
}

/**
 * Starts a proxy for faults of the network before a server; it ends with this process.
 *
 * @param lacking Why there is no server, if so; then there is no use for a proxy.
 * @returns The proxy, or why there is none.
 */
export async function testProxy(
  lacking: string | undefined,
): Promise<{ toxiproxy?: Toxiproxy; lacking?: string }> {
  if (lacking !== undefined) return { lacking };
  try {
    return { toxiproxy: await startToxiproxy() };
  } catch (error) {
    if (error instanceof NotInstalledError) return { lacking: error.message };
    throw error;
  }
}
