/** Fetching from far away, and with stragglers. */
import { CassandraSource } from "../src/source/cassandra.ts";
import type { Ordering } from "../src/pipeline/fetch_window.ts";
import { startToxiproxy } from "../tools/toxiproxy.ts";
import { importFlags, path } from "../tools/imports.ts";
import { compare, type Comparison } from "./compare.ts";
import { type BenchTable, KEYSPACE } from "./fetch_data.ts";
import { fetchRate, type RateOptions } from "./fetch_rate.ts";

const ORDERINGS: Ordering[] = ["ordered", "batches", "samples"];
const BATCH = 128;
/** Toxiproxy keeps 32 MiB in flight on a connection: several carry what the server gives. */
const CONNECTIONS = 4;
/** A window has found its size after the warm-up. */
const WARM_UP_MS = 2_000;
const TIME_MS = 2_000;
const STRAGGLING_MS = 4_000;

interface Place {
  contactPoints: string[];
  port: number;
}

/** A source at a port of this machine. */
async function open(port: number, table: BenchTable): Promise<CassandraSource> {
  return await CassandraSource.open({
    contactPoints: ["127.0.0.1"],
    port,
    table: `${KEYSPACE}.${table.name}`,
    driver: "native",
    connectionsPerHost: CONNECTIONS,
  });
}

function side(name: string, source: CassandraSource, table: BenchTable, options: RateOptions) {
  return {
    name,
    /** What `compare` divides by the time of the whole run is a rate already. */
    async run() {
      const begin = performance.now();
      const { rate } = await fetchRate(source, table.ids, options);
      return rate * (performance.now() - begin) / 1000;
    },
  };
}

/**
 * Compares 150 ms with 20 ms round trip, through the same proxy.
 *
 * @param server Where the server is.
 * @param table What is fetched.
 * @returns One comparison for each ordering.
 */
export async function compareFar(server: Place, table: BenchTable): Promise<Comparison[]> {
  await using toxiproxy = await startToxiproxy(console.error);
  const target = `${server.contactPoints[0]}:${server.port}`;
  const [far, near] = [await toxiproxy.proxy(target), await toxiproxy.proxy(target)];
  await far.add({ type: "latency", attributes: { latency: 150 } });
  await near.add({ type: "latency", attributes: { latency: 20 } });
  await using away = await open(far.port, table);
  await using close = await open(near.port, table);
  const comparisons: Comparison[] = [];
  for (const ordering of ORDERINGS) {
    const options = { batch: BATCH, ordering, warmUp: WARM_UP_MS, time: TIME_MS };
    comparisons.push(
      await compare(
        side(`${table.name}, ${ordering}, 150 ms`, away, table, options),
        side("20 ms", close, table, options),
        "images/s",
      ),
    );
  }
  return comparisons;
}

/**
 * Compares a server 2 % of whose answers come 1 s late with the same behind an idle proxy.
 *
 * @param server Where the server is.
 * @param table What is fetched.
 * @returns The comparison for `samples`; that for `ordered` is shown only.
 */
export async function compareStragglers(server: Place, table: BenchTable): Promise<Comparison> {
  using slow = await cqlProxy(server, 0.02);
  using quick = await cqlProxy(server, 0);
  await using late = await open(slow.port, table);
  await using prompt = await open(quick.port, table);
  const found = new Map<Ordering, Comparison>();
  for (const ordering of ["ordered", "samples"] as const) {
    const options = { batch: BATCH, ordering, warmUp: WARM_UP_MS, time: STRAGGLING_MS };
    found.set(
      ordering,
      await compare(
        side(`${table.name}, ${ordering}, stragglers`, late, table, options),
        side("undisturbed", prompt, table, options),
        "images/s",
      ),
    );
  }
  return found.get("samples")!;
}

/** A proxy in a process of its own, so that it takes no time of ours. */
async function cqlProxy(server: Place, part: number): Promise<Disposable & { port: number }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      ...await importFlags(),
      path("tools/cql_proxy.ts"),
      `${server.contactPoints[0]}:${server.port}`,
      `--part=${part}`,
    ],
    stdout: "piped",
  }).spawn();
  const { value } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
  return { port: Number(value), [Symbol.dispose]: () => child.kill() };
}
