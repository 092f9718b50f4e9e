/** Tables of the tests, written with the JavaScript driver. */
import cassandra from "cassandra-driver";
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import type { Row } from "./conformance.ts";
import type { TestServer } from "./server.ts";

/** Where the tables of the tests are. */
export const KEYSPACE = "cassette_test";

/** A client that is shut down on dispose. */
export interface TestClient extends AsyncDisposable {
  /**
   * Runs a statement.
   *
   * @param cql The statement.
   * @param values Its parameters.
   */
  run(cql: string, values?: unknown[]): Promise<cassandra.types.ResultSet>;
}

/**
 * Connects to a server.
 *
 * @param server Where it is.
 * @param credentials User name and password.
 * @param certificates Folder with certificates, for a server with TLS.
 * @returns The client; the keyspace exists.
 */
export async function connect(
  server: TestServer,
  credentials?: { username: string; password: string },
  certificates?: string,
): Promise<TestClient> {
  const file = (name: string) => Deno.readTextFile(join(certificates!, name));
  const client = new cassandra.Client({
    contactPoints: server.contactPoints,
    protocolOptions: { port: server.port },
    policies: { loadBalancing: new cassandra.policies.loadBalancing.RoundRobinPolicy() },
    socketOptions: { readTimeout: 60_000 },
    credentials,
    sslOptions: certificates === undefined ? undefined : {
      rejectUnauthorized: true,
      ca: [await file("ca.pem")],
      cert: await file("client.pem"),
      key: await file("client.key"),
    },
  });
  await client.execute(
    `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH replication = ` +
      "{'class': 'SimpleStrategy', 'replication_factor': 1}",
  );
  return {
    run: (cql, values) => client.execute(cql, values, { prepare: values !== undefined }),
    [Symbol.asyncDispose]: () => client.shutdown(),
  };
}

/**
 * Makes a table with the columns of {@linkcode Row}, empty.
 *
 * @param client Writes.
 * @param table Keyspace and table.
 */
export async function createTable(client: TestClient, table: string): Promise<void> {
  await client.run(`DROP TABLE IF EXISTS ${table}`);
  await client.run(
    `CREATE TABLE ${table} (patch_id uuid PRIMARY KEY, data blob, label int, mask blob)`,
  );
}

/**
 * Writes rows.
 *
 * @param client Writes.
 * @param table Keyspace and table.
 * @param rows The rows.
 */
export async function putRows(client: TestClient, table: string, rows: Row[]): Promise<void> {
  const cql = `INSERT INTO ${table} (patch_id, data, label, mask) VALUES (?, ?, ?, ?)`;
  const blob = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes);
  for (let i = 0; i < rows.length; i += 64) {
    await Promise.all(
      rows.slice(i, i + 64).map(({ id, data, label, mask }) =>
        client.run(cql, [id, blob(data), label, blob(mask)])
      ),
    );
  }
}
