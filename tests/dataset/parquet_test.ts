import { assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import {
  IdList,
  ingest,
  listSqlite,
  parquetInput,
  pathId,
  readNpy,
  SqliteSource,
  SqliteWriter,
  UsageError,
} from "../../mod.ts";
import { tempFolder } from "../../tools/temp.ts";

/**
 * Five rows in groups of two, as pyarrow writes them with Hugging Face's metadata: `image` is a
 * struct of a PNG and its path (row 2 lacks the bytes, row 3 the path), `label` a class of cat and
 * dog, `many` a list, `patient` a text (null in row 4), `age` a number.
 */
const file = (codec: string) => fromFileUrl(new URL(`parquet/${codec}.parquet`, import.meta.url));

Deno.test("Parquet files give pictures, classes and columns, in each codec", async () => {
  const columns = { patient: "text", age: "int" } as const;
  for (const codec of ["snappy", "zstd", "gzip", "brotli"]) {
    const path = join(tempFolder(), "set.sqlite");
    const input = await parquetInput([file(codec)], { columns });
    await using writer = new SqliteWriter(path, { columns });
    const report = await ingest(input, writer);
    assertEquals([report.written, report.classes], [4, ["cat", "dog"]]);
    assertEquals(report.rejected.map(({ path }) => path), [`${codec}/im2.png`]);
    await using source = await SqliteSource.open({ path });
    const names = ["im0.png", "im1.png", "00000003", "im4.png"];
    const ids = names.map((name) => pathId(`${codec}/${name}`));
    using batch = await source.fetch(new IdList(new Uint8Array(ids.flatMap((id) => [...id]))));
    assertEquals(names.map((_, i) => batch.label(i)), [0, 1, 0, 1]);
    assertEquals(batch.blob(0)[1], "P".charCodeAt(0));
    const list = listSqlite(path, { columns: ["patient", "age"] });
    assertEquals([...list.columns.get("patient")!].sort(), [null, "p0", "p1", "p3"].sort());
    assertEquals([...list.columns.get("age")!].map(Number).sort(), [1, 2, 4, 5]);
  }
});

Deno.test("lists of a Parquet file become arrays; what it lacks is named", async () => {
  const path = join(tempFolder(), "set.sqlite");
  const input = await parquetInput([file("snappy")], { labelColumn: "many" });
  await using writer = new SqliteWriter(path, { labelType: "blob" });
  assertEquals((await ingest(input, writer)).written, 4);
  await using source = await SqliteSource.open({ path, labelType: "blob" });
  using batch = await source.fetch(new IdList(pathId("snappy/im1.png")));
  const { data } = readNpy(batch.label(0) as Uint8Array<ArrayBuffer>);
  assertEquals([...data as Int32Array], [0, 1]);
  const picture = () => parquetInput([file("snappy")], { imageColumn: "picture" });
  await assertRejects(picture, UsageError, '"image", "label", "patient", "many", "age"');
  const none = fromFileUrl(import.meta.url);
  await assertRejects(() => parquetInput([none]), UsageError, "parquet_test.ts");
});
