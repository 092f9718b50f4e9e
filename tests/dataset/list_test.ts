import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  ingestFolder,
  type ListColumn,
  listSqlite,
  readList,
  type SampleList,
  SchemaError,
  SqliteWriter,
  UsageError,
  verifySqlite,
  writeList,
} from "../../mod.ts";
import { DatabaseSync } from "node:sqlite";
import { ListBuilder, sortIds } from "../../src/dataset/list_builder.ts";
import { readRows, TextCache } from "../../src/dataset/cql_rows.ts";
import { cutRing } from "../../src/dataset/ring.ts";
import { pictureFolder } from "./pictures.ts";
import { tempFolder } from "../../tools/temp.ts";

/** Many rows with ids of a simple generator. */
function build(count: number, columns: string[] = [], same = 0): SampleList {
  const builder = new ListBuilder(columns);
  const id = new Uint8Array(16);
  let state = 1;
  for (let i = 0; i < count; i++) {
    for (let k = same; k < 16; k++) {
      state = Math.imul(state, 1664525) + 1013904223 | 0;
      id[k] = state >>> 24;
    }
    const label = i % 1000;
    builder.add(
      id,
      i % 7 ? label : null,
      `class ${label}`,
      columns.map((name) =>
        name === "text" ? (i % 5 ? `t${i % 300}` : null) : name === "mixed" && i > 3 ? "x" : i / 4
      ),
    );
  }
  return builder.build();
}

function contents({ ids, labels, classes, columns }: SampleList) {
  const of = (column: ListColumn) => [...column];
  return [
    [...ids],
    [...labels],
    [...classes],
    [...columns].map(([name, column]) => [name, of(column)]),
  ];
}

Deno.test("ids are sorted, whatever they look like", () => {
  for (const same of [0, 5, 12, 15]) {
    const list = build(500, [], same);
    const ids = [...list.ids];
    assertEquals(ids, ids.toSorted());
  }
  assertEquals([...sortIds(new Uint8Array(0), 0)], []);
});

Deno.test("a list file holds ids, labels, classes and columns, and its bytes are always the same", async () => {
  const dir = tempFolder();
  for (const count of [0, 1, 70_000]) {
    const list = build(count, ["text", "number", "mixed"]);
    const [a, b] = [join(dir, "a"), join(dir, "b")];
    await writeList(a, list);
    const read = await readList(a);
    assertEquals(contents(read), contents(list));
    await writeList(b, read);
    assertEquals(await Deno.readFile(a), await Deno.readFile(b));
  }
});

Deno.test("a list of 1.3 million samples takes less than 40 MB and a second", async () => {
  const path = join(tempFolder(), "list");
  await writeList(path, build(1_300_000));
  const { size } = await Deno.stat(path);
  assert(size < 40e6, `it takes ${size} bytes`);
  const start = performance.now();
  assertEquals((await readList(path)).ids.length, 1_300_000);
  const ms = performance.now() - start;
  assert(ms < 1000, `it took ${ms} ms`);
});

Deno.test("a list file that is damaged, cut off, or none is refused", async () => {
  const path = join(tempFolder(), "list");
  await writeList(path, build(100));
  const good = await Deno.readFile(path);
  for (const at of [9, 20, 400, good.length - 1]) {
    const bad = good.slice();
    bad[at] ^= 1;
    await Deno.writeFile(path, bad);
    await assertRejects(() => readList(path), UsageError, at === 9 ? "version" : "checksum");
  }
  for (const length of [0, 7, 20, good.length - 16]) {
    await Deno.writeFile(path, good.slice(0, length));
    await assertRejects(() => readList(path), UsageError);
  }
  await Deno.writeTextFile(path, "CASSSPLT and more that is no list at all, but long enough");
  await assertRejects(() => readList(path), UsageError, "CASSLIST");
  await assertRejects(() => readList(`${path}.none`), UsageError, "none");
});

