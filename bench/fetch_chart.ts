/**
 * The rate of fetching by the round trip to the database, for each ordering and driver, drawn into
 * `docs/images/fetch_latency.svg`: blobs of about 10 KB in batches of 128, `prefetch: "auto"`.
 *
 * Run it by `deno task bench fetch_chart`.
 */
import { CassandraSource } from "../src/source/cassandra.ts";
import type { Ordering } from "../src/pipeline/fetch_window.ts";
import { lineChart, type Point } from "../tools/chart.ts";
import { path } from "../tools/imports.ts";
import { startToxiproxy } from "../tools/toxiproxy.ts";
import { benchDatabase, KEYSPACE } from "./fetch_data.ts";
import { FetchStream } from "./fetch_rate.ts";

const ROUND_TRIPS = [0, 20, 50, 100, 150];
const DRIVERS = ["native", "js"] as const;
const ORDERINGS: Ordering[] = ["ordered", "batches", "samples"];
const WARM_UP_MS = 2_000;
const TIME_MS = 1_500;
/** The server's code is compiled while it runs. */
const SERVER_WARM_UP_MS = 25_000;
const BATCH = 128;
/** Toxiproxy keeps 32 MiB in flight on a connection: several carry what the server gives. */
const CONNECTIONS = 8;

await using database = await benchDatabase();
await using toxiproxy = await startToxiproxy(console.error);
const { server, tables: [{ name, ids }] } = database;
const points: Point[] = [];
for (const roundTrip of ROUND_TRIPS) {
  const proxy = await toxiproxy.proxy(`${server.contactPoints[0]}:${server.port}`);
  if (roundTrip > 0) await proxy.add({ type: "latency", attributes: { latency: roundTrip } });
  for (const driver of DRIVERS) {
    await using source = await CassandraSource.open({
      contactPoints: ["127.0.0.1"],
      port: proxy.port,
      table: `${KEYSPACE}.${name}`,
      driver,
      connectionsPerHost: CONNECTIONS,
    });
    for (const ordering of ORDERINGS) {
      await using stream = new FetchStream(source, ids, { batch: BATCH, ordering });
      await stream.run(points.length === 0 ? SERVER_WARM_UP_MS : WARM_UP_MS);
      const rate = Math.round(await stream.run(TIME_MS));
      const { batches } = stream.choice;
      console.error(`${roundTrip} ms, ${driver}, ${ordering}: ${rate} images/s, ${batches} ahead`);
      points.push({ x: roundTrip, y: rate, line: `${driver}, ${ordering}` });
    }
  }
}
const svg = await lineChart(points, {
  title: "Fetching blobs of 10 KB from far away",
  x: "round trip (ms)",
  y: "images/s",
});
await Deno.writeTextFile(path("docs/images/fetch_latency.svg"), svg);
console.log(JSON.stringify(points));
