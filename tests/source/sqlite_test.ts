import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { listSqlite } from "../../src/dataset/list.ts";
import {
  FetchTimeoutError,
  LimitsError,
  MissingSampleError,
  SchemaError,
  UsageError,
} from "../../src/errors.ts";
import { IdList, parseId } from "../../src/ids.ts";
import { SqliteSource } from "../../src/source/sqlite.ts";
import { tempFolder } from "../../tools/temp.ts";

/** Makes a database file, with what a test needs in it. */
function make(sql: string, fill: (database: DatabaseSync) => void = () => {}): string {
  const path = `${tempFolder()}/set.sqlite`;
  using database = new DatabaseSync(path);
  database.exec(sql);
  fill(database);
  return path;
}

/** How the tests write an id into a table. */
const WRITINGS: Record<string, (id: string) => string | Uint8Array> = {
  "16 bytes": parseId,
  "lower case": (id) => id,
  "upper case": (id) => id.toUpperCase(),
  "lower case without hyphens": (id) => id.replaceAll("-", ""),
  "upper case without hyphens": (id) => id.replaceAll("-", "").toUpperCase(),
};

Deno.test("every id that a list gives is fetched, however the table writes it", async () => {
  const columns = ["id", "id TEXT", "id BLOB", "id TEXT PRIMARY KEY", "id BLOB PRIMARY KEY"];
  for (const column of columns) {
    for (
      const writings of [...Object.keys(WRITINGS).map((name) => [name]), Object.keys(WRITINGS)]
    ) {
      const path = make(`CREATE TABLE data (${column}, label INTEGER, data BLOB)`, (database) => {
        const insert = database.prepare("INSERT INTO data VALUES (?, ?, ?)");
        for (let i = 0; i < 40; i++) {
          const write = WRITINGS[writings[i % writings.length]];
          insert.run(write(crypto.randomUUID()), i, Uint8Array.of(1, i));
        }
      });
      const { ids, labels } = listSqlite(path, "data");
      await using source = await SqliteSource.open({ path });
      using batch = await source.fetch(ids);
      assertEquals(batch.failures, 0, `${column}, ${writings}`);
      for (let i = 0; i < 40; i++) {
        assertEquals([batch.label(i), batch.blob(i)[1]], [labels[i], labels[i]]);
      }
      using missing = await source.fetch(IdList.from([crypto.randomUUID()]));
      assert(missing.error(0) instanceof MissingSampleError);
    }
  }
});

Deno.test("an id that could not be looked up again is refused by the list", () => {
  const id = crypto.randomUUID();
  const mixed = `ABCDEF${id.slice(6, -3)}abc`;
  for (
    const text of [mixed, id.replace("-", ""), `${id} `, `{${id}}`, 7, null, new Uint8Array(15)]
  ) {
    const path = make("CREATE TABLE data (id, label INTEGER, data BLOB)", (database) => {
      database.prepare("INSERT INTO data VALUES (?, 0, x'01')").run(text);
    });
    assertThrows(() => listSqlite(path, "data"), SchemaError, "must hold a UUID in each row");
  }
});

/** Columns by their declared type and values, and what each value is as a label. */
const LABELS: [declared: string, value: unknown, label: number | undefined][] = [
  ["INTEGER", 2 ** 31 - 1, 2 ** 31 - 1],
  ["INTEGER", -(2 ** 31), -(2 ** 31)],
  ["INTEGER", 4294967303n, undefined],
  ["INTEGER", 2 ** 31, undefined],
  ["INTEGER", -(2 ** 31) - 1, undefined],
  ["INTEGER", 2n ** 63n - 1n, undefined],
  ["INTEGER", "seven", undefined],
  ["NUMERIC", 3, 3],
  ["NUMERIC", "3", 3],
  ["NUMERIC", 2.5, undefined],
  ["DECIMAL(10, 2)", 4, 4],
  ["DECIMAL(10, 2)", 4294967303n, undefined],
  ["REAL", 5, 5],
  ["REAL", 4294967303, undefined],
  ["REAL", 5.5, undefined],
  ["REAL", Infinity, undefined],
  ["BOOLEAN", 1, 1],
  ["BOOLEAN", "true", undefined],
  ["TINYINT", 6, 6],
  ["TEXT", "7", undefined],
  ["TEXT", "cat", undefined],
  ["", 8, 8],
  ["", "8", undefined],
];

