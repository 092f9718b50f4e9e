/**
 * Faults of a real server and of the network before it: every id of an epoch comes once, or as a
 * typed error, in a stated time. Each test prints a line of the table in docs/reliability.md.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { startCassandra } from "../../tools/cassandra/server.ts";
import type { Proxy } from "../../tools/toxiproxy.ts";
import { CassandraWriter } from "../../src/dataset/cassandra_writer.ts";
import { IngestError } from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import type { Ordering } from "../../src/pipeline/fetch_window.ts";
import { CassandraSource } from "../../src/source/cassandra.ts";
import type { CassandraOptions } from "../../src/source/cassandra_options.ts";
import { runEpoch } from "./epoch.ts";
import { lackingNative } from "./native.ts";
import { ownServer, testProxy, testServer } from "./server.ts";
import { connect, createTable, KEYSPACE, putRows, type TestClient } from "./tables.ts";

/** One server that may be killed, with a limit that lets 64 MiB through. */
const SERVER = { port: 9145, heapMiB: 1536, maxMutationMiB: 96, user: Deno.pid };
const { server, own, lacking } = await ownServer(SERVER);
const ordinary = await testServer();
const { toxiproxy, lacking: noProxy } = await testProxy(lacking);
const noNative = await lackingNative();

const COUNT = 4_000;
const LENGTH = 8_000;
const BATCH = 64;
/** Rows of a table of a fault's own. */
const OWN = 1_000;
const ids = IdList.from(Array.from({ length: COUNT }, () => crypto.randomUUID()));
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

let filled: Promise<void> | undefined;
async function fill(table: string, list: IdList): Promise<void> {
  await using client = await connect(server!);
  await createTable(client, table);
  const rows = [...list].map((id) => ({ id, data: blobOf(id), label: 1, mask: null }));
  await putRows(client, table, rows);
}

/** A blob that tells which id it belongs to. */
function blobOf(id: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LENGTH);
  new TextEncoder().encodeInto(id, bytes);
  return bytes;
}

interface Fault {
  name: string;
  /** What the table says that the user sees. */
  seen: string;
  /** The epoch ends within this time. */
  limit: number;
  options?: Partial<CassandraOptions>;
  /** Ids of its own, which it may delete; the epoch waits until it has struck. */
  rows?: number;
  /** Happens after some batches. */
  strike(proxy: Proxy, table: string, list: IdList): Promise<void>;
  /** How many samples may be errors, and of which class. */
  errors?: { count: [number, number]; codes: string[] };
}

const faults: Fault[] = [
  {
    name: "connections reset in the middle of a batch",
    seen: "a pause",
    limit: 20_000,
    async strike(proxy) {
      await proxy.add({ type: "reset_peer", attributes: { timeout: 0 } });
      await pause(500);
      await proxy.heal();
    },
  },
  {
    name: "server killed and started again",
    seen: "a pause",
    limit: 120_000,
    options: { retries: 12 },
    async strike() {
      Deno.kill((await startCassandra(SERVER)).pid, "SIGKILL");
      await pause(1_000);
      await startCassandra(SERVER);
    },
  },
  {
    name: "stall of 2.5 s, longer than the request timeout of 1 s",
    seen: "a pause",
    limit: 20_000,
    options: { requestTimeout: 1_000 },
    async strike(proxy) {
      await proxy.add({ type: "timeout", attributes: { timeout: 0 } });
      await pause(2_500);
      await proxy.heal();
    },
  },
  {
    name: "bandwidth collapse to 100 KB/s for 3 s",
    seen: "slow batches",
    limit: 30_000,
    options: { requestTimeout: 2_000 },
    async strike(proxy) {
      await proxy.add({ type: "bandwidth", attributes: { rate: 100 } });
      await pause(3_000);
      await proxy.heal();
    },
  },
  {
    name: "server out of reach for good, 2 retries, timeout 500 ms",
    seen: "a typed error for each sample that is left",
    limit: 20_000,
    options: { requestTimeout: 500, retries: 2, backoff: 50 },
    async strike(proxy) {
      await proxy.add({ type: "timeout", attributes: { timeout: 0 } });
    },
    rows: OWN,
    errors: { count: [1, OWN], codes: ["FETCH_TIMEOUT", "FETCH"] },
  },
  {
    name: "rows deleted during the epoch",
    seen: "MissingSampleError for each of them",
    limit: 20_000,
    rows: OWN,
    async strike(_proxy, table, list) {
      await using client = await connect(server!);
      for (let i = 900; i < 910; i++) await remove(client, table, list.at(i));
    },
    errors: { count: [10, 10], codes: ["MISSING_SAMPLE"] },
  },
  {
    name: "table truncated during the epoch",
    seen: "MissingSampleError for each sample that is left",
    limit: 30_000,
    rows: OWN,
    async strike(_proxy, table) {
      await using client = await connect(server!);
      await client.run(`TRUNCATE ${table}`);
    },
    errors: { count: [1, OWN], codes: ["MISSING_SAMPLE"] },
  },
];

