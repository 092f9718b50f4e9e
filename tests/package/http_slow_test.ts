import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import jpeg from "jpeg-js";
import { IdList } from "@cassette/loader";
import { loadNative } from "../../src/ffi/native.ts";
import { readConfig } from "../../tools/imports.ts";
import { notRun } from "../../tools/not_run.ts";
import { lackingNative } from "../source/native.ts";
import { testServer } from "../source/server.ts";
import { connect, createTable, KEYSPACE, putRows } from "../source/tables.ts";
import { emptyFolder, type Output } from "./client.ts";
import { servePackage } from "./serve.ts";

const IDS = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];

/** A grey picture; its label is its brightness. */
function picture(brightness: number): Uint8Array {
  const data = new Uint8Array(24 * 20 * 4).fill(brightness);
  return jpeg.encode({ width: 24, height: 20, data }, 95).data;
}

/** A program that loads one batch of both pictures from the source that `open` opens. */
function program(url: string, open: string): string {
  return `import * as cassette from "${url}mod.ts";
    await using source = await cassette.${open};
    const device = await cassette.requestDevice();
    {
      await using loader = new cassette.Loader({
        source, device, ids: ${JSON.stringify(IDS)}, batchSize: 2, augment: [cassette.resize(8)],
        output: { layout: "NHWC", dtype: "u8" },
      });
      for await (using batch of loader) {
        const pixels = new Uint8Array(await batch.images.read());
        const ids = [batch.ids.at(0), batch.ids.at(1)];
        const grey = [pixels[0], pixels[pixels.length - 1]];
        console.log(JSON.stringify({ ids, labels: [...batch.labels], grey, shape: batch.images.shape }));
      }
    }
    device.destroy();`;
}

function assertLoaded({ code, stdout, stderr }: Output): void {
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout), {
    ids: IDS,
    labels: [40, 200],
    grey: [40, 200],
    shape: [2, 8, 8, 3],
  });
}

Deno.test("the published package loads a batch from SQLite in an empty folder", async () => {
  await using server = await servePackage();
  await using folder = await emptyFolder();
  const path = join(folder.path, "pictures.sqlite");
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB)");
  const insert = database.prepare("INSERT INTO data VALUES (?, ?, ?)");
  const ids = IdList.from(IDS);
  insert.run(ids.bytes.slice(0, 16), 40, picture(40));
  insert.run(ids.bytes.slice(16), 200, picture(200));
  database.close();
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
    {
      await using client = await connect(server!);
      await createTable(client, table);
      const row = (id: string, label: number) => ({ id, label, data: picture(label), mask: null });
      await putRows(client, table, [row(IDS[0], 40), row(IDS[1], 200)]);
    }
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
