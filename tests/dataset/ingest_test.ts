import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { drawRecords } from "../../src/cli/drawings.ts";
import {
  ingestFolder,
  listFolder,
  listSqlite,
  SchemaError,
  SqliteSource,
  SqliteWriter,
  UsageError,
} from "../../mod.ts";
import { tempFolder } from "../../tools/temp.ts";
import { pictureFolder } from "./pictures.ts";

Deno.test("listFolder numbers classes in alphabetical order, nested folders belong to the first", async () => {
  const dir = await pictureFolder(4);
  await Deno.mkdir(join(dir, "disc/more/deep"), { recursive: true });
  await Deno.writeTextFile(join(dir, "disc/more/deep/x.PNG"), "");
  await Deno.writeTextFile(join(dir, "loose.jpeg"), "");
  const { entries, classes } = await listFolder(dir);
  assertEquals(classes, ["", "checks", "disc", "ring", "stripes"]);
  assertEquals(entries.find(({ path }) => path === "disc/more/deep/x.PNG")?.label, 2);
  assertEquals(entries.find(({ path }) => path === "loose.jpeg")?.label, 0);
});

Deno.test("listFolder refuses a folder that is not there or has no pictures", async () => {
  await assertRejects(() => listFolder("/no/such/folder"), UsageError, "readable folder");
  const dir = tempFolder();
  await assertRejects(() => listFolder(dir), UsageError, "received none");
});

Deno.test("others read what is stored of a set while it is written", async () => {
  const path = join(tempFolder(), "set.sqlite");
  await using writer = new SqliteWriter(path);
  await writer.createTables();
  for (const [i, record] of [...drawRecords(6)].entries()) {
    await writer.write(record);
    if (i < 2) await writer.flush();
  }
  assertEquals(listSqlite(path).ids.length, 2);
  await using source = await SqliteSource.open({ path });
  const { ids } = listSqlite(path);
  using before = await source.fetch(ids);
  assert(before.blob(0).length > 0 && before.blob(1).length > 0);
  await writer.flush();
  assertEquals(listSqlite(path).ids.length, 6);
});

Deno.test("an ingest that is aborted keeps what it wrote, and goes on with what is left", async () => {
  const dir = await pictureFolder(12);
  const path = join(dir, "set.sqlite");
  const controller = new AbortController();
  {
    await using writer = new SqliteWriter(path);
    await assertRejects(
      () =>
        ingestFolder(dir, writer, {
          signal: controller.signal,
          concurrency: 1,
          onProgress: ({ done }) => done === 5 && controller.abort(new Error("enough")),
        }),
      Error,
      "enough",
    );
  }
  assertEquals(listSqlite(path).ids.length, 5);
  await using writer = new SqliteWriter(path);
  const report = await ingestFolder(dir, writer);
  assertEquals([report.written, report.unchanged, report.rejected.length], [7, 5, 0]);
  assertEquals(listSqlite(path).ids.length, 12);
});

Deno.test("listSqlite names the table and the file that it cannot read", async () => {
  const dir = tempFolder();
  const path = join(dir, "set.sqlite");
  assertThrows(() => listSqlite(path), UsageError, path);
  {
    await using writer = new SqliteWriter(path);
    await writer.createTables();
  }
  assertEquals(listSqlite(path).ids.length, 0);
  assertThrows(() => listSqlite(path, "other"), SchemaError, '"other"');
  await Deno.writeTextFile(join(dir, "text"), "not a database, but long enough to be read as one");
  assertThrows(() => new SqliteWriter(join(dir, "text")), UsageError, "must be a SQLite database");
});

Deno.test("the list is in the order of the ids, whatever the order of the rows", async () => {
  const paths: string[] = [];
  for (const reverse of [false, true]) {
    const path = join(tempFolder(), "set.sqlite");
    await using writer = new SqliteWriter(path);
    await writer.createTables();
    const records = [...drawRecords(6)];
    for (const record of reverse ? records.reverse() : records) await writer.write(record);
    paths.push(path);
    await writer.flush();
  }
  const [a, b] = paths.map((path) => listSqlite(path));
  assertEquals(a.ids.bytes, b.ids.bytes);
  assertEquals(a.labels, b.labels);
  const ids = [...a.ids];
  assert(ids.every((id, i) => i === 0 || ids[i - 1] < id));
});
