import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import jpeg from "jpeg-js";
import { IdList } from "@cassette/loader";
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