async function remove(client: TestClient, table: string, id: string): Promise<void> {
  await client.run(`DELETE FROM ${table} WHERE patch_id = ?`, [id]);
}

const ways: ["native" | "js", Ordering][] = [["native", "samples"], ["js", "ordered"]];

for (const [driver, ordering] of ways) {
  const test = (what: string, why: string | undefined, fn: () => Promise<void>) => {
    const name = `cassandra, ${driver} driver, ${ordering}: ${what}`;
    const ignore = notRun(name, why ?? (driver === "native" ? noNative : undefined));
    // The proxy outlives a test.
    Deno.test({ name, ignore, fn, sanitizeOps: false, sanitizeResources: false });
  };

  for (const fault of faults) {
    test(fault.name, noProxy, async () => {
      filled ??= fill(`${KEYSPACE}.faults`, ids);
      await filled;
      let [table, list] = [`${KEYSPACE}.faults`, ids];
      if (fault.rows) {
        list = IdList.from(Array.from({ length: fault.rows }, () => crypto.randomUUID()));
        table = `${KEYSPACE}.faults_own`;
        await fill(table, list);
      }
      const proxy = await toxiproxy!.proxy(`127.0.0.1:${own!.port}`);
      await using source = await CassandraSource.open({
        contactPoints: ["127.0.0.1"],
        port: proxy.port,
        table,
        driver,
        ...fault.options,
      });
      const epoch = await runEpoch(source, list, {
        batch: BATCH,
        ordering,
        check: (id, blob) => assertEquals(new TextDecoder().decode(blob.subarray(0, 36)), id),
        strikeAfter: 4,
        strike: () => fault.strike(proxy, table, list),
        wait: fault.rows !== undefined,
      });
      const { lost, doubled, errors, milliseconds, gap, retries } = epoch;
      // deno-fmt-ignore
      console.log(`| ${fault.name} | ${driver}, ${ordering} | ${fault.seen} | ${
        (milliseconds / 1000).toFixed(1)} | ${(gap / 1000).toFixed(1)} | ${retries} | ${lost} | ${doubled} |`);
      assertEquals([lost, doubled], [0, 0]);
      assert(milliseconds < fault.limit, `it took ${milliseconds} ms`);
      const [least, most] = fault.errors?.count ?? [0, 0];
      assert(errors.length >= least && errors.length <= most, `${errors.length} errors`);
      for (const error of errors) {
        assert(fault.errors!.codes.includes(error.code), `${error}`);
      }
    });
  }
}

