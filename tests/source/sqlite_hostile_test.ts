import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { listSqlite } from "../../src/dataset/list.ts";
import { verifySqlite } from "../../src/dataset/verify.ts";
import { CassetteError, SchemaError, UsageError } from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import { SqliteSource } from "../../src/source/sqlite.ts";
import { tempFolder } from "../../tools/temp.ts";

const TABLES = "CREATE TABLE blobs (id BLOB PRIMARY KEY, label INTEGER, data BLOB); " +
  "INSERT INTO blobs VALUES (randomblob(16), 1, x'01'), (randomblob(16), 2, x'02'); " +
  "CREATE TABLE classes (label INTEGER PRIMARY KEY, name TEXT, code TEXT UNIQUE); " +
  "INSERT INTO classes VALUES (1, 'cat', 'c'), (2, 'dog', 'd'); ";

/** Makes a file with tables, and a view or table `data`. */
function make(sql: string): string {
  const path = `${tempFolder()}/set.sqlite`;
  using database = new DatabaseSync(path);
  database.exec(TABLES + sql);
  return path;
}

const chain = Array.from(
  { length: 60 },
  (_, i) =>
    `CREATE VIEW v${i} AS SELECT a.id, a.label, a.data FROM ${i ? `v${i - 1}` : "blobs"} a, ${
      i ? `v${i - 1}` : "blobs"
    } b;`,
).join("");

/** What would take a reader for ever, or gigabytes, and what of it is told. */
const HOSTILE: Record<string, [sql: string, told: string]> = {
  "an endless recursion": [
    "CREATE VIEW data AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) " +
    "SELECT CAST(i AS BLOB) AS id, i AS label, CAST(i AS BLOB) AS data FROM n WHERE i < 0",
    "one SELECT",
  ],
  "60 views that double one another": [
    `${chain} CREATE VIEW data AS SELECT id, label, data FROM v59`,
    '"v59"',
  ],
  "a view of a view": [
    'CREATE VIEW other AS SELECT * FROM blobs; CREATE VIEW data AS SELECT * FROM "Other"',
    '"other"',
  ],
  "a product of tables": [
    "CREATE VIEW data AS SELECT a.id, a.label, a.data FROM blobs a, blobs b, blobs c, blobs d",
    "a unique key",
  ],
  "a join by a key that is not unique": [
    "CREATE TABLE l (label INTEGER); CREATE INDEX by_label ON l (label); " +
    "CREATE VIEW data AS SELECT id, b.label, data FROM blobs b CROSS JOIN l ON l.label = b.label",
    "a unique key",
  ],
  "a subquery": [
    "CREATE VIEW data AS SELECT id, (SELECT count(*) FROM blobs) AS label, data FROM blobs",
    "one SELECT",
  ],
  "a union": [
    "CREATE VIEW data AS SELECT * FROM blobs UNION ALL SELECT * FROM blobs",
    "one SELECT",
  ],
  "groups": [
    "CREATE VIEW data AS SELECT id, max(label) AS label, data FROM blobs GROUP BY data",
    "GROUP",
  ],
  "a pattern that is tried without an end": [
    "CREATE VIEW data AS SELECT id, hex(data) LIKE '%a%a%a%a%a%b' AS label, data FROM blobs",
    "functions of linear time",
  ],
  "a generated column of a function that makes gigabytes": [
    'CREATE TABLE data (id BLOB, label INTEGER, data BLOB AS ("zeroblob" /* */ (900000000)))',
    "functions of linear time",
  ],
  "generated columns that double one another": [
    `CREATE TABLE data (id BLOB, label INTEGER, data BLOB, g0 AS (label)${
      Array.from({ length: 12 }, (_, i) => `, g${i + 1} AS (g${i} + g${i})`).join("")
    })`,
    "at most 8",
  ],
  "a virtual table": [
    "CREATE VIRTUAL TABLE data USING rtree(id, label, other)",
    "it must hold its rows: received a virtual table",
  ],
  "a table function": [
    "CREATE VIEW data AS SELECT key AS id, key AS label, value AS data FROM json_each('[1]')",
    "a unique key",
  ],
};

Deno.test("a file that would take its reader for ever is refused before it is read", async () => {
  for (const [name, [sql, told]] of Object.entries(HOSTILE)) {
    const path = make(sql);
    const tables = { metadataTable: "blobs" };
    const reads = [
      () => SqliteSource.open({ path }).then((source) => source[Symbol.asyncDispose]()),
      () => Promise.resolve().then(() => listSqlite(path, "data")),
      () => Promise.resolve().then(() => verifySqlite(path, tables)),
    ];
    for (const read of reads) {
      const error: Error = await read().then(() => new Error("nothing"), (error) => error);
      const good = error instanceof SchemaError && error.message.includes(path);
      assert(good && error.message.includes(told), `${name}: ${error}`);
    }
  }
});

