import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { memoryAtSizes } from "../../bench/ingest_memory.ts";
import { type DatasetSchema, pathId, SqliteWriter, verifySqlite } from "../../mod.ts";
import { notRun } from "../../tools/not_run.ts";
import { tempFolder } from "../../tools/temp.ts";

const FLAT = "memory does not grow with the rows while they are ingested and listed";

Deno.test({
  name: FLAT,
  ignore: notRun(FLAT, Deno.build.os === "linux" ? undefined : "only Linux tells a peak in /proc"),
  async fn() {
    const [few, many] = await memoryAtSizes([20_000, 200_000]);
    // Some room, as garbage is collected when V8 pleases; it was 1.8 when memory did grow.
    const most = 1.5;
    assert(many.ingest < most * few.ingest, `ingest: ${many.ingest} and ${few.ingest} MiB`);
    assert(many.listFile < most * few.listFile, `list: ${many.listFile} and ${few.listFile} MiB`);
  },
});

Deno.test("a transaction ends when the pages that it changed near 32 MiB", async () => {
  const path = join(tempFolder(), "set.sqlite");
  const schema: DatasetSchema = { columns: { patient: "text" }, partitionBy: ["patient"] };
  const count = 18_000;
  let largest = 0;
  {
    await using writer = new SqliteWriter(path, schema);
    await writer.createTables();
    for (let i = 0; i < count; i++) {
      const id = pathId(`${i}`);
      // Wide enough that the index of a few thousand records has more pages than that.
      const columns = { patient: id.toHex().repeat(120) };
      const record = { id, path: `${i}`, className: "", label: 0, data: Uint8Array.of(i), columns };
      await writer.write(record);
      if (i % 16 > 0) continue;
      const journal = await Deno.stat(`${path}-journal`).catch(() => undefined);
      largest = Math.max(largest, journal?.size ?? 0);
    }
  }
  assert(largest > 28 << 20 && largest < 36 << 20, `a journal of ${largest} bytes`);
  assertEquals(verifySqlite(path, schema).dataRows, count);
});
