/** A database that is far away, and how much memory a window of batches takes. */
import { assert } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { IdList } from "../../src/ids.ts";
import { FetchWindow, type Ordering } from "../../src/pipeline/fetch_window.ts";
import { PrefetchWindow } from "../../src/pipeline/prefetch.ts";
import { CassandraSource } from "../../src/source/cassandra.ts";
import { jobs } from "./epoch.ts";
import { lackingNative } from "./native.ts";
import { testProxy, testServer } from "./server.ts";
import { connect, createTable, KEYSPACE, putRows } from "./tables.ts";

const { server, lacking } = await testServer();
const { toxiproxy, lacking: noProxy } = await testProxy(lacking);
const noNative = await lackingNative();

const TABLE = `${KEYSPACE}.far`;
const LENGTH = 110_000;
const COUNT = 512;
const BATCH = 64;
const ROUND_TRIP_MS = 150;
const WINDOW = 8;
const ids = IdList.from(Array.from({ length: COUNT }, () => crypto.randomUUID()));

let filled: Promise<void> | undefined;
async function fill(): Promise<void> {
  await using client = await connect(server!);
  await createTable(client, TABLE);
  const data = crypto.getRandomValues(new Uint8Array(65_536));
  const blob = new Uint8Array(LENGTH);
  for (let at = 0; at < LENGTH; at += data.length) blob.set(data.subarray(0, LENGTH - at), at);
  await putRows(client, TABLE, [...ids].map((id) => ({ id, data: blob, label: 1, mask: null })));
}

for (const driver of ["native", "js"] as const) {
  const test = (what: string, why: string | undefined, fn: () => Promise<void>) => {
    const name = `cassandra, ${driver} driver: ${what}`;
    const ignore = notRun(name, why ?? (driver === "native" ? noNative : undefined));
    // The proxy outlives a test.
    Deno.test({ name, ignore, fn, sanitizeOps: false, sanitizeResources: false });
  };

  test("the first batch takes two round trips and its transfer", noProxy, async () => {
    await (filled ??= fill());
    const proxy = await toxiproxy!.proxy(`${server!.contactPoints[0]}:${server!.port}`);
    const first = async () => {
      await using source = await CassandraSource.open({
        contactPoints: ["127.0.0.1"],
        port: proxy.port,
        table: TABLE,
        driver,
      });
      const begin = performance.now();
      const window = new PrefetchWindow("auto", 4);
      const fetches = new FetchWindow(source, jobs(ids, BATCH), window, "ordered");
      using blobs = (await fetches.next())!.blobs!;
      const time = performance.now() - begin;
      assert(blobs.failures === 0);
      await fetches.stop();
      return time;
    };
    // The least of some, as others work on the machine too.
    const near = Math.min(await first(), await first(), await first());
    await proxy.add({ type: "latency", attributes: { latency: ROUND_TRIP_MS } });
    const limit = 2 * ROUND_TRIP_MS + near;
    let far = Infinity;
    for (let i = 0; i < 3 || i < 10 && far > limit; i++) far = Math.min(far, await first());
    console.log(`${driver}: ${Math.round(near)} ms near, ${Math.round(far)} ms far away`);
    assert(far >= ROUND_TRIP_MS && far <= limit, `${far} ms, ${near} ms near`);
  });
}

for (const ordering of ["ordered", "samples"] as Ordering[]) {
  const name = `cassandra, native driver, ${ordering}: memory is bounded by the window`;
  const fn = async () => {
    await (filled ??= fill());
    await using source = await CassandraSource.open({ ...server!, table: TABLE, driver: "native" });
    /** Fetches an epoch; returns the most memory that the process had. */
    const epoch = async (batches: number) => {
      const window = new PrefetchWindow(batches, 0);
      const fetches = new FetchWindow(source, jobs(ids, BATCH), window, ordering);
      let most = 0;
      for (let next = await fetches.next(); next; next = await fetches.next()) {
        using blobs = next.blobs!;
        assert(blobs.failures === 0 && blobs.bytes.length > 0);
        most = Math.max(most, Deno.memoryUsage().rss);
      }
      return most;
    };
    const before = await epoch(1);
    let most = 0;
    for (let i = 0; i < 6; i++) most = Math.max(most, await epoch(WINDOW));
    const [grown, window] = [most - before, WINDOW * BATCH * LENGTH];
    const told = `${grown >> 20} MiB more for a window of ${window >> 20} MiB`;
    console.log(`${ordering}: ${told}`);
    assert(grown <= window * 1.3 + 50e6, told);
  };
  Deno.test({ name, ignore: notRun(name, lacking ?? noNative), fn });
}