Deno.test("views that read one table, and look others up by a unique key, are taken", async () => {
  const views = [
    "SELECT * FROM blobs",
    "SELECT id, coalesce(label, 0) AS label, data FROM blobs WHERE label < 3 -- with values",
    "SELECT b.id, c.label, b.data FROM blobs AS b JOIN classes AS c ON c.label = b.label",
    "SELECT id, b.label, 'WITH' AS note, data FROM blobs b LEFT JOIN classes c ON c.code = 'c'",
    "SELECT id, data, label /* SELECT */ FROM main.[blobs] ORDER BY label",
  ];
  for (const select of views) {
    const path = make(`CREATE VIEW data AS ${select}`);
    const { ids, labels } = listSqlite(path, "data");
    assertEquals([...labels].sort(), [1, 2], select);
    await using source = await SqliteSource.open({ path });
    using batch = await source.fetch(ids);
    assertEquals([batch.label(0), batch.label(1)], [...labels]);
  }
  const generated = make(
    "CREATE TABLE data (id BLOB, meta TEXT, data BLOB, label INTEGER AS (json_extract(meta, '$.l'))); " +
      "INSERT INTO data VALUES (randomblob(16), '{\"l\": 7}', x'01')",
  );
  assertEquals([...listSqlite(generated, "data").labels], [7]);
});

/** A reproducible generator of numbers below a bound (Marsaglia's xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

Deno.test("a damaged file gives typed errors that name it, or what is left of its rows", async () => {
  const folder = tempFolder();
  const whole = `${folder}/whole.sqlite`;
  {
    using database = new DatabaseSync(whole);
    database.exec(
      "PRAGMA page_size = 512; CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB); " +
        "CREATE TABLE metadata (id BLOB PRIMARY KEY, path TEXT, class TEXT, hash BLOB, label INTEGER); " +
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59) " +
        "INSERT INTO data SELECT randomblob(16), i, randomblob(900) FROM n; " +
        "INSERT INTO metadata SELECT id, 'a/' || label, 'a' || label, randomblob(32), label FROM data",
    );
  }
  const good = await Deno.readFile(whole);
  const { ids } = listSqlite(whole, "data");
  const draw = numbers(20_261_130);
  const outcomes = { read: 0, refused: 0 };
  for (let i = 0; i < 250; i++) {
    const path = `${folder}/${i}.sqlite`;
    const bytes = good.slice(0, i % 5 === 4 ? draw(good.length) : good.length);
    for (let k = draw(12); k >= 0; k--) {
      // Headers of the file and of its pages are few, and hold most of what can be wrong.
      const page = draw(bytes.length >> 9) << 9;
      const at = i % 2 ? page + draw(16) : draw(i % 3 ? bytes.length : 1024);
      if (at < bytes.length) bytes[at] = draw(256);
    }
    await Deno.writeFile(path, bytes);
    const tries: (() => unknown)[] = [
      () => listSqlite(path, "data"),
      () => listSqlite(path),
      () => verifySqlite(path),
      async () => {
        await using source = await SqliteSource.open({ path });
        using batch = await source.fetch(ids);
        for (let k = 0; k < ids.length; k++) {
          const error = batch.error(k);
          if (!error) continue;
          assert(error instanceof CassetteError && error.message.includes(path), `${i}: ${error}`);
        }
      },
    ];
    for (const attempt of tries) {
      try {
        await attempt();
        outcomes.read++;
      } catch (error) {
        outcomes.refused++;
        assert(error instanceof CassetteError, `${i}: ${(error as Error).stack}`);
        const named = error.message.includes(path) || error.option === "classes";
        assert(named, `${i}: ${error.message}`);
      }
    }
    await Deno.remove(path);
  }
  assert(outcomes.read > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
});

Deno.test("what is no database is told as such, with its path", async () => {
  const folder = tempFolder();
  await Deno.writeTextFile(`${folder}/text`, "no database".repeat(100));
  for (const path of [`${folder}/text`, `${folder}/none`, folder]) {
    await assertRejects(() => SqliteSource.open({ path }), UsageError, path);
    assertThrows(() => listSqlite(path), UsageError, path);
    assertThrows(() => verifySqlite(path), UsageError, path);
  }
  const empty = `${folder}/empty`;
  await Deno.writeTextFile(empty, "");
  await assertRejects(() => SqliteSource.open({ path: empty }), SchemaError, "no tables");
  const path = make("CREATE TABLE data (id BLOB, label INTEGER, data BLOB)");
  await using source = await SqliteSource.open({ path });
  using batch = await source.fetch(IdList.from([crypto.randomUUID()]));
  assertEquals(batch.failures, 1);
});
