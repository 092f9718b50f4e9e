import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { SqliteWriter } from "../../mod.ts";
import { inspectJpeg } from "../../src/jpeg/inspect.ts";
import { cjpeg, draw } from "../jpeg/support.ts";
import { cassette } from "./command.ts";
import { tempFolder } from "../../tools/temp.ts";

Deno.test("cassette inspect says what a file consists of, and how it would be decoded", async () => {
  const dir = tempFolder();
  try {
    const good = join(dir, "good.jpg");
    const text = join(dir, "text.jpg");
    await Deno.writeFile(good, await cjpeg(draw(130, 70), "-restart", "3B"));
    await Deno.writeTextFile(text, "no picture");
    const plain = await cassette(["inspect", good]);
    assertEquals(plain.code, 0, plain.err.join("\n"));
    for (
      const part of [
        "frame: 130×70, baseline, YCbCr, orientation 1, kernels 420",
        "component 1: sampling 2×2, quantisation table 0, 130×70 samples, 17×9 blocks",
        "component 3: sampling 1×1, quantisation table 1, 65×35 samples, 9×5 blocks",
        "table: Huffman AC 1, 162 codes",
        "scan 0: components 1, 2, 3, DC tables 0, 1, 1, AC tables 0, 1, 1, coefficients 0–63",
        "9×5 MCUs, restart every 3 MCUs, 15 segments",
        "it goes by segment: its longest segment has",
      ]
    ) assertStringIncludes(plain.out, part);
    const json = await cassette(["inspect", "--json", text, good, join(dir, "missing.jpg")]);
    assertEquals(json.code, 1);
    const [first, second] = json.out.trim().split("\n").map((line) => JSON.parse(line));
    assertStringIncludes(first.error, 'text ("no picture")');
    assertEquals(first.scans, []);
    assertEquals(second.frame.components.length, 3);
    assertEquals(second.scans[0].segments, 15);
    assertStringIncludes(json.err[0], "missing.jpg: NotFound");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("cassette inspect shows the classes of a data set by their numbers", async () => {
  const path = join(tempFolder(), "set.sqlite");
  {
    await using writer = new SqliteWriter(path);
    await writer.createTables();
    await writer.numberClasses(
      [{ name: "cat", label: 0 }, { name: "d\x1bog", label: 11 }],
      "given",
    );
  }
  const plain = await cassette(["inspect", "--sqlite", path]);
  assertEquals(
    plain.out,
    `${path}: 2 classes in table "metadata_classes"\n   0  cat\n  11  d\\u{1b}og\n`,
  );
  const json = await cassette(["inspect", "--sqlite", path, "--json"]);
  const { classes } = JSON.parse(json.out);
  assertEquals(classes, [{ label: 0, name: "cat" }, { label: 11, name: "d\x1bog" }]);
  const both = await cassette(["inspect", path, "--sqlite", path]);
  assertEquals([both.code, both.out], [1, ""]);
  assertStringIncludes(both.err[0], "received both");
});

Deno.test("inspection takes broken files", async () => {
  const file = await cjpeg(draw(64, 64));
  for (let length = 0; length < file.length; length += 7) {
    const report = inspectJpeg(file.subarray(0, length));
    assertEquals(report.bytes, length);
    assert(report.error !== undefined || report.warnings.length > 0);
  }
});
