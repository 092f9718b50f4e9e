/** Fetching from far away, and with stragglers. */
import { CassandraSource } from "../src/source/cassandra.ts";
import type { Ordering } from "../src/pipeline/fetch_window.ts";
import { startToxiproxy } from "../tools/toxiproxy.ts";
import { importFlags, path } from "../tools/imports.ts";
import { type Comparison, median } from "./compare.ts";
import { type BenchTable, KEYSPACE } from "./fetch_data.ts";
import { FetchStream } from "./fetch_rate.ts";

const ORDERINGS: Ordering[] = ["ordered", "batches", "samples"];
const BATCH = 128;
/** Toxiproxy keeps 32 MiB in flight on a connection: several carry what the server gives. */
const CONNECTIONS = 8;
/** A window has found its size after the warm-up. */
const WARM_UP_MS = 2_500;
/** What has become complete while the other side had its turn is taken before a run. */
const SETTLE_MS = 500;
/** Many round trips, or it tells where in one a run began. */
const TIME_MS = 2_000;
const RUNS = 5;

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

/** They take turns, as the server does not stay as fast as it is. */
async function compareStreams(
  name: string,
  table: BenchTable,
  ordering: Ordering,
  ours: CassandraSource,
  theirs: CassandraSource,
  peer: string,
): Promise<Comparison> {
  const options = { batch: BATCH, ordering };
  await using one = new FetchStream(ours, table.ids, options);
  await using other = new FetchStream(theirs, table.ids, options);
  const streams = [one, other];
  for (const stream of streams) await stream.run(WARM_UP_MS);
  const rates: number[][] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    for (const [i, stream] of streams.entries()) {
      await stream.run(SETTLE_MS);
      rates[i].push(Math.round(await stream.run(TIME_MS)));
    }
  }
  const told = streams.map(({ choice }, i) =>
    `${median(rates[i])} images/s (${choice.batches} batches ahead)`
  );
  const ratio = median(rates[0]) / median(rates[1]);
  console.error(
    `${table.name}, ${ordering}, ${name}: ${told[0]}, ${peer}: ${told[1]}, ratio ${
      ratio.toFixed(2)
    }`,
  );
  return { ratio, ours: rates[0], theirs: rates[1], unit: "images/s", peer };
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
    comparisons.push(await compareStreams("150 ms", table, ordering, away, close, "20 ms"));
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
    const peer = "undisturbed";
    found.set(ordering, await compareStreams("stragglers", table, ordering, late, prompt, peer));
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
