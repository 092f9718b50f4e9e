import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { CpuDecoder } from "../../src/codec/cpu_decoder.ts";
import { contentHash, formatId, pathId, SqliteWriter } from "../../mod.ts";
import { cjpeg, djpeg, draw, withSegment } from "../jpeg/support.ts";
import { cassette } from "./command.ts";
import { tempFolder } from "../../tools/temp.ts";

/** APP1 with an EXIF directory of one entry, the orientation, in big endian. */
function exif(orientation: number): Uint8Array {
  return Uint8Array.of(
    ...new TextEncoder().encode("Exif\0\0MM"),
    ...[0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
  );
}

const NAME = "fox/a\x1b[2J.jpg";

Deno.test("cassette show tells what is stored of a sample, and writes its picture", async () => {
  const folder = tempFolder();
  const path = join(folder, "set.sqlite");
  const file = await cjpeg(draw(40, 24));
  const data = withSegment(file, 0xe1, exif(6));
  const columns = { patient: "text" } as const;
  {
    await using writer = new SqliteWriter(path, { columns });
    await writer.createTables();
    await writer.numberClasses([{ name: "fox", label: 3 }], "given");
    const record = { id: pathId(NAME), path: NAME, className: "fox", label: 3, data };
    await writer.write({ ...record, columns: { patient: "p7" } });
    const other = "fox/text.jpg";
    await writer.write({
      id: pathId(other),
      path: other,
      className: "fox",
      label: 3,
      data: new TextEncoder().encode("no picture"),
    });
  }
  const out = join(folder, "fox.png");
  const id = formatId(pathId(NAME));
  const json = await cassette(["show", id, "--sqlite", path, "--json", "--out", out]);
  assertEquals(json.code, 0, json.err.join("\n"));
  assertEquals(JSON.parse(json.out), {
    id,
    path: NAME,
    class: "fox",
    label: 3,
    bytes: data.length,
    format: "JPEG",
    width: 40,
    height: 24,
    orientation: 6,
    hash: contentHash(data).toHex(),
    hashIsEqual: true,
    columns: { patient: "p7" },
    error: null,
  });
  // A quarter turn clockwise: the first row is the first column, from below.
  using decoder = new CpuDecoder();
  const written = await Deno.readFile(out);
  const png = decoder.header(written);
  const words = await decoder.picture(written, png, png.width);
  const whole = await djpeg(file);
  assertEquals([png.width, png.height], [24, 40]);
  for (let y = 0; y < 40; y++) {
    for (let x = 0; x < 24; x++) {
      const [word, from] = [words[y * 24 + x], ((23 - x) * 40 + y) * 3];
      for (let c = 0; c < 3; c++) assertEquals(word >>> 8 * c & 255, whole.data[from + c]);
    }
  }
  const before = await Deno.readFile(out);
  const again = await cassette(["show", id, "--sqlite", path, "--out", out]);
  assertEquals([again.code, again.out], [1, ""]);
  assertStringIncludes(again.err[0], out);
  assertEquals(await Deno.readFile(out), before);

  // By its path, in text; the blob was changed behind the metadata.
  using database = new DatabaseSync(path);
  database.prepare("UPDATE data SET data = x'ffd8ff' WHERE id = ?").run(pathId(NAME));
  const plain = await cassette(["show", NAME, "--sqlite", path]);
  assertEquals(plain.code, 1);
  for (
    const line of [
      `id: ${id}`,
      "path: fox/a\\u{1b}[2J.jpg",
      "label: 3 (fox)",
      "blob: no picture, 3 bytes",
      "not the blob's",
      "patient: p7",
    ]
  ) assertStringIncludes(plain.out, line);
  assert(!plain.out.includes("\x1b"), plain.out);
});

Deno.test("cassette show names what is not there, and what is no picture", async () => {
  const path = join(tempFolder(), "set.sqlite");
  {
    await using writer = new SqliteWriter(path, { labelType: "blob" });
    await writer.createTables();
    const data = new TextEncoder().encode("no picture");
    const record = { id: pathId("a.jpg"), path: "a.jpg", className: "", data };
    await writer.write({ ...record, label: Uint8Array.of(1, 2, 3) });
  }
  const target = ["--sqlite", path, "--label-type", "blob"];
  const none = await cassette(["show", "b.jpg", ...target]);
  assertEquals([none.code, none.out], [1, ""]);
  assertStringIncludes(none.err[0], `a row of ${formatId(pathId("b.jpg"))}: received none`);
  const text = await cassette(["show", "a.jpg", ...target, "--json"]);
  assertEquals(text.code, 1);
  const { label, format, error } = JSON.parse(text.out);
  assertEquals([label, format], [{ bytes: 3 }, null]);
  assertStringIncludes(error, "no picture");
});