Deno.test("a label counts by its value, the same to list and source, and never wraps", async () => {
  for (const [declared, value, label] of LABELS) {
    const id = crypto.randomUUID();
    const path = make(
      `CREATE TABLE data (id BLOB PRIMARY KEY, label ${declared}, data BLOB)`,
      (database) => {
        database.prepare("INSERT INTO data VALUES (?, ?, x'01')")
          .run(parseId(id), value as number);
      },
    );
    await using source = await SqliteSource.open({ path });
    using batch = await source.fetch(IdList.from([id]));
    for (const options of ["data", { table: "data", labelColumn: "label" }] as const) {
      const list = () => [...listSqlite(path, options).labels];
      if (label === undefined) {
        const error = assertThrows(list, SchemaError, 'column "label" of table "data"') as Error;
        assert(error.message.includes(id), error.message);
      } else assertEquals(list(), [label], `${declared} ${value}`);
    }
    if (label === undefined) {
      const error = batch.error(0);
      assert(error instanceof SchemaError, `${declared} ${value}: ${error}`);
      assert(/its label must be a 32-bit integer: received/.test(error.message), error.message);
      assertEquals(error.sampleId, id);
    } else assertEquals(batch.label(0), label);
    const none = listSqlite(path, { table: "data", labelType: "none" });
    assertEquals([...none.labels], [-1]);
  }
});

Deno.test("a column of one's own keeps integers that no number holds, as text", () => {
  const path = make(
    "CREATE TABLE metadata (id BLOB PRIMARY KEY, big INTEGER); " +
      "INSERT INTO metadata VALUES (zeroblob(16), 9007199254740993), (randomblob(16), 7)",
  );
  const { columns } = listSqlite(path, { columns: ["big"] });
  assertEquals(columns.get("big")!.at(0), "9007199254740993");
  assertEquals(columns.get("big")!.at(1), "7");
});

Deno.test("a list has all rows, whatever their numbers and whatever columns are called", () => {
  const rows = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2999) ";
  const named = make(
    `CREATE TABLE metadata (id BLOB, _rowid_ INTEGER); ${rows}` +
      "INSERT INTO metadata SELECT randomblob(16), 1 FROM n",
  );
  assertEquals(listSqlite(named).ids.length, 3000);
  const far = make(
    `CREATE TABLE metadata (number INTEGER PRIMARY KEY, id BLOB); ${rows}` +
      "INSERT INTO metadata SELECT i + 9223372036854772808, randomblob(16) FROM n; " +
      "INSERT INTO metadata VALUES (-9223372036854775808, randomblob(16))",
  );
  assertEquals(listSqlite(far).ids.length, 3001);
});

Deno.test("a class with two numbers, and a number with two classes, are refused by lists", () => {
  const table = "CREATE TABLE metadata (id BLOB PRIMARY KEY, class TEXT, label INTEGER); " +
    "INSERT INTO metadata VALUES (randomblob(16), 'fox', 2), ";
  const twice = make(`${table} (randomblob(16), 'fox', 1)`);
  assertThrows(() => listSqlite(twice), SchemaError, 'class "fox" must have one number');
  const shared = make(`${table} (randomblob(16), 'cat', 2)`);
  assertThrows(() => listSqlite(shared), SchemaError, "number 2 must be of one class");
  const unnamed = make(`${table} (randomblob(16), '', 3), (randomblob(16), '', 4)`);
  assertEquals([...listSqlite(unnamed).classes], [[2, "fox"], [3, ""], [4, ""]]);
});

