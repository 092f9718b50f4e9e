/** A program that loads two pictures, and the tables that hold them. */
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import jpeg from "jpeg-js";
import { IdList } from "../../src/ids.ts";
import type { TestServer } from "../source/server.ts";
import { connect, createTable, putRows } from "../source/tables.ts";
import type { Output } from "./client.ts";

const IDS = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"];
const LABELS = [40, 200];

/** A grey picture; its label is its brightness. */
function picture(brightness: number): Uint8Array {
  const data = new Uint8Array(24 * 20 * 4).fill(brightness);
  return jpeg.encode({ width: 24, height: 20, data }, 95).data;
}

/**
 * A program that loads one batch of both pictures and prints what it got.
 *
 * @param url Where the package is served.
 * @param open Call that opens the source.
 * @returns Text of a module.
 */
export function program(url: string, open: string): string {
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

/** Asserts that the program loaded both pictures. */
export function assertLoaded({ code, stdout, stderr }: Output): void {
  assertEquals(code, 0, stderr);
  assertEquals(JSON.parse(stdout), {
    ids: IDS,
    labels: LABELS,
    grey: LABELS,
    shape: [2, 8, 8, 3],
  });
}

/** Writes both pictures into a new SQLite database. */
export function fillSqlite(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB)");
  const insert = database.prepare("INSERT INTO data VALUES (?, ?, ?)");
  const { bytes } = IdList.from(IDS);
  LABELS.forEach((label, i) => {
    insert.run(bytes.slice(i * 16, (i + 1) * 16), label, picture(label));
  });
  database.close();
}

/** Writes both pictures into a new table of Cassandra. */
export async function fillCassandra(server: TestServer, table: string): Promise<void> {
  await using client = await connect(server);
  await createTable(client, table);
  const rows = LABELS.map((label, i) => ({
    id: IDS[i],
    label,
    data: picture(label),
    mask: null,
  }));
  await putRows(client, table, rows);
}
