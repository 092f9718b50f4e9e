import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { drawRecords } from "../../src/cli/drawings.ts";
import {
  CassandraSource,
  CassandraWriter,
  ConnectError,
  ingestFolder,
  listCassandra,
  Loader,
  randomResizedCrop,
  requestDevice,
  SchemaError,
} from "../../mod.ts";
import { notRun } from "../../tools/not_run.ts";
import { cassette } from "../cli/command.ts";
import { lackingNative } from "../source/native.ts";
import { testServer } from "../source/server.ts";
import { connect } from "../source/tables.ts";

const { server, lacking } = await testServer();
const KEYSPACE = "cassette_dataset";

async function dropKeyspace(name: string): Promise<void> {
  await using client = await connect(server!);
  await client.run(`DROP KEYSPACE IF EXISTS ${name}`);
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: notRun(name, lacking), fn });
}

test("a folder goes into Cassandra, twice without doubles, and is listed and loaded", async () => {
  const dir = await Deno.makeTempDir();
  for (const { path, data } of drawRecords(20)) {
    await Deno.mkdir(join(dir, path, ".."), { recursive: true });
    await Deno.writeFile(join(dir, path), data);
  }
  await dropKeyspace(KEYSPACE);
  for (let round = 0; round < 2; round++) {
    await using writer = await CassandraWriter.open({ ...server!, keyspace: KEYSPACE });
    const report = await ingestFolder(dir, writer);
    const { written, unchanged, rejectedCount } = report;
    assertEquals([written, unchanged, rejectedCount], [[20, 0, 0], [0, 20, 0]][round]);
  }
  const list = await listCassandra({ ...server!, table: `${KEYSPACE}.metadata` });
  assertEquals(list.ids.length, 20);
  assertEquals([...list.classes.values()].sort(), ["checks", "disc", "ring", "stripes"]);
  const device = await requestDevice();
  const drivers = await lackingNative() === undefined ? ["native", "js"] as const : ["js"] as const;
  for (const driver of drivers) {
    await using source = await CassandraSource.open({
      ...server!,
      table: `${KEYSPACE}.data`,
      driver,
    });
    await using loader = new Loader<Int32Array>({
      source,
      device,
      ids: list.ids,
      batchSize: 8,
      shuffle: true,
      epochs: 3,
      augment: [randomResizedCrop(64)],
    });
    const labels = new Map([...list.ids].map((id, i) => [id, list.labels[i]]));
    const seen: string[][] = [[], [], []];
    for await (using batch of loader) {
      [...batch.ids].forEach((id, i) => assertEquals(batch.labels[i], labels.get(id)));
      seen[batch.epoch].push(...batch.ids);
    }
    for (const ids of seen) assertEquals(ids.sort(), [...list.ids]);
  }
  device.destroy();
});

test("the command fills and loads Cassandra", async () => {
  const target = ["--cassandra", server!.contactPoints.join(), "--port", `${server!.port}`];
  const out = await Deno.makeTempDir();
  const demo = await cassette(["demo", ...target, "--keyspace", "cassette_demo", "--out", out]);
  assertEquals([demo.code, demo.out.includes("every id once in each of 3 epochs: yes")], [0, true]);
  const doctor = await cassette(["doctor", ...target, "--keyspace", "cassette_demo"]);
  assertEquals(doctor.code, 0);
});

test("what cannot be listed or reached is named", async () => {
  const nowhere = { contactPoints: ["127.0.0.1"], port: 1, connectTimeout: 500 };
  await assertRejects(
    () => CassandraWriter.open({ ...nowhere, keyspace: KEYSPACE }),
    ConnectError,
    "127.0.0.1",
  );
  await assertRejects(
    () => listCassandra({ ...server!, table: `${KEYSPACE}.nothing` }),
    SchemaError,
    `${KEYSPACE}.nothing`,
  );
});
