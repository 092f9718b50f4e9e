import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import {
  csvInput,
  type DatasetWriter,
  folderInput,
  FolderWriter,
  ingest,
  linesInput,
  listSqlite,
  SchemaError,
  SqliteWriter,
} from "../../mod.ts";
import { newClasses } from "../../src/dataset/class_map.ts";
import { readSqliteClasses } from "../../src/dataset/sqlite_classes.ts";
import { tempFolder } from "../../tools/temp.ts";

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);

/** Makes a folder of pictures of these classes. */
async function folderOf(...classes: string[]): Promise<string> {
  const folder = tempFolder();
  for (const name of classes) {
    const path = join(folder, name, `${name || "none"}-${crypto.randomUUID()}.jpg`);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, JPEG);
  }
  return folder;
}

function classesOf(path: string): Record<string, number> {
  using database = new DatabaseSync(path);
  return Object.fromEntries(readSqliteClasses(database, path, "metadata_classes"));
}

Deno.test("a later ingest keeps the numbers of classes, and numbers new ones after them", async () => {
  const path = join(tempFolder(), "set.sqlite");
  for (
    const [classes, expected] of [
      [["bear", "cat", "fox"], { bear: 0, cat: 1, fox: 2 }],
      [["cat", "fox"], { bear: 0, cat: 1, fox: 2 }],
      [["ant", "cow", "fox", "zebra"], { bear: 0, cat: 1, fox: 2, ant: 3, cow: 4, zebra: 5 }],
      [["", "ant"], { bear: 0, cat: 1, fox: 2, ant: 3, cow: 4, zebra: 5, "": 6 }],
    ] as const
  ) {
    await using writer = new SqliteWriter(path);
    const report = await ingest(await folderInput(await folderOf(...classes)), writer);
    assertEquals([report.written, report.rejectedCount], [classes.length, 0]);
    assertEquals(classesOf(path), expected);
    assertEquals(report.classes, Object.keys(expected));
  }
  const list = listSqlite(path);
  assertEquals(Object.fromEntries([...list.classes].map(([a, b]) => [b, a])), classesOf(path));
  // The data table has no names of its own.
  const ofData = { table: "data", classTable: "metadata_classes" };
  assertEquals([...listSqlite(path, ofData).classes], [...list.classes]);
  using database = new DatabaseSync(path);
  const rows = database.prepare(
    "SELECT m.class, m.label, d.label AS stored FROM metadata m JOIN data d USING (id)",
  ).all();
  assertEquals(rows.length, 11);
  for (const row of rows) {
    assertEquals([row.label, row.stored], Array(2).fill(classesOf(path)[String(row.class)]));
  }
});

Deno.test("a class that was given another number than it has is refused by name", async () => {
  const folder = tempFolder();
  const path = join(folder, "set.sqlite");
  const write = async (input: Parameters<typeof ingest>[0]) => {
    await using writer = new SqliteWriter(path);
    return await ingest(input, writer);
  };
  await write(await folderInput(await folderOf("cat", "fox")));
  const given = await folderInput(await folderOf("cat", "fox"), { classes: ["fox", "cat"] });
  await assertRejects(() => write(given), SchemaError, 'class "fox" must have one number');
  await Deno.writeFile(join(folder, "1.jpg"), JPEG);
  for (
    const [line, told] of [
      ["1.jpg,fox,0", 'class "fox" must have one number: received 1 and 0'],
      ["1.jpg,cow,1", 'number 1 must be of one class: received "fox" and "cow"'],
      ["1.jpg,fox,1", undefined],
      ["1.jpg,cow,7", undefined],
    ] as const
  ) {
    await Deno.writeTextFile(join(folder, "set.csv"), `path,class,label\n${line}\n`);
    const report = await write(await csvInput(join(folder, "set.csv")));
    assertEquals(report.rejectedCount, told === undefined ? 0 : 1);
    if (told) assert(report.rejected[0].reason.message.includes(told), line);
    const [, name, label] = line.split(",");
    const record = { path: `${name}${label}.jpg`, class: name, label: Number(label) };
    const text = JSON.stringify({ ...record, data: JPEG.toBase64() });
    const lines = linesInput(Readable.from([text]));
    assertEquals((await write(lines)).rejectedCount, told === undefined ? 0 : 1);
  }
  assertEquals(classesOf(path), { cat: 0, fox: 1, cow: 7 });
});