for (const driver of ["native", "js"] as const) {
  const test = (what: string, fn: () => Promise<void>) => {
    const name = `cassandra, ${driver} driver: ${what}`;
    Deno.test({
      name,
      ignore: notRun(name, lacking ?? (driver === "native" ? noNative : undefined)),
      fn,
    });
  };

  test("one dead host of two contact points costs nothing but time", async () => {
    filled ??= fill(`${KEYSPACE}.faults`, ids);
    await filled;
    for (const dead of ["first", "second"]) {
      const contactPoints = ["127.0.0.1", "127.0.0.9"];
      if (dead === "first") contactPoints.reverse();
      const begin = performance.now();
      await using source = await CassandraSource.open({
        contactPoints,
        port: own!.port,
        table: `${KEYSPACE}.faults`,
        driver,
      });
      const opened = performance.now() - begin;
      const epoch = await runEpoch(source, ids, { batch: BATCH, ordering: "samples" });
      assertEquals([epoch.lost, epoch.doubled, epoch.errors.length], [0, 0, 0]);
      assert(opened < 10_000, `it took ${opened} ms to open`);
      // deno-fmt-ignore
      console.log(`| the ${dead} of two contact points dead | ${driver}, samples | nothing | ${
        ((performance.now() - begin) / 1000).toFixed(1)} | ${(opened / 1000).toFixed(1)} | ${epoch.retries} | 0 | 0 |`);
    }
  });

  test("a blob of 64 MiB arrives among small ones", async () => {
    const table = `${KEYSPACE}.huge`;
    await using client = await connect(server!);
    await createTable(client, table);
    const huge = new Uint8Array(64 << 20);
    for (let at = 0; at < huge.length; at += 4096) huge[at] = at >> 12;
    const small = Array.from({ length: 63 }, () => crypto.randomUUID());
    const id = crypto.randomUUID();
    await putRows(client, table, [
      { id, data: huge, label: 9, mask: null },
      ...small.map((each) => ({ id: each, data: blobOf(each), label: 1, mask: null })),
    ]);
    await using source = await CassandraSource.open({
      ...server!,
      table,
      driver,
      requestTimeout: 30_000,
    });
    const list = IdList.from([...small.slice(0, 20), id, ...small.slice(20)]);
    const epoch = await runEpoch(source, list, {
      batch: 16,
      ordering: "samples",
      check(each, blob) {
        if (each !== id) assertEquals(new TextDecoder().decode(blob.subarray(0, 36)), each);
        else {
          assertEquals(blob.length, huge.length);
          for (let at = 0; at < huge.length; at += 4096) {
            if (blob[at] !== huge[at]) throw new Error(`byte ${at} differs`);
          }
        }
      },
    });
    assertEquals([epoch.lost, epoch.doubled, epoch.errors.length], [0, 0, 0]);
    // deno-fmt-ignore
    console.log(`| a blob of 64 MiB among small ones | ${driver}, samples | nothing | ${
      (epoch.milliseconds / 1000).toFixed(1)} | ${(epoch.gap / 1000).toFixed(1)} | ${epoch.retries} | 0 | 0 |`);
  });
}

const overLimit = "a blob over the server's mutation limit is an IngestError";
Deno.test({
  name: overLimit,
  ignore: notRun(overLimit, ordinary.lacking),
  async fn() {
    const keyspace = "cassette_test_limit";
    const { contactPoints, port } = ordinary.server!;
    await using writer = await CassandraWriter.open({ contactPoints, port, keyspace });
    await writer.createTables();
    const record = {
      id: crypto.getRandomValues(new Uint8Array(16)),
      path: "huge.jpg",
      className: "huge",
      label: 0,
      data: new Uint8Array(24 << 20),
    };
    const error = await assertRejects(async () => {
      await writer.write(record as unknown as Parameters<typeof writer.write>[0]);
      await writer.flush();
    }, IngestError);
    assert(
      /huge\.jpg|[0-9a-f-]{36}/.test(error.message) && /25165824/.test(error.message),
      error.message,
    );
    console.log(`| blob over the mutation limit at ingest | writer | ${error.name} | | | | | |`);
  },
});
