/**
 * The rate of fetching by the round trip to the database, for each ordering and driver, drawn into
 * `docs/images/fetch_latency.svg`: blobs of about 10 KB and 110 KB in batches of 128, `prefetch:
 * "auto"`, medians of 3 runs.
 *
 * Run it by `deno task bench fetch_chart`.
 */
import { CassandraSource } from "../src/source/cassandra.ts";
import type { Ordering } from "../src/pipeline/fetch_window.ts";
import { lineChart, type Point } from "../tools/chart.ts";
import { path } from "../tools/imports.ts";
import { startToxiproxy } from "../tools/toxiproxy.ts";
import { median } from "./compare.ts";
import { benchDatabase, type BenchTable, KEYSPACE, SERVER_WARM_UP_MS } from "./fetch_data.ts";
import { FetchStream } from "./fetch_rate.ts";

const ROUND_TRIPS = [0, 20, 50, 100, 150];
/** That which asks less of the server first, while it gets faster. */
const DRIVERS = ["js", "native"] as const;
const ORDERINGS: Ordering[] = ["ordered", "batches", "samples"];
const WARM_UP_MS = 2_500;
/** What has become complete while others had their turn is taken before a run. */
const SETTLE_MS = 500;
const TIME_MS = 800;
const RUNS = 3;
const BATCH = 128;
/** Toxiproxy keeps 32 MiB in flight on a connection: several carry what the server gives. */
const CONNECTIONS = 8;

await using database = await benchDatabase();
await using toxiproxy = await startToxiproxy(console.error);
const { server, tables } = database;
const points: Point[] = [];
for (const table of tables) {
  {
    const place = { ...server, table: `${KEYSPACE}.${table.name}`, driver: "native" } as const;
    await using source = await CassandraSource.open(place);
    await using stream = new FetchStream(source, table.ids, { batch: BATCH, ordering: "batches" });
    await stream.run(SERVER_WARM_UP_MS[table.name]);
  }
  const ports: number[] = [];
  for (const latency of ROUND_TRIPS) {
    const proxy = await toxiproxy.proxy(`${server.contactPoints[0]}:${server.port}`);
    if (latency > 0) await proxy.add({ type: "latency", attributes: { latency } });
    ports.push(proxy.port);
  }
  for (const driver of DRIVERS) {
    await using stack = new AsyncDisposableStack();
    const sources: CassandraSource[] = [];
    for (const port of ports) {
      const source = await CassandraSource.open({
        contactPoints: ["127.0.0.1"],
        port,
        table: `${KEYSPACE}.${table.name}`,
        driver,
        connectionsPerHost: CONNECTIONS,
      });
      sources.push(stack.use(source));
    }
    for (const ordering of ORDERINGS) {
      const rates = await measure(sources, table, ordering);
      const line = `${driver}, ${ordering}`;
      console.error(`${table.name}, ${line}: ${rates.join(", ")} images/s`);
      const panel = `blobs of ${Math.round(table.bytes / 1000)} KB`;
      points.push(...rates.map((y, i) => ({ x: ROUND_TRIPS[i], y, line, group: ordering, panel })));
    }
  }
}
const nativeFirst = points.toSorted((a, b) => b.line.localeCompare(a.line));
const svg = await lineChart(nativeFirst, {
  title: "Fetching from far away",
  x: "round trip (ms)",
  y: "images/s",
});
await Deno.writeTextFile(path("docs/images/fetch_latency.svg"), svg);
console.log(JSON.stringify(points));

/** The rate of each source; they take turns, as the server does not stay as fast as it is. */
async function measure(
  sources: readonly CassandraSource[],
  { ids }: BenchTable,
  ordering: Ordering,
): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const streams = sources.map((source) =>
    stack.use(new FetchStream(source, ids, { batch: BATCH, ordering }))
  );
  for (const stream of streams) await stream.run(WARM_UP_MS);
  const rates: number[][] = streams.map(() => []);
  for (let run = 0; run < RUNS; run++) {
    for (const [i, stream] of streams.entries()) {
      await stream.run(SETTLE_MS);
      rates[i].push(Math.round(await stream.run(TIME_MS)));
    }
  }
  return rates.map(median);
}
