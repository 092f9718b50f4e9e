import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { drawRecords } from "../../src/cli/drawings.ts";
import {
  CassandraSource,
  CassandraWriter,
  ConnectError,
  csvInput,
  type DatasetSchema,
  formatId,
  ingest,
  ingestFolder,
  listCassandra,
  Loader,
  parseId,
  pathId,
  randomResizedCrop,
  requestDevice,
  SchemaError,
  verifyCassandra,
} from "../../mod.ts";
import { notRun } from "../../tools/not_run.ts";
import { cassette } from "../cli/command.ts";
import { lackingNative } from "../source/native.ts";
import { pictureFolder } from "./pictures.ts";
import { testServer } from "../source/server.ts";
import { connect } from "../source/tables.ts";
import { tempFolder } from "../../tools/temp.ts";

const { server, lacking } = await testServer();
const KEYSPACE = "cassette_dataset";

async function dropKeyspace(name: string): Promise<void> {
  await using client = await connect(server!);
  await client.run(`DROP KEYSPACE IF EXISTS ${name}`);
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: notRun(name, lacking), fn });
}

test("what Cassandra has of a path is told as replaced, and a path twice in a run as left out", async () => {
  const dir = tempFolder();
  const [one, two] = drawRecords(2);
  await dropKeyspace(KEYSPACE);
  const run = async (data: Uint8Array, existing?: "refuse" | "replace") => {
    await Deno.writeFile(join(dir, "1.jpg"), data);
    await Deno.writeTextFile(join(dir, "m.csv"), "path,label\n1.jpg,0\n1.jpg,1\n");
    await using writer = await CassandraWriter.open({ ...server!, keyspace: KEYSPACE });
    const report = await ingest(await csvInput(join(dir, "m.csv")), writer, { existing });
    const { written, replaced, unchanged, rejected } = report;
    assertMatch(
      rejected.at(-1)!.reason.message,
      /m\.csv: line 3 as .* from .*m\.csv: line 2 already/,
    );
    return [written, replaced, unchanged, rejected.length];
  };
  assertEquals(await run(one.data), [1, 0, 0, 1]);
  assertEquals(await run(one.data), [0, 0, 1, 1]);
  assertEquals(await run(two.data, "refuse"), [0, 0, 0, 2]);
  assertEquals(await run(two.data), [0, 1, 0, 1]);
  assertEquals(await run(two.data, "replace"), [0, 1, 0, 1]);
});

