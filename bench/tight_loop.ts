/** The tight loop of a data set without decoding: Cassandra against a folder of files and a tar. */
import { Buffer } from "node:buffer";
import { createTarDecoder, packTar, type TarEntryData } from "modern-tar";
import { formatId, IdList } from "../src/ids.ts";
import { plainClient } from "./plain_client.ts";
import { CassandraSource } from "../src/source/cassandra.ts";
import { compare, type Comparison, type Side } from "./compare.ts";
import { findServer } from "./fetch_data.ts";

const KEYSPACE = "cassette_bench_loop";
const BATCH = 128;
/** Batches, and files, that are asked for ahead. */
const BATCHES_AHEAD = 4;
const FILES_AHEAD = 32;
/** Each run goes through the pictures so often. */
const ROUNDS = 16;
/** The server's code is compiled while it runs. */
const WARM_UP_MS = 6_000;

/**
 * Reads pictures again and again, in an order that changes from round to round (a tar has its own).
 *
 * @param blobs The pictures.
 * @returns Cassandra's rate with the native driver ÷ that of a folder of files, and of a tar.
 */
export async function compareTightLoops(blobs: readonly Uint8Array[]): Promise<Comparison[]> {
  const server = await findServer();
  const table = `${KEYSPACE}.pictures`;
  const client = await plainClient(server);
  const ids = await fill(client, table, blobs);
  const folder = await Deno.makeTempDir({ prefix: "cassette-bench-" });
  try {
    const paths = blobs.map((_, i) => `${folder}/${i}.jpg`);
    await Promise.all(blobs.map((blob, i) => Deno.writeFile(paths[i], blob)));
    const tar = `${folder}/pictures.tar`;
    await Deno.writeFile(tar, await packed(blobs));
    await using source = await CassandraSource.open({ ...server, table, driver: "native" });
    const cassandra = side("Cassandra", (see) => fetchAll(source, ids, see));
    for (const begin = performance.now(); performance.now() < begin + WARM_UP_MS;) {
      await cassandra.run();
    }
    const peers = [
      side("a folder of files", (see) => readFiles(paths, see)),
      side("a tar", (see) => readTar(tar, blobs.length, see)),
    ];
    const comparisons: Comparison[] = [];
    for (const peer of peers) {
      const agree = await cassandra.digest() === await peer.digest();
      comparisons.push(await compare(cassandra, peer, "images/s", agree));
    }
    return comparisons;
  } finally {
    await Deno.remove(folder, { recursive: true });
    await client.execute(`DROP KEYSPACE ${KEYSPACE}`);
    await client.shutdown();
  }
}

type See = (index: number, blob: Uint8Array) => void;

/** A side that reads all blobs `ROUNDS` times, and can tell what they are. */
function side(
  name: string,
  readAll: (see?: See) => Promise<number>,
): Side & { digest(): Promise<string> } {
  return {
    name,
    async run() {
      let images = 0;
      for (let round = 0; round < ROUNDS; round++) images += await readAll();
      return images;
    },
    async digest() {
      const digests: Promise<string>[] = [];
      await readAll((index, blob) => {
        digests[index] = crypto.subtle.digest("SHA-256", Uint8Array.from(blob))
          .then((hash) => new Uint8Array(hash).toHex());
      });
      return (await Promise.all(digests)).join();
    },
  };
}

async function fill(
  client: Awaited<ReturnType<typeof plainClient>>,
  table: string,
  blobs: readonly Uint8Array[],
): Promise<IdList> {
  await client.execute(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`);
  await client.execute(
    `CREATE KEYSPACE ${KEYSPACE} WITH replication = ` +
      "{'class': 'SimpleStrategy', 'replication_factor': 1}",
  );
  await client.execute(`CREATE TABLE ${table} (patch_id uuid PRIMARY KEY, label int, data blob)`);
  const bytes = crypto.getRandomValues(new Uint8Array(blobs.length * 16));
  const cql = `INSERT INTO ${table} (patch_id, label, data) VALUES (?, ?, ?)`;
  for (const [i, blob] of blobs.entries()) {
    const id = formatId(bytes, i * 16);
    await client.execute(cql, [id, i, Buffer.from(blob)], { prepare: true });
  }
  return new IdList(bytes);
}

async function packed(blobs: readonly Uint8Array[]): Promise<Uint8Array> {
  return await packTar(blobs.map((blob, i) => ({
    header: { name: `${i}.jpg`, size: blob.length },
    body: blob as TarEntryData,
  })));
}

let seed = 1;

/** Places in an order that is another one each time (Fisher and Yates). */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const other = Math.floor(seed / 2 ** 32 * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

async function fetchAll(source: CassandraSource, ids: IdList, see?: See): Promise<number> {
  const order = shuffled(ids.length);
  const fetches: { places: number[]; batch: ReturnType<CassandraSource["fetch"]> }[] = [];
  let next = 0;
  for (;;) {
    while (fetches.length < BATCHES_AHEAD && next < order.length) {
      const places = order.slice(next, next += BATCH);
      fetches.push({ places, batch: source.fetch(ids.pick(places)) });
    }
    const first = fetches.shift();
    if (!first) return ids.length;
    using batch = await first.batch;
    if (batch.failures > 0) throw new Error("a sample failed");
    first.places.forEach((place, i) => {
      const blob = batch.blob(i);
      if (blob.length === 0) throw new Error("a blob is empty");
      see?.(place, blob);
    });
  }
}

async function readFiles(paths: readonly string[], see?: See): Promise<number> {
  const order = shuffled(paths.length);
  const worker = async () => {
    for (let place = order.pop(); place !== undefined; place = order.pop()) {
      const blob = await Deno.readFile(paths[place]);
      if (blob.length === 0) throw new Error("a file is empty");
      see?.(place, blob);
    }
  };
  await Promise.all(Array.from({ length: FILES_AHEAD }, worker));
  return paths.length;
}

async function readTar(path: string, count: number, see?: See): Promise<number> {
  let images = 0;
  const file = await Deno.open(path);
  for await (const { header, body } of file.readable.pipeThrough(createTarDecoder())) {
    const blob = new Uint8Array(await new Response(body).arrayBuffer());
    if (blob.length === 0) throw new Error("an entry is empty");
    see?.(parseInt(header.name), blob);
    images++;
  }
  if (images !== count) throw new Error(`the tar has ${images} pictures`);
  return images;
}
