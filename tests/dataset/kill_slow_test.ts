import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { listSqlite, verifySqlite } from "../../mod.ts";
import { importFlags, path } from "../../tools/imports.ts";
import { records, writeFiles } from "./pictures.ts";

/** Rows that others can read; 0 while the file is not there or locked. */
function storedRows(file: string): number {
  try {
    using database = new DatabaseSync(file, { readOnly: true, timeout: 50 });
    return Number(database.prepare("SELECT count(*) AS count FROM metadata").get()?.count);
  } catch {
    return 0;
  }
}

/** Starts `cassette ingest` and kills it once so many rows are stored. */
async function killHalfWay(args: string[], file: string, rows: number): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("src/cli/main.ts"), ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const end = child.status.finally(() => (ended = true));
  while (!ended) {
    if (storedRows(file) > rows) {
      child.kill("SIGKILL");
      break;
    }
    await new Promise((done) => setTimeout(done, 1));
  }
  assertEquals((await end).signal, "SIGKILL");
}

Deno.test("an ingest that is killed half-way is taken up: nothing doubled, nothing lost", async () => {
  const dir = await Deno.makeTempDir();
  const drawn = records(8);
  // Some transactions' worth.
  const count = 10_000;
  const files = Array.from({ length: count }, (_, i) => {
    const { path, data } = drawn[i % drawn.length];
    return [`in/${path.replace(".jpg", "")}-${i}.jpg`, data] as const;
  });
  await writeFiles(dir, Object.fromEntries(files));
  const sqlite = join(dir, "set.sqlite");
  const args = ["ingest", join(dir, "in"), "--sqlite", sqlite, "--json"];
  await killHalfWay(args, sqlite, 300);
  const before = listSqlite(sqlite).ids.length;
  assert(before > 0 && before < count, `${before} of ${count} were stored when it was killed`);
  assertEquals(verifySqlite(sqlite).missing, 0);
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("src/cli/main.ts"), ...args],
  }).output();
  const { written, unchanged } = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals([code, written, unchanged], [0, count - before, before]);
  const report = verifySqlite(sqlite);
  assertEquals([report.metadataRows, report.dataRows], [count, count]);
  assertEquals([report.missing, report.different], [0, 0]);
});
