import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { listCassandra, listSqlite, verifyCassandra, verifySqlite } from "../../mod.ts";
import { importFlags, path } from "../../tools/imports.ts";
import { notRun } from "../../tools/not_run.ts";
import { testServer } from "../source/server.ts";
import { connect } from "../source/tables.ts";
import { records, writeFiles } from "./pictures.ts";
import { tempFolder } from "../../tools/temp.ts";

/** A folder with so many small pictures. */
async function manyPictures(count: number): Promise<string> {
  const dir = tempFolder();
  const drawn = records(8);
  const files = Array.from({ length: count }, (_, i) => {
    const { path, data } = drawn[i % drawn.length];
    return [`in/${path.replace(".jpg", "")}-${i}.jpg`, data] as const;
  });
  await writeFiles(dir, Object.fromEntries(files));
  return dir;
}

async function command(args: string[]): Promise<Deno.Command> {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("src/cli/main.ts"), ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
}

/**
 * Makes a module for `--get-data` that reads so many pictures, and then stands still: however slow
 * the machine, a kill does not come too late.
 */
async function standingStill(dir: string, after: number): Promise<string> {
  const module = join(dir, "get_data.ts");
  await Deno.writeTextFile(
    module,
    `let read = 0;
     export default async (file: string) => {
       if (++read > ${after}) await new Promise((done) => setTimeout(done, 600_000));
       return await Deno.readFile(file);
     };`,
  );
  return module;
}

/** Starts `cassette ingest` and kills it once so many rows are stored. */
async function killHalfWay(
  args: string[],
  stored: () => number | Promise<number>,
  rows: number,
): Promise<void> {
  const child = (await command(args)).spawn();
  let ended = false;
  const end = child.status.finally(() => (ended = true));
  while (!ended) {
    if (await stored() > rows) {
      child.kill("SIGKILL");
      break;
    }
    await new Promise((done) => setTimeout(done, 1));
  }
  assertEquals((await end).signal, "SIGKILL");
  await child.stdout.cancel();
}

async function ingestAgain(args: string[]): Promise<{ written: number; unchanged: number }> {
  const { code, stdout } = await (await command(args)).output();
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("an ingest that is killed half-way is taken up: nothing doubled, nothing lost", async () => {
  // Some transactions' worth.
  const count = 10_000;
  const dir = await manyPictures(count);
  const sqlite = join(dir, "set.sqlite");
  const args = ["ingest", join(dir, "in"), "--sqlite", sqlite, "--json"];
  const stored = () => {
    try {
      using database = new DatabaseSync(sqlite, { readOnly: true, timeout: 50 });
      return Number(database.prepare("SELECT count(*) AS count FROM metadata").get()?.count);
    } catch {
      // It is not there yet, or being written.
      return 0;
    }
  };
  await killHalfWay([...args, "--get-data", await standingStill(dir, 6_000)], stored, 300);
  const before = listSqlite(sqlite).ids.length;
  assert(before > 0 && before < count, `${before} of ${count} were stored when it was killed`);
  assertEquals(verifySqlite(sqlite).missing, 0);
  const { written, unchanged } = await ingestAgain(args);
  assertEquals([written, unchanged], [count - before, before]);
  const report = verifySqlite(sqlite);
  assertEquals([report.metadataRows, report.dataRows], [count, count]);
  assertEquals([report.missing, report.different], [0, 0]);
});

const { server, lacking } = await testServer();
const overCassandra = "an ingest into Cassandra that is killed half-way is taken up";

Deno.test({
  name: overCassandra,
  ignore: notRun(overCassandra, lacking),
  async fn() {
    const keyspace = "cassette_killed";
    const count = 4000;
    const dir = await manyPictures(count);
    const place = { ...server!, keyspace };
    const table = { ...server!, table: `${keyspace}.metadata` };
    await using client = await connect(server!);
    await client.run(`DROP KEYSPACE IF EXISTS ${keyspace}`);
    const target = ["--cassandra", server!.contactPoints.join(), "--port", `${server!.port}`];
    const args = ["ingest", join(dir, "in"), ...target, "--keyspace", keyspace, "--json"];
    const stored = async () => {
      try {
        const { rows } = await client.run(`SELECT count(*) AS n FROM ${table.table}`);
        return Number(rows[0].n);
      } catch {
        // There is no table yet.
        return 0;
      }
    };
    await killHalfWay([...args, "--get-data", await standingStill(dir, 2_000)], stored, 300);
    // What was under way may still arrive: a row of metadata never without its data.
    const killed = await verifyCassandra(place);
    const before = killed.metadataRows;
    assert(before > 0 && before < count, `${before} of ${count} were stored when it was killed`);
    assertEquals([killed.missing, killed.different], [0, 0]);
    const { written, unchanged } = await ingestAgain(args);
    assertEquals(written + unchanged, count);
    assert(unchanged >= before, `${unchanged} of ${before} were left`);
    const { metadataRows, dataRows, missing, different, doubled } = await verifyCassandra(place);
    assertEquals([metadataRows, dataRows], [count, count]);
    assertEquals([missing, different, doubled], [0, 0, 0]);
    assertEquals((await listCassandra(table)).ids.length, count);
    await client.run(`DROP KEYSPACE ${keyspace}`);
  },
});
