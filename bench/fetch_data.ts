/** Blobs for the benches of fetching, in Cassandra and in SQLite, under the same keys. */
import type cassandra from "cassandra-driver";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { plainClient } from "./plain_client.ts";
import { formatId, IdList } from "../src/ids.ts";
import { startCassandra } from "../tools/cassandra/server.ts";
import { encodeAll, loadPictures } from "./pictures.ts";
import { tempFolder } from "../tools/temp.ts";

/**
 * How long each table is read before anything is measured, in milliseconds: the server's code is
 * compiled while it runs, that for the first table above all.
 */
export const SERVER_WARM_UP_MS = { small: 25_000, large: 10_000 };

/** Where the tables are. */
export const KEYSPACE = "cassette_bench";

/** A table of blobs of about one size. */
export interface BenchTable {
  /** Its name, below the keyspace. */
  name: "small" | "large";
  /** Mean length of the blobs, in bytes. */
  bytes: number;
  /** Its keys, in a random order that is the same in each run. */
  ids: IdList;
}

/** A database that is ready for a bench. */
export interface BenchDatabase extends AsyncDisposable {
  /** Where it is. */
  server: { contactPoints: string[]; port: number };
  /** A client of `npm:cassandra-driver`, as a user would make it. */
  client: cassandra.Client;
  /** The same tables in a file. */
  sqlite: string;
  /** Small blobs and large ones. */
  tables: BenchTable[];
}

const SETS = [
  { name: "small", width: 224, height: 224, quality: 75, count: 4_096, length: 10_000 },
  { name: "large", width: 800, height: 600, quality: 88, count: 1_024, length: 110_000 },
] as const;
const PICTURES = 32;

/**
 * Starts the server, unless `CASSANDRA_CONTACT_POINTS` names one, and fills the tables.
 *
 * @returns The database; on dispose the tables are dropped.
 */
export async function benchDatabase(): Promise<BenchDatabase> {
  const server = await findServer();
  const client = await plainClient(server);
  await client.execute(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`);
  await client.execute(
    `CREATE KEYSPACE ${KEYSPACE} WITH replication = ` +
      "{'class': 'SimpleStrategy', 'replication_factor': 1}",
  );
  const sqlite = `${tempFolder()}/bench.sqlite`;
  const database = new DatabaseSync(sqlite);
  const pictures = await loadPictures(undefined, PICTURES);
  const tables: BenchTable[] = [];
  for (const { name, width, height, quality, count, length } of SETS) {
    const files = await encodeAll(pictures, width, height, { quality }, PICTURES);
    const ids = seededIds(count);
    await client.execute(
      `CREATE TABLE ${KEYSPACE}.${name} (patch_id uuid PRIMARY KEY, label int, data blob)`,
    );
    database.exec(`CREATE TABLE ${name} (patch_id BLOB PRIMARY KEY, label INTEGER, data BLOB)`);
    database.exec("BEGIN");
    const insert = database.prepare(`INSERT INTO ${name} VALUES (?, ?, ?)`);
    const cql = `INSERT INTO ${KEYSPACE}.${name} (patch_id, label, data) VALUES (?, ?, ?)`;
    let bytes = 0;
    for (let i = 0; i < count; i += 64) {
      const writes = [];
      for (let k = i; k < i + 64; k++) {
        const id = ids.bytes.subarray(k * 16, k * 16 + 16);
        const blob = resized(files[k % files.length], length, id);
        bytes += blob.length;
        insert.run(id, k, blob);
        writes.push(client.execute(cql, [formatId(id), k, Buffer.from(blob)], { prepare: true }));
      }
      await Promise.all(writes);
    }
    database.exec("COMMIT");
    tables.push({ name, bytes: Math.round(bytes / count), ids });
    console.error(`${name}: ${count} blobs of ${Math.round(bytes / count)} bytes`);
  }
  database.close();
  return {
    server,
    client,
    sqlite,
    tables,
    async [Symbol.asyncDispose]() {
      await client.execute(`DROP KEYSPACE ${KEYSPACE}`);
      await client.shutdown();
    },
  };
}

/**
 * Finds the server that `CASSANDRA_CONTACT_POINTS` names, or starts one.
 *
 * @returns Where it is.
 */
export async function findServer(): Promise<{ contactPoints: string[]; port: number }> {
  const named = Deno.env.get("CASSANDRA_CONTACT_POINTS");
  if (named) {
    const points = named.split(",").map((point) => point.trim().split(":"));
    return { contactPoints: points.map(([host]) => host), port: Number(points[0][1] ?? 9042) };
  }
  const { host, port } = await startCassandra({ user: Deno.pid, say: console.error });
  return { contactPoints: [host], port };
}

function seededIds(count: number): IdList {
  const bytes = new Uint8Array(count * 16);
  let state = 0x9e3779b9;
  for (let i = 0; i < bytes.length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5 | 0;
    bytes[i] = state >>> 11;
  }
  return new IdList(bytes);
}

/** The picture at about the length asked for, ended by its key, so that no two blobs are equal. */
function resized(file: Uint8Array, length: number, id: Uint8Array): Uint8Array {
  const blob = new Uint8Array(Math.round(length * (0.75 + 0.5 * id[0] / 255)));
  for (let at = 0; at < blob.length; at += file.length) {
    blob.set(file.subarray(0, blob.length - at), at);
  }
  blob.set(id, blob.length - 16);
  return blob;
}