Deno.test("a list is selected by the database or here, from either table", async () => {
  const dir = await pictureFolder(8);
  const path = join(dir, "set.sqlite");
  {
    await using writer = new SqliteWriter(path);
    await ingestFolder(dir, writer);
  }
  assertEquals(listSqlite(path, { where: "label < 2" }).labels.length, 4);
  const ring = listSqlite(path, {
    columns: ["path", "bytes"],
    filter: ({ class: name, columns }) => name === "ring" && Number(columns[1]) > 0,
  });
  assertEquals([...ring.columns.get("path")!].sort(), ["ring/00001.jpg", "ring/00005.jpg"]);
  const data = listSqlite(path, { table: "data" });
  assertEquals([...data.ids], [...listSqlite(path).ids]);
  assertEquals([...data.labels], [...listSqlite(path).labels]);
  assertThrows(() => listSqlite(path, { where: "no such" }), SchemaError, "such");
  assertThrows(() => listSqlite(path, { columns: ["patient"] }), SchemaError, '"patient"');
});

Deno.test("verify finds blobs that are missing or differ", async () => {
  const dir = await pictureFolder(4);
  const path = join(dir, "set.sqlite");
  {
    await using writer = new SqliteWriter(path);
    await ingestFolder(dir, writer);
  }
  using database = new DatabaseSync(path);
  database.exec("DELETE FROM data WHERE label = 0; UPDATE data SET data = x'ff' WHERE label = 1");
  const faults: string[] = [];
  const report = verifySqlite(path, {}, {
    onFault: ({ path, reason }) => faults.push(`${path} ${reason}`),
  });
  assertEquals(faults.sort(), ["checks/00003.jpg missing", "disc/00000.jpg different"]);
  assertEquals([report.metadataRows, report.dataRows], [4, 3]);
  assertThrows(() => verifySqlite(join(dir, "none.sqlite")), UsageError, "none.sqlite");
});

Deno.test("rows are read from the bytes of an answer", () => {
  const parts: number[] = [];
  const int = (value: number) =>
    parts.push(value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255);
  const short = (value: number) => parts.push(value >> 8, value & 255);
  const cell = (
    bytes: number[] | null,
  ) => (int(bytes ? bytes.length : -1), parts.push(...bytes ?? []));
  int(2), int(1 | 2), int(5), int(2), parts.push(9, 8);
  short(1), parts.push(65), short(1), parts.push(66);
  for (const type of [12, 9, 13, 2, 7]) short(1), parts.push(67), short(type);
  int(2);
  cell(Array.from({ length: 16 }, (_, i) => i)), cell([255, 255, 255, 254]), cell([0xc3, 0xa9]);
  cell([0, 0, 0, 1, 0, 0, 0, 0]), cell([0x3f, 0xf8, 0, 0, 0, 0, 0, 0]);
  cell([...new Array(16).fill(7)]), cell(null), cell([]), cell(null), cell(null);
  const page = readRows(Uint8Array.from(parts), new TextCache());
  const rows = [];
  for (const row of page.rows) {
    rows.push(row.map((cell) => cell instanceof Uint8Array ? cell.toHex() : cell));
  }
  assertEquals(rows, [
    ["000102030405060708090a0b0c0d0e0f", -2, "é", 2 ** 32, 1.5],
    ["07".repeat(16), null, "", null, null],
  ]);
  assertEquals([...page.pageState!], [9, 8]);
});

Deno.test("the ring is cut without gaps, into parts of one size, each of one host", () => {
  const third = 2n ** 64n / 3n;
  const owners = [2n, 0n, 1n].map((i) => ({
    token: 1n - 2n ** 63n + i * third,
    host: `10.0.0.${i}:9042`,
  }));
  for (const [some, least] of [[owners, 16], [owners.slice(0, 1), 16], [owners, 1]] as const) {
    const parts = cutRing(some, least);
    assertEquals(parts[0].start, -(2n ** 63n));
    parts.slice(1).forEach(({ start }, i) => assertEquals(start, parts[i].end));
    assertEquals(parts.at(-1)!.end, undefined);
    assert(parts.length >= least - some.length && parts.length <= least + some.length);
    const tokens = some.map(({ token }) => token).sort((a, b) => (a < b ? -1 : 1));
    for (const { start, end = 2n ** 63n - 1n, host } of parts) {
      const owner = tokens.find((token) => end <= token) ?? tokens[0];
      assertEquals(host, some.find(({ token }) => token === owner)!.host);
      assert(!tokens.some((token) => start < token && token < end));
    }
  }
});
