import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadNative } from "../../src/ffi/native.ts";
import { readConfig } from "../../tools/imports.ts";
import { notRun } from "../../tools/not_run.ts";
import { lackingNative } from "../source/native.ts";
import { testServer } from "../source/server.ts";
import { KEYSPACE } from "../source/tables.ts";
import { emptyFolder } from "./client.ts";
import { assertLoaded, fillCassandra, fillSqlite, program } from "./pictures.ts";
import { servePackage } from "./serve.ts";

Deno.test("the published package loads a batch from SQLite in an empty folder", async () => {
  await using server = await servePackage();
  await using folder = await emptyFolder();
  const path = join(folder.path, "pictures.sqlite");
  fillSqlite(path);
  const open = `SqliteSource.open({ path: ${JSON.stringify(path)} })`;
  assertLoaded(await folder.run(program(server.url, open), ["-A"]));
  assertEquals(server.missing, []);
});

const { server, lacking } = await testServer();
const name =
  "the published package compiles its shim once and loads a batch from Cassandra with it";
Deno.test({
  name,
  ignore: notRun(name, lacking ?? await lackingNative()),
  async fn() {
    const table = `${KEYSPACE}.published`;
    await fillCassandra(server!, table);
    await using packages = await servePackage();
    await using folder = await emptyFolder();
    const options = { ...server!, table, driver: "native" };
    const open = `CassandraSource.open(${JSON.stringify(options)})`;
    // The driver is the one that this machine has or has fetched; the shim must come from the package.
    const { path } = (await loadNative()).chosen;
    const env: Record<string, string> = path.startsWith("/") ? { CASSETTE_DRIVER: path } : {};
    assertLoaded(await folder.run(program(packages.url, open), ["-A"], env));
    const shims = await filesBelow(folder.cache);
    assertEquals(shims.filter((file) => file.endsWith(".so")).length, 1, shims.join());
    // Without a compiler a second compilation would fail.
    const again = { ...env, CC: join(folder.path, "no-compiler") };
    assertLoaded(await folder.run(program(packages.url, open), ["-A"], again));
    assertEquals(await filesBelow(folder.cache), shims);
    assertEquals(packages.missing, []);
  },
});

Deno.test("the published command runs by its URL", async () => {
  await using packages = await servePackage();
  await using folder = await emptyFolder();
  const run = `import { main } from "${packages.url}src/cli/main.ts";
    Deno.exit(await main(["--version"]));`;
  const { code, stdout, stderr } = await folder.run(run, ["-A"]);
  const { version } = await readConfig();
  assertEquals([code, stdout], [0, `${version}\n`], stderr);
});

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    found.push(...isDirectory ? await filesBelow(path) : [path]);
  }
  return found.sort();
}
