/**
 * Fetching with the native driver against a bare C loop over the same driver and against
 * `npm:cassandra-driver`: blobs of about 10 KB and 110 KB in random order, 512 requests in flight. Ours
 * copies each blob into its batch and looks at the batch, the loop reads each byte where the driver
 * has it, `npm:cassandra-driver` hands its buffer out. Then far away (20 ms against 150 ms round trip)
 * and with stragglers (2 % of the answers delayed by 1 s). A ratio is the worst of its kind.
 *
 * Run it by `deno task bench:fetch [--pictures DIR] [--only near|far]`.
 */
import cassandra from "cassandra-driver";
import { Buffer } from "node:buffer";
import process from "node:process";
import { CassandraSource } from "../src/source/cassandra.ts";
import type { BlobSource } from "../src/source/source.ts";
import type { IdList } from "../src/ids.ts";
import { bareLoop } from "./bare_loop.ts";
import { compare, type Comparison, median, report, type Side } from "./compare.ts";
import { compareFar, compareStragglers } from "./fetch_far.ts";
import { benchDatabase, type BenchTable, KEYSPACE, SERVER_WARM_UP_MS } from "./fetch_data.ts";

const BATCH = 128;
/** Batches asked for ahead: more than are in flight, so that as many requests always are. */
const WINDOW = 8;
const IN_FLIGHT = 512;
const CONNECTIONS = 1;
/** Each run goes through the table so often, without a pause, that it lasts about a second. */
const EPOCHS: Record<string, number> = { small: 8, large: 6 };

/** A side that also counts what it took: microseconds for each image, run by run. */
interface CountedSide extends Side {
  cpu: number[];
  jsThread: number[];
}

const only = Deno.args.includes("--only") ? Deno.args[Deno.args.indexOf("--only") + 1] : undefined;
await using database = await benchDatabase();
const { server, client, tables } = database;
const comparisons: Record<string, Comparison[]> = {};
const keep = (name: string, comparison: Comparison) => (comparisons[name] ??= []).push(comparison);
for (const table of tables) await warmUp(table);
if (only !== "far") { for (const table of tables) await compareNear(table); }
if (only !== "near") {
  for (const table of tables) {
    for (const comparison of await compareFar(server, table)) {
      keep(`rtt150_vs_rtt20_${table.name}`, comparison);
    }
    keep("stragglers_samples", await compareStragglers(server, table));
  }
}
report(comparisons);

async function warmUp({ name, ids }: BenchTable): Promise<void> {
  await using source = await CassandraSource.open({
    ...server,
    table: `${KEYSPACE}.${name}`,
    driver: "native",
  });
  for (const begin = performance.now(); performance.now() < begin + SERVER_WARM_UP_MS[name];) {
    await fetchAll(source, ids, 1);
  }
}

async function compareNear(table: BenchTable): Promise<void> {
  const options = {
    ...server,
    table: `${KEYSPACE}.${table.name}`,
    maxInFlight: IN_FLIGHT,
    connectionsPerHost: CONNECTIONS,
  };
  await using native = await CassandraSource.open({ ...options, driver: "native" });
  await using loop = await bareLoop({
    host: server.contactPoints[0],
    port: server.port,
    cql: `SELECT data, label FROM ${KEYSPACE}.${table.name} WHERE patch_id = ?`,
    ids: table.ids,
    inFlight: IN_FLIGHT,
    connections: CONNECTIONS,
  });
  const agree = await digestOf(native, table.ids) === await digestOfDriver(table);
  const side = () =>
    counted("cassette, native", table, (rounds) => fetchAll(native, table.ids, rounds));
  console.error(`${table.name}: ${table.bytes} bytes`);
  const bare: CountedSide = {
    name: "a bare C loop",
    cpu: [],
    jsThread: [],
    async run() {
      const { images, cpu } = await loop.run(EPOCHS[table.name]);
      bare.cpu.push(cpu / images);
      return images;
    },
  };
  const besideC = side();
  keep("native_vs_c", await compare(besideC, bare, "images/s", agree));
  keep("native_cpu_vs_c_cost", cost(besideC.cpu, bare.cpu, "CPU µs/image", agree, bare.name));
  const theirs = counted("npm:cassandra-driver", table, (rounds) => driverAll(table, rounds));
  const ours = side();
  keep("native_vs_js", await compare(ours, theirs, "images/s", agree));
  keep("native_cpu_vs_js_cost", cost(ours.cpu, theirs.cpu, "CPU µs/image", agree, theirs.name));
  const threads = [ours.jsThread, theirs.jsThread] as const;
  const unit = "JavaScript thread µs/image";
  keep("native_js_thread_vs_js_cost", cost(...threads, unit, agree, theirs.name));
}

