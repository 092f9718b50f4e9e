import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { CassetteError, ingestFolder, listSqlite, SqliteWriter, verifySqlite } from "../../mod.ts";
import { pictureFolder, records } from "./pictures.ts";
import { tempFolder } from "../../tools/temp.ts";

/** A data set of some records, and another connection to it. */
async function filled(count: number) {
  const path = join(tempFolder(), "set.sqlite");
  const folder = await pictureFolder(count);
  await using writer = new SqliteWriter(path);
  await ingestFolder(folder, writer);
  return { path, folder, other: new DatabaseSync(path) };
}

/** Counts the turns of a timer until something is done. */
async function ticks(done: Promise<unknown>): Promise<number> {
  let count = 0;
  const timer = setInterval(() => count++, 5);
  await done.finally(() => clearInterval(timer));
  return count;
}

Deno.test("an ingest waits for another connection's lock without keeping the thread", async () => {
  for (const lock of ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE", "BEGIN; SELECT * FROM data"]) {
    const { path, folder, other } = await filled(6);
    other.exec(lock);
    const ingested = (async () => {
      await using writer = new SqliteWriter(path);
      return await ingestFolder(folder, writer, { existing: "replace" });
    })();
    setTimeout(() => other.exec("COMMIT"), 150);
    const count = await ticks(ingested);
    assert(count > 3, `${lock}: ${count} turns`);
    const { written, replaced } = await ingested;
    assertEquals([written, replaced], [0, 6]);
    other.close();
    assertEquals(verifySqlite(path).missing, 0);
  }
});

Deno.test("an ingest that waits for a lock hears an abort, and keeps what was stored", async () => {
  const { path, folder, other } = await filled(6);
  other.exec("BEGIN IMMEDIATE");
  const controller = new AbortController();
  const reason = new Error("enough");
  const begun = performance.now();
  await assertRejects(
    async () => {
      await using writer = new SqliteWriter(path);
      setTimeout(() => controller.abort(reason), 50);
      // Tables and classes are there, so that the first to wait is a record.
      await writer.write(records(1)[0], controller.signal);
    },
    Error,
    "enough",
  );
  const another = new AbortController();
  setTimeout(() => another.abort(reason), 50);
  await assertRejects(
    async () => {
      await using writer = new SqliteWriter(path);
      await ingestFolder(folder, writer, { signal: another.signal });
    },
    Error,
    "enough",
  );
  assert(performance.now() - begun < 5_000);
  other.exec("COMMIT");
  other.close();
  assertEquals(verifySqlite(path).metadataRows, 6);
  assertEquals(listSqlite(path).ids.length, 6);
  await using writer = new SqliteWriter(path);
  assertEquals((await ingestFolder(folder, writer)).unchanged, 6);
});

Deno.test("a file that is damaged, or is none, gives a writer typed errors that name it", async () => {
  const { path, folder, other } = await filled(6);
  other.close();
  const good = await Deno.readFile(path);
  let state = 20_261_130;
  const draw = (below: number) => (state = Math.imul(state, 48271) >>> 0) % below;
  let refused = 0;
  for (let i = 0; i < 60; i++) {
    const file = join(folder, `${i}.sqlite`);
    const bytes = good.slice(0, i % 6 === 5 ? draw(good.length) : good.length);
    for (let k = 0; k < 12 && bytes.length > 0; k++) {
      // Headers of the file and of its pages hold most of what can be wrong.
      const page = draw(Math.ceil(bytes.length / 16_384)) * 16_384;
      bytes[Math.min(bytes.length - 1, page + draw(i % 2 ? 120 : 16))] = draw(256);
    }
    await Deno.writeFile(file, bytes);
    try {
      await using writer = new SqliteWriter(file);
      await ingestFolder(folder, writer, { existing: "replace" });
    } catch (thrown) {
      refused++;
      const error = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
      assert(error instanceof CassetteError, `${i}: ${error.stack}`);
      assert(error.message.includes(file), `${i}: ${error.message}`);
    }
  }
  assert(refused > 20, `${refused}`);
});

Deno.test("a writer that is disposed of while it waits for a lock tells so", async () => {
  const { path, other } = await filled(6);
  const writer = new SqliteWriter(path);
  other.exec("BEGIN IMMEDIATE");
  const some = records(3);
  const written = Promise.allSettled(some.map((record) => writer.write(record)));
  const disposed = writer[Symbol.asyncDispose]();
  setTimeout(() => other.exec("COMMIT"), 30);
  await disposed.catch(() => {});
  for (const outcome of await written) {
    if (outcome.status === "fulfilled") continue;
    assert(outcome.reason instanceof CassetteError, `${outcome.reason}`);
  }
  other.close();
  assertEquals(verifySqlite(path).missing, 0);
});

Deno.test("records that are written at once lie in whole transactions", async () => {
  const path = join(tempFolder(), "set.sqlite");
  await using writer = new SqliteWriter(path);
  await writer.createTables();
  const all = records(40);
  await Promise.all(all.map(async (record, i) => {
    await writer.write(record);
    if (i % 7 === 0) await writer.flush();
    if (i % 9 === 0) await writer.numberClasses([], "own");
  }));
  await writer.flush();
  const { metadataRows, missing, dataRows } = verifySqlite(path);
  assertEquals([metadataRows, missing, dataRows], [40, 0, 40]);
});
