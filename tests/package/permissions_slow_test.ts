import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { notRun } from "../../tools/not_run.ts";
import { lackingNative } from "../source/native.ts";
import { testServer } from "../source/server.ts";
import { KEYSPACE } from "../source/tables.ts";
import { emptyFolder } from "./client.ts";
import { assertLoaded, fillCassandra, fillSqlite, program } from "./pictures.ts";
import { servePackage } from "./serve.ts";

/** Flags that the documentation gives for what a row of its table is about. */
async function documented(row: string, values: Record<string, string>): Promise<string[]> {
  const page = await Deno.readTextFile(new URL("../../docs/permissions.md", import.meta.url));
  const line = page.split("\n").find((line) => line.startsWith(`| ${row} `));
  const flags = line?.match(/--[^`]*/)?.[0].trim().split(/\s+/) ?? [];
  return flags.map((flag) =>
    flag.replaceAll(/\b(DATABASE|HOST:PORT|CACHE)\b/g, (name) => values[name])
  );
}

Deno.test("SqliteSource needs to read its file, and nothing else", async () => {
  await using packages = await servePackage();
  await using folder = await emptyFolder();
  const path = join(folder.path, "pictures.sqlite");
  fillSqlite(path);
  const text = program(packages.url, `SqliteSource.open({ path: ${JSON.stringify(path)} })`);
  const imports = `--allow-import=${new URL(packages.url).host}`;
  const flags = await documented("`SqliteSource`", { DATABASE: path });
  assertEquals(flags, [`--allow-read=${path}`]);
  assertLoaded(await folder.run(text, [imports, ...flags]));
  const { code, stderr } = await folder.run(text, [imports]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "--allow-read");
});

const { server, lacking } = await testServer();
const table = `${KEYSPACE}.permissions`;

const JS = 'CassandraSource with driver: "js" needs the network, and nothing else';
Deno.test({
  name: JS,
  ignore: notRun(JS, lacking),
  async fn() {
    await fillCassandra(server!, table);
    await using packages = await servePackage();
    await using folder = await emptyFolder();
    const options = JSON.stringify({ ...server!, table, driver: "js" });
    const text = program(packages.url, `CassandraSource.open(${options})`);
    const imports = `--allow-import=${new URL(packages.url).host}`;
    const nodes = server!.contactPoints.map((host) => `${host}:${server!.port}`).join();
    const flags = await documented('`CassandraSource`, `driver: "js"`', { "HOST:PORT": nodes });
    assertLoaded(await folder.run(text, [imports, ...flags]));
    const { code, stderr } = await folder.run(text, [imports]);
    assertEquals(code, 1);
    assertMatch(stderr, /ConnectError: .*--allow-net/);
  },
});

const NATIVE =
  'CassandraSource with driver: "native" needs what is documented, less after its first use';
Deno.test({
  name: NATIVE,
  ignore: notRun(NATIVE, lacking ?? await lackingNative()),
  async fn() {
    await fillCassandra(server!, table);
    await using packages = await servePackage();
    await using folder = await emptyFolder();
    const options = JSON.stringify({ ...server!, table, driver: "native" });
    const text = program(packages.url, `CassandraSource.open(${options})`);
    const imports = `--allow-import=${new URL(packages.url).host}`;
    const values = { CACHE: folder.cache };
    const flags = await documented('`CassandraSource`, `driver: "native"`', values);
    const first = await documented("The same, on first use: compiles and fetches", values);
    const refused = await folder.run(text, [imports, ...flags]);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "--allow-env");
    assertLoaded(await folder.run(text, [imports, ...first]));
    assertLoaded(await folder.run(text, [imports, ...flags]));
  },
});
