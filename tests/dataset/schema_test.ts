import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import {
  cassandraSchema,
  type DatasetSchema,
  ingestFolder,
  listSqlite,
  SchemaError,
  sqliteSchema,
  SqliteSource,
  SqliteWriter,
  UsageError,
  verifySqlite,
} from "../../mod.ts";
import { pictureFolder } from "./pictures.ts";
import { tempFolder } from "../../tools/temp.ts";

const OWN: DatasetSchema = {
  dataTable: "data_224",
  metadataTable: "metadata_224",
  idColumn: "patch_id",
  metadataIdColumn: "uid",
  labelColumn: "class_number",
  metadataLabelColumn: "Or",
  columns: { patient: "text", 'od"d': "int" },
  partitionBy: ["patient"],
};

Deno.test("the CQL names what the schema names, without compression for blobs", () => {
  assertEquals(cassandraSchema(OWN, "ks", { "dc'1": 3, dc2: 2 }), [
    `CREATE KEYSPACE IF NOT EXISTS "ks" WITH replication = {'class': 'NetworkTopologyStrategy', 'dc''1': 3, 'dc2': 2}`,
    `CREATE TABLE IF NOT EXISTS "ks"."data_224" ("patch_id" uuid, "class_number" int, "data" blob, PRIMARY KEY ("patch_id")) WITH compression = {'enabled': 'false'} AND compaction = {'class': 'SizeTieredCompactionStrategy'}`,
    `CREATE TABLE IF NOT EXISTS "ks"."metadata_224" ("uid" uuid, "path" text, "class" text, "bytes" int, "hash" blob, "origin" blob, "Or" int, "patient" text, "od""d" int, PRIMARY KEY (("patient"), "uid")) WITH compaction = {'class': 'SizeTieredCompactionStrategy'}`,
    `CREATE TABLE IF NOT EXISTS "ks"."metadata_224_classes" ("name" text PRIMARY KEY, "classes" text)`,
  ]);
});

Deno.test("the SQL is taken by SQLite, whatever the label type", () => {
  for (const labelType of ["int", "blob", "none"] as const) {
    const database = new DatabaseSync(":memory:");
    for (let round = 0; round < 2; round++) {
      for (const statement of sqliteSchema({ ...OWN, labelType })) database.exec(statement);
    }
    const columns = (table: string) =>
      database.prepare("SELECT name FROM pragma_table_info(?)").all(table).map((row) => row.name);
    assertEquals(columns("data_224").includes("class_number"), labelType !== "none");
    assertEquals(columns("metadata_224").includes("Or"), labelType === "int");
    database.close();
  }
});

Deno.test("tables in SQLite that another schema has made are told before the first row", async () => {
  const cases: [string, DatasetSchema, string][] = [
    ["CREATE TABLE data (id BLOB PRIMARY KEY, data BLOB)", {}, 'column "label" must be there'],
    ["CREATE TABLE metadata (id BLOB PRIMARY KEY)", {}, 'column "path" must be there'],
    [
      "CREATE TABLE data (id BLOB, label INTEGER, data BLOB)",
      {},
      'primary key must be "id": received none',
    ],
    [
      sqliteSchema({})[1],
      { columns: { patient: "text" }, partitionBy: ["patient"] },
      'column "patient" must be there',
    ],
  ];
  for (const [sql, schema, message] of cases) {
    const path = join(tempFolder(), "set.sqlite");
    new DatabaseSync(path).exec(sql);
    await using writer = new SqliteWriter(path, schema);
    await assertRejects(() => writer.createTables(), SchemaError, message);
  }
});

Deno.test("a schema whose names meet or are unknown is refused", () => {
  const cases: [DatasetSchema, string][] = [
    [{ dataTable: "a", metadataTable: "a" }, "metadataTable"],
    [{ idColumn: "x", dataColumn: "X" }, "dataTable"],
    [{ columns: { hash: "text" } }, "metadataTable"],
    [{ columns: { a: "blob" as "text" } }, "columns.a"],
    [{ columns: { a: "text" }, partitionBy: ["b"] }, "partitionBy"],
    [{ labelType: "mask" as "blob" }, "labelType"],
    [{ idColumn: "" }, "idColumn"],
    [{ columns: { "": "text" } }, "metadataTable"],
    [{ dataColum: "x" } as DatasetSchema, "dataColum"],
  ];
  for (const [schema, option] of cases) {
    assertEquals(assertThrows(() => sqliteSchema(schema), UsageError).option, option);
  }
  assertThrows(() => cassandraSchema({}, "ks", 0), UsageError, "replication");
});

Deno.test("tables with names of one's own are filled, listed, verified and fetched from", async () => {
  const dir = await pictureFolder(6);
  const path = join(dir, "own.sqlite");
  const schema = { ...OWN, columns: { patient: "text" } } as const;
  {
    await using writer = new SqliteWriter(path, { ...schema, partitionBy: ["patient"] });
    const report = await ingestFolder(dir, writer, { pathColumns: /0(?<patient>\d)\.jpg$/ });
    assertEquals([report.written, report.rejectedCount], [6, 0]);
  }
  const list = listSqlite(path, {
    table: "metadata_224",
    idColumn: "uid",
    labelColumn: "Or",
    columns: ["patient"],
    where: "patient < '4'",
  });
  assertEquals([...list.columns.get("patient")!].sort(), ["0", "1", "2", "3"]);
  const report = verifySqlite(path, schema);
  assertEquals([report.metadataRows, report.dataRows, report.missing], [6, 6, 0]);
  await using source = await SqliteSource.open({
    path,
    table: "data_224",
    idColumn: "patch_id",
    labelColumn: "class_number",
  });
  using batch = await source.fetch(list.ids);
  assertEquals([0, 1, 2, 3].map((i) => batch.label(i)), [...list.labels]);
});