/** Fetches a table so many times, some batches ahead. */
async function fetchAll(
  source: BlobSource,
  ids: IdList,
  rounds: number,
  see?: (blob: Uint8Array, label: unknown) => void,
): Promise<void> {
  const fetches: ReturnType<BlobSource["fetch"]>[] = [];
  const batches = Math.ceil(ids.length / BATCH);
  for (let i = 0; i < rounds * batches + WINDOW; i++) {
    if (i >= WINDOW) {
      using batch = await fetches.shift()!;
      if (batch.failures > 0) throw new Error("a sample failed");
      if (batch.bytes.length === 0) throw new Error("there are no blobs");
      for (let k = 0; see && k < batch.length; k++) see(batch.blob(k), batch.label(k));
    }
    if (i < rounds * batches) {
      const from = (i % batches) * BATCH;
      const count = Math.min(BATCH, ids.length - from);
      fetches.push(source.fetch(ids.pick(Array.from({ length: count }, (_, k) => from + k))));
    }
  }
}

/** The same as a user of the driver would write it: so many requests at once, callbacks. */
function driverAll(
  table: BenchTable,
  rounds: number,
  see?: (index: number, blob: Uint8Array, label: unknown) => void,
): Promise<void> {
  const cql = `SELECT data, label FROM ${KEYSPACE}.${table.name} WHERE patch_id = ?`;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const total = rounds * table.ids.length;
  let next = 0;
  let done = 0;
  const send = () => {
    const index = next++ % table.ids.length;
    const id = new cassandra.types.Uuid(
      Buffer.from(table.ids.bytes.subarray(index * 16, index * 16 + 16)),
    );
    client.execute(cql, [id], { prepare: true }, (error, result) => {
      if (error) return reject(error);
      const row = result.first();
      see?.(index, row.data, row.label);
      if (++done === total) resolve();
      if (next < total) send();
    });
  };
  for (let i = 0; i < Math.min(IN_FLIGHT, total); i++) send();
  return promise;
}

function counted(
  name: string,
  table: BenchTable,
  fetch: (rounds: number) => Promise<void>,
): CountedSide {
  const images = table.ids.length * EPOCHS[table.name];
  const side: CountedSide = {
    name,
    cpu: [],
    jsThread: [],
    async run() {
      const [cpu, thread] = [process.cpuUsage(), threadTime()];
      await fetch(EPOCHS[table.name]);
      const { user, system } = process.cpuUsage(cpu);
      side.cpu.push((user + system) / images);
      side.jsThread.push((threadTime() - thread) / images);
      return images;
    },
  };
  return side;
}

/** Time for which this thread, which runs the JavaScript, was on a processor, in microseconds. */
function threadTime(): number {
  const text = Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`);
  return Number(text.split(" ")[0]) / 1000;
}

function cost(
  ours: readonly number[],
  theirs: readonly number[],
  unit: string,
  agree: boolean,
  peer: string,
): Comparison {
  const rounded = (values: readonly number[]) =>
    values.slice(1).map((value) => Math.round(value * 100) / 100);
  const comparison = { ours: rounded(ours), theirs: rounded(theirs) };
  const ratio = median(comparison.ours) / median(comparison.theirs);
  console.error(
    `${unit}: ${median(comparison.ours)} against ${median(comparison.theirs)}, ratio ${
      ratio.toFixed(2)
    }`,
  );
  return { ratio: agree ? ratio : null, ...comparison, unit, peer };
}

async function digestOf(source: BlobSource, ids: IdList): Promise<string> {
  const digests: Promise<string>[] = [];
  await fetchAll(source, ids, 1, (blob, label) => digests.push(digest(blob, label)));
  return (await Promise.all(digests)).join();
}

async function digestOfDriver(table: BenchTable): Promise<string> {
  const digests: Promise<string>[] = new Array(table.ids.length);
  await driverAll(table, 1, (index, blob, label) => (digests[index] = digest(blob, label)));
  return (await Promise.all(digests)).join();
}

async function digest(blob: Uint8Array, label: unknown): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", Uint8Array.from(blob));
  return `${new Uint8Array(hash).toHex()} ${label}`;
}