test("a folder goes into Cassandra, twice without doubles, and is listed and loaded", async () => {
  const dir = tempFolder();
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

test("labels of five types of integers are listed by their values, all else is refused", async () => {
  await dropKeyspace(KEYSPACE);
  await using client = await connect(server!);
  await client.run(
    `CREATE KEYSPACE ${KEYSPACE} WITH replication = ` +
      "{'class': 'SimpleStrategy', 'replication_factor': 1}",
  );
  const cases: [type: string, value: string, label: number | undefined][] = [
    ["int", "-2147483648", -2147483648],
    ["smallint", "-300", -300],
    ["tinyint", "-7", -7],
    ["bigint", "2147483647", 2147483647],
    ["bigint", "4294967303", undefined],
    ["bigint", "9223372036854775807", undefined],
    ["varint", "5", 5],
    ["varint", "4294967303", undefined],
    ["double", "1", undefined],
    ["decimal", "1", undefined],
    ["boolean", "true", undefined],
    ["text", "'7'", undefined],
  ];
  for (const [i, [type, value, label]] of cases.entries()) {
    const table = `${KEYSPACE}.labels_${i}`;
    const id = crypto.randomUUID();
    await client.run(`CREATE TABLE ${table} (id uuid PRIMARY KEY, label ${type}, other ${type})`);
    await client.run(`INSERT INTO ${table} (id, label, other) VALUES (${id}, ${value}, ${value})`);
    // An inet, which plain connections do not read, has the driver read the table.
    await client.run(`ALTER TABLE ${table} ADD address inet`);
    for (const columns of [["other"], ["other", "address"]]) {
      const read = () => listCassandra({ ...server!, table, columns });
      if (label === undefined) await assertRejects(read, SchemaError, "must be of 32-bit integers");
      else assertEquals([...(await read()).labels], [label], `${type} ${value}`);
      const none = await listCassandra({ ...server!, table, columns, labelType: "none" });
      assertEquals([...none.labels], [-1]);
      const other = value.startsWith("'") ? value.slice(1, -1) : value;
      const shown = none.columns.get("other")!.at(0);
      assertEquals(String(shown), other, type);
      const isExact = Number.isSafeInteger(Number(value));
      if (/int$/.test(type)) assertEquals(typeof shown, isExact ? "number" : "string");
    }
  }
});

test("ingests that run at once agree on the numbers of classes, and later ones keep them", async () => {
  await dropKeyspace(KEYSPACE);
  const place = { ...server!, keyspace: KEYSPACE };
  const folderOf = async (...classes: string[]) => {
    const folder = tempFolder();
    for (const name of classes) {
      await Deno.mkdir(join(folder, name));
      const path = join(folder, name, `${crypto.randomUUID()}.jpg`);
      await Deno.writeFile(path, Uint8Array.of(0xff, 0xd8, 0xff, 0xd9));
    }
    return folder;
  };
  const write = async (classes: string[], options = {}) => {
    await using writer = await CassandraWriter.open(place);
    return await ingestFolder(await folderOf(...classes), writer, options);
  };
  await using first = await CassandraWriter.open(place);
  await first.createTables();
  const names = ["ant", "bee", "cow", "dog", "emu", "fox"];
  const reports = await Promise.all(names.map((_, i) => write(names.filter((_, k) => k !== i))));
  assertEquals(reports.map(({ written }) => written), [5, 5, 5, 5, 5, 5]);
  const metadata = { ...server!, table: `${KEYSPACE}.metadata` };
  const list = await listCassandra(metadata);
  assertEquals([...list.classes.values()].sort(), names);
  assertEquals([...list.classes.keys()], [0, 1, 2, 3, 4, 5]);
  // The data table has no names of its own.
  const data = { ...server!, table: `${KEYSPACE}.data`, classTable: "metadata_classes" };
  assertEquals([...(await listCassandra(data)).classes], [...list.classes]);
  const later = await write(["aardvark", "fox"]);
  assertEquals(later.classes, [...list.classes.values(), "aardvark"]);
  const given = () => write(["fox"], { classes: [list.classes.get(0) === "fox" ? "ant" : "fox"] });
  const told = list.classes.get(0) === "fox" ? '"ant"' : '"fox"';
  await assertRejects(given, SchemaError, `class ${told} must have one number`);
  // Tables that an ingest before there were maps has made.
  await using client = await connect(server!);
  await client.run(`DROP TABLE ${KEYSPACE}.metadata_classes`);
  assertEquals((await write(["fox", "yak"])).classes, [...later.classes, "yak"]);
});

test("verify names samples that share a path", async () => {
  await dropKeyspace(KEYSPACE);
  const ids = ["1.jpg", "2.jpg", "1.jpg"].map((path) => ({ path, id: crypto.randomUUID() }));
  {
    await using writer = await CassandraWriter.open({ ...server!, keyspace: KEYSPACE });
    await writer.createTables();
    for (const { path, id } of ids) {
      const data = Uint8Array.of(1);
      await writer.write({ id: parseId(id), path, className: "a", label: 0, data });
    }
  }
  const faults: string[] = [];
  const report = await verifyCassandra({ ...server!, keyspace: KEYSPACE }, {
    onFault: ({ id, path, reason }) => faults.push(`${reason} ${path} ${id}`),
  });
  assertEquals([report.metadataRows, report.samePath], [3, 2]);
  assertEquals(faults.sort(), [ids[0], ids[2]].map(({ id }) => `same path 1.jpg ${id}`).sort());
  const target = ["--cassandra", server!.contactPoints.join(), "--port", `${server!.port}`];
  const command = await cassette(["verify", ...target, "--keyspace", KEYSPACE]);
  assertEquals([command.code, command.err.length], [1, 2]);
  assertStringIncludes(command.out, "0 doubled, 2 with the path of another; 3 data rows");
  const shown = await cassette(["show", ids[1].id, ...target, "--keyspace", KEYSPACE, "--json"]);
  const { path, label, bytes, hashIsEqual } = JSON.parse(shown.out);
  assertEquals([path, label, bytes, hashIsEqual], ["2.jpg", 0, 1, true]);
  const classes = await cassette(["inspect", ...target, "--keyspace", KEYSPACE, "--json"]);
  assertEquals(JSON.parse(classes.out).classes, []);
});

test("errors of samples name their paths, with either driver", async () => {
  await dropKeyspace(KEYSPACE);
  const device = await requestDevice();
  const names = ["a/1.jpg", "a/2.jpg"];
  {
    await using writer = await CassandraWriter.open({ ...server!, keyspace: KEYSPACE });
    await writer.createTables();
    for (const path of names) {
      const data = new TextEncoder().encode("no picture");
      await writer.write({ id: pathId(path), path, className: "a", label: 0, data });
    }
    // An epoch of which nothing is left is an error of its own.
    const [good] = drawRecords(1);
    await writer.write(good);
  }
  const drivers = await lackingNative() === undefined ? ["native", "js"] as const : ["js"] as const;
  for (const driver of drivers) {
    for (const metadataTable of ["metadata", "none"]) {
      const table = `${KEYSPACE}.data`;
      await using source = await CassandraSource.open({ ...server!, table, driver, metadataTable });
      const { ids } = await listCassandra({ ...server!, table });
      await using loader = new Loader({
        source,
        device,
        ids: [...ids, crypto.randomUUID()],
        batchSize: 4,
        augment: [randomResizedCrop(64)],
        onCorrupt: "skip",
        epochs: 1,
      });
      for await (using _ of loader);
      const paths = loader.stats().skipped.map(({ path }) => path);
      const expected = metadataTable === "none" ? [undefined, undefined] : names;
      assertEquals(paths.sort(), [...expected, undefined]);
    }
  }
  device.destroy();
});

test("the command fills and loads Cassandra", async () => {
  const target = ["--cassandra", server!.contactPoints.join(), "--port", `${server!.port}`];
  const out = tempFolder();
  await dropKeyspace("cassette_demo");
  const demo = await cassette(["demo", ...target, "--keyspace", "cassette_demo", "--out", out]);
  assertEquals([demo.code, demo.out.includes("every id once in each of 3 epochs: yes")], [0, true]);
  const again = await cassette(["demo", ...target, "--keyspace", "cassette_demo", "--out", out]);
  assertEquals([again.code, again.err.length], [1, 1]);
  assertStringIncludes(again.err[0], "holds samples already");
  const doctor = await cassette(["doctor", ...target, "--keyspace", "cassette_demo"]);
  assertEquals(doctor.code, 0);
});

test("tables of one's own are partitioned, filtered, listed from both, and verified", async () => {
  const keyspace = "cassette_dataset_own";
  await dropKeyspace(keyspace);
  const dir = await pictureFolder(30);
  const tables: DatasetSchema = {
    dataTable: "data_224",
    metadataTable: "metadata_224",
    idColumn: "patch_id",
    metadataIdColumn: "uid",
    labelColumn: "y",
    metadataLabelColumn: "number",
    columns: { patient: "text" },
    partitionBy: ["patient"],
  };
  for (let round = 0; round < 2; round++) {
    await using writer = await CassandraWriter.open({ ...server!, keyspace, tables });
    const report = await ingestFolder(dir, writer, { pathColumns: /(?<patient>\d)\.jpg$/ });
    const { written, unchanged } = report;
    assertEquals([written, unchanged], round === 0 ? [30, 0] : [0, 30]);
  }
  const metadata = { ...server!, table: `${keyspace}.metadata_224`, labelColumn: "number" };
  const all = await listCassandra({ ...metadata, columns: ["patient", "path"] });
  assertEquals(all.ids.length, 30);
  const data = { ...server!, table: `${keyspace}.data_224`, labelColumn: "y" };
  const fromData = await listCassandra(data);
  assertEquals([...fromData.ids], [...all.ids]);
  assertEquals([...fromData.labels], [...all.labels]);
  const one = await listCassandra({ ...metadata, where: "number = 1" });
  assertEquals(one.ids.length, all.labels.filter((label) => label === 1).length);
  for (
    const wrong of [{ idColumn: "patient" }, { labelColumn: "nope" }, { labelColumn: "patient" }]
  ) {
    const [column] = Object.values(wrong);
    await assertRejects(() => listCassandra({ ...metadata, ...wrong }), SchemaError, `"${column}"`);
  }
  const here = await listCassandra({
    ...metadata,
    columns: ["patient"],
    filter: ({ columns }) => columns[0] === "3",
  });
  assertEquals([...here.columns.get("patient")!], ["3", "3", "3"]);
  const place = { ...server!, keyspace, tables };
  const clean = await verifyCassandra(place);
  const { metadataRows, dataRows, missing, different, doubled } = clean;
  assertEquals([metadataRows, dataRows, missing, different, doubled], [30, 30, 0, 0, 0]);
  {
    await using client = await connect(server!);
    const [first, second] = [...all.ids];
    await client.run(`DELETE FROM ${keyspace}.data_224 WHERE patch_id = ${first}`);
    await client.run(`UPDATE ${keyspace}.data_224 SET data = 0xff WHERE patch_id = ${second}`);
    const faults: string[] = [];
    await verifyCassandra(place, { onFault: ({ id, reason }) => faults.push(`${id} ${reason}`) });
    assertEquals(faults.sort(), [`${first} missing`, `${second} different`].sort());
  }
  await assertRejects(() => listCassandra({ ...metadata, where: "no such" }), SchemaError, "such");
  const columns = () => listCassandra({ ...metadata, columns: ["hospital"] });
  await assertRejects(columns, SchemaError, '"hospital"');
});

test("a list is the same from the bytes of answers and from the driver, over many pages", async () => {
  const keyspace = "cassette_dataset_pages";
  await dropKeyspace(keyspace);
  await using writer = await CassandraWriter.open({ ...server!, keyspace });
  await writer.createTables();
  await using client = await connect(server!);
  const rows = 25_000;
  for (let i = 0; i < rows; i += 500) {
    await Promise.all(
      Array.from({ length: 500 }, (_, k) =>
        client.run(
          `INSERT INTO ${keyspace}.metadata (id, path, label, class) VALUES (?, ?, ?, ?)`,
          [
            formatId(pathId(`${i + k}`)),
            `é ${i + k}`,
            (i + k) % 7 ? (i + k) % 5 : null,
            `class ${(i + k) % 5}`,
          ],
        )),
    );
  }
  // A column of a type that is not read from bytes makes the driver read.
  await client.run(`ALTER TABLE ${keyspace}.metadata ADD odd inet`);
  const table = { ...server!, table: `${keyspace}.metadata`, concurrency: 1 };
  const bytes = await listCassandra({ ...table, columns: ["path"] });
  const driver = await listCassandra({ ...table, columns: ["path", "odd"] });
  assertEquals(bytes.ids.length, rows);
  assertEquals(driver.ids.bytes, bytes.ids.bytes);
  assertEquals(driver.labels, bytes.labels);
  assertEquals([...driver.classes], [...bytes.classes]);
  assertEquals([...driver.columns.get("path")!], [...bytes.columns.get("path")!]);
});

test("tables that another schema has made are told before the first row", async () => {
  const keyspace = "cassette_dataset_other";
  const dir = await pictureFolder(2);
  const cases: [string, DatasetSchema, string][] = [
    [
      "metadata (id uuid PRIMARY KEY, path text, class text, bytes int, hash blob, label int)",
      {},
      `${keyspace}.metadata as its column "origin" must be blob: received no such column`,
    ],
    [
      "data (id uuid PRIMARY KEY, label int, data blob)",
      { labelType: "blob" },
      `${keyspace}.data as its column "label" must be blob: received int`,
    ],
    [
      "data (id uuid, label int, data blob, PRIMARY KEY (id, label))",
      {},
      'primary key must be (("id")): received (("id"), "label"); name other tables',
    ],
  ];
  for (const [table, tables, message] of cases) {
    await dropKeyspace(keyspace);
    await using client = await connect(server!);
    await client.run(
      `CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await client.run(`CREATE TABLE ${keyspace}.${table}`);
    await using writer = await CassandraWriter.open({ ...server!, keyspace, tables });
    await assertRejects(() => ingestFolder(dir, writer), SchemaError, message);
  }
});

test("a record that the server refuses is left out, its neighbours are not", async () => {
  const keyspace = "cassette_dataset_large";
  await dropKeyspace(keyspace);
  // The server closes the connection of a request that is too large: others on it are sent again.
  const options = { ...server!, keyspace, retries: 2, backoff: 10 };
  await using writer = await CassandraWriter.open(options);
  await writer.createTables();
  const [small] = drawRecords(1);
  const large = { ...small, id: pathId("large"), path: "large", data: new Uint8Array(40 << 20) };
  const [first, second, third] = await Promise.allSettled([
    writer.write(small),
    writer.write(large),
    writer.write({ ...small, id: pathId("third"), path: "third" }),
  ]);
  assertEquals([first.status, second.status, third.status], ["fulfilled", "rejected", "fulfilled"]);
  assertEquals((second as PromiseRejectedResult).reason.sampleId, formatId(pathId("large")));
  const list = await listCassandra({ ...server!, table: `${keyspace}.metadata` });
  assertEquals(list.ids.length, 2);
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