Deno.test("numbers that do not fit 32 bits are left out by each input, not wrapped", async () => {
  const folder = tempFolder();
  await Deno.writeFile(join(folder, "1.jpg"), JPEG);
  const manifest = join(folder, "set.csv");
  for (const label of ["4294967303", "-2147483649", "1e10", "7.5", "seven"]) {
    await Deno.writeTextFile(manifest, `path,class,label\n1.jpg,fox,${label}\n`);
    await using writer = new SqliteWriter(join(folder, "set.sqlite"));
    const report = await ingest(await csvInput(manifest), writer);
    assertEquals([report.written, report.rejectedCount], [0, 1], label);
    assert(/label must be a 32-bit integer/.test(report.rejected[0].reason.message));
  }
});

Deno.test("a table that has rows but no map takes the map of its rows", async () => {
  const path = join(tempFolder(), "set.sqlite");
  const write = async (...classes: string[]) => {
    await using writer: DatasetWriter = new SqliteWriter(path);
    await ingest(await folderInput(await folderOf(...classes)), writer);
  };
  await write("cat", "fox");
  const change = (sql: string) => {
    using database = new DatabaseSync(path);
    database.exec(sql);
  };
  change("DROP TABLE metadata_classes");
  await write("ant", "fox");
  assertEquals(classesOf(path), { cat: 0, fox: 1, ant: 2 });
  // As an ingest before there were maps has left it.
  change("DROP TABLE metadata_classes; UPDATE metadata SET label = 0 WHERE class = 'ant'");
  await assertRejects(() => write("fox"), SchemaError, "number 0 must be of one class");
});

Deno.test("a folder that is written into keeps the numbers of classes, too", async () => {
  const out = join(tempFolder(), "out");
  for (const classes of [["bear", "fox"], ["fox", "yak"]]) {
    await using writer = new FolderWriter(out);
    await ingest(await folderInput(await folderOf(...classes)), writer);
  }
  const manifest = (await Deno.readTextFile(join(out, "manifest.csv"))).trim().split("\n").slice(1);
  const numbers = manifest.map((line) => line.split(",").slice(1).join()).sort();
  assertEquals(numbers, ["bear,0", "fox,1", "fox,1", "yak,2"]);
});

Deno.test("ingests that run at once agree on the numbers of classes", async () => {
  const path = join(tempFolder(), "set.sqlite");
  const names = Array.from({ length: 12 }, (_, i) => `class ${String.fromCharCode(97 + i)}`);
  const folders = await Promise.all(
    Array.from({ length: 6 }, (_, k) => folderOf(...names.filter((_, i) => (i + k) % 3 > 0))),
  );
  await Promise.all(folders.map(async (folder) => {
    await using writer = new SqliteWriter(path);
    const report = await ingest(await folderInput(folder), writer);
    assertEquals([report.written, report.rejectedCount], [8, 0]);
  }));
  const classes = classesOf(path);
  assertEquals(Object.keys(classes).sort(), names);
  assertEquals(Object.values(classes).sort((a, b) => a - b), names.map((_, i) => i));
  // Each row has the number of its class: the list refuses what has not.
  const list = listSqlite(path);
  assertEquals(list.ids.length, 48);
  for (const [label, name] of list.classes) assertEquals(label, classes[name]);
});

Deno.test("classes of many ingests in any order have one number each", () => {
  let state = 7;
  const draw = (below: number) => (state = Math.imul(state, 48271) >>> 0) % below;
  for (let round = 0; round < 200; round++) {
    const known = new Map<string, number>();
    for (let ingests = 0; ingests < 6; ingests++) {
      const names = [...new Set(Array.from({ length: 1 + draw(6) }, () => `${draw(12)}`))].sort();
      const before = new Map(known);
      const added = newClasses(known, names.map((name, label) => ({ name, label })), "own");
      for (const { name, label } of added) known.set(name, label);
      for (const [name, label] of before) assertEquals(known.get(name), label);
      assertEquals(new Set(known.values()).size, known.size);
      // No gaps: the last number tells how many there are.
      assertEquals(Math.max(...known.values()), known.size - 1);
      for (const name of names) assert(known.has(name));
    }
  }
});