/** A data set of some samples, and a connection that locks it. */
function locked(samples: number) {
  const path = make("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB)", (db) => {
    for (let i = 0; i < samples; i++) db.exec("INSERT INTO data VALUES (randomblob(16), 1, x'01')");
  });
  const { ids } = listSqlite(path, "data");
  return { path, ids, other: new DatabaseSync(path) };
}

Deno.test("another connection's lock leaves the thread free, and the fetch goes on after it", async () => {
  const { path, ids, other } = locked(5);
  await using source = await SqliteSource.open({ path });
  other.exec("BEGIN EXCLUSIVE");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  const fetched = source.fetch(ids);
  // Opening waits, too.
  const opened = SqliteSource.open({ path });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert(ticks > 2, `${ticks} ticks`);
  clearInterval(timer);
  other.exec("COMMIT");
  other.close();
  using batch = await fetched;
  assertEquals(batch.failures, 0);
  assert(source.stats().retries > 0);
  await using _ = await opened;
});

Deno.test("abort and dispose are heard while another connection's lock is in the way", async () => {
  const { path, ids, other } = locked(5);
  const source = await SqliteSource.open({ path });
  other.exec("BEGIN EXCLUSIVE");
  const controller = new AbortController();
  const aborted = source.fetch(ids, { signal: controller.signal });
  const disposed = assertRejects(() => source.fetch(ids), Error, "must not have been disposed");
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assertRejects(() => aborted, Error, "enough");
  await source[Symbol.asyncDispose]();
  await disposed;
  other.close();
});

Deno.test("a lock that stays is told once its time is over, for a whole fetch together", async () => {
  const { path, ids, other } = locked(50);
  await using source = await SqliteSource.open({ path, busyTimeout: 60 });
  other.exec("BEGIN EXCLUSIVE");
  const begun = performance.now();
  using batch = await source.fetch(ids);
  // Each of the samples alone would make it 3 s.
  assert(performance.now() - begun < 2_000);
  assertEquals(batch.failures, 50);
  const error = batch.error(7)!;
  assert(error instanceof FetchTimeoutError, `${error}`);
  assert(error.message.includes(path) && error.message.includes("busyTimeout"), error.message);
  assertEquals(error.sampleId, ids.at(7));
  await assertRejects(() => SqliteSource.open({ path, busyTimeout: 0 }), FetchTimeoutError, path);
  other.close();
});

Deno.test("a blob or a label above maxBlobBytes is refused before it is read", async () => {
  const path = make(
    "CREATE TABLE data (id BLOB PRIMARY KEY, label BLOB, data BLOB); " +
      "INSERT INTO data VALUES (zeroblob(16), x'07', zeroblob(1000)), " +
      "(x'01' || zeroblob(15), x'07', zeroblob(1001)), " +
      "(x'02' || zeroblob(15), zeroblob(1001), zeroblob(10)), " +
      "(x'03' || zeroblob(15), x'07', zeroblob(2000000))",
  );
  // What a text and a blob make together is a text.
  const fixed = new DatabaseSync(path);
  fixed.exec("UPDATE data SET id = CAST(id AS BLOB)");
  fixed.close();
  const { ids } = listSqlite(path, "data");
  await using source = await SqliteSource.open({ path, labelType: "blob", maxBlobBytes: 1000 });
  using batch = await source.fetch(ids);
  assertEquals([batch.failures, batch.lengths[0]], [3, 1000]);
  for (const [i, bytes] of [[1, 1001], [2, 1001], [3, 2_000_000]]) {
    const error = batch.error(i);
    assert(error instanceof LimitsError, `${error}`);
    assertEquals([error.option, error.sampleId], ["maxBlobBytes", ids.at(i)]);
    assert(
      error.message.includes(`at most 1000 bytes (maxBlobBytes): received ${bytes} bytes`),
      error.message,
    );
  }
  for (const maxBlobBytes of [0, -1, 1.5, NaN, 2 ** 31]) {
    await assertRejects(
      () => SqliteSource.open({ path, maxBlobBytes }),
      UsageError,
      "maxBlobBytes",
    );
  }
});
