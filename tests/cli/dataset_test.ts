import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { IdList, listSqlite, pathId, SqliteSource } from "../../mod.ts";
import { cassette } from "./command.ts";
import { tempFolder } from "../../tools/temp.ts";
import { pictureFolder } from "../dataset/pictures.ts";

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Width and height of a PNG file, from its header. */
function pngSize(png: Uint8Array): [number, number] {
  assertEquals([...png.subarray(0, 8)], PNG_SIGNATURE);
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
}

Deno.test("cassette ingest fills SQLite from a folder per class, and twice doubles nothing", async () => {
  const dir = await pictureFolder(8);
  await Deno.writeTextFile(join(dir, "disc", "broken.jpg"), "no picture");
  await Deno.writeTextFile(join(dir, "disc", "notes.txt"), "not even named as one");
  const sqlite = join(tempFolder(), "set.sqlite");
  for (let round = 0; round < 2; round++) {
    const { code, out, err } = await cassette(["ingest", dir, "--sqlite", sqlite, "--json"]);
    assertEquals(code, 1);
    const report = JSON.parse(out);
    assertEquals([report.written, report.unchanged], round === 0 ? [8, 0] : [0, 8]);
    assertEquals(report.rejected, ["disc/broken.jpg"]);
    assertEquals(report.classes, ["checks", "disc", "ring", "stripes"]);
    assertStringIncludes(err.join("\n"), "disc/broken.jpg: UnsupportedFormatError: ");
    const [rejected] = (await Deno.readTextFile(`${sqlite}.rejected.jsonl`)).split("\n");
    assertEquals(JSON.parse(rejected).path, "disc/broken.jpg");
  }
  await Deno.remove(join(dir, "disc", "broken.jpg"));
  assertEquals((await cassette(["ingest", dir, "--sqlite", sqlite])).code, 0);
  assert(!existsSync(`${sqlite}.rejected.jsonl`), "what was left out before is still listed");
  const list = listSqlite(sqlite);
  assertEquals(list.ids.length, 8);
  assertEquals([...list.labels].sort(), [0, 0, 1, 1, 2, 2, 3, 3]);
  assertEquals(list.classes.get(1), "disc");
  await using source = await SqliteSource.open({ path: sqlite });
  using batch = await source.fetch(new IdList(pathId("disc/00000.jpg")));
  assertEquals(batch.blob(0), await Deno.readFile(join(dir, "disc/00000.jpg")));
  assertEquals(batch.label(0), 1);
});

Deno.test("cassette bench loads a data set and says how fast, and what it masked", async () => {
  const dir = await pictureFolder(6);
  const sqlite = join(dir, "set.sqlite");
  assertEquals((await cassette(["ingest", dir, "--sqlite", sqlite])).code, 0);
  const db = new DatabaseSync(sqlite);
  db.prepare("UPDATE data SET data = ? WHERE id = ?").run(
    new Uint8Array(9),
    pathId("disc/00000.jpg"),
  );
  db.close();
  const args = ["bench", "--sqlite", sqlite, "--batch-size", "4", "--epochs", "2"];
  const { code, out } = await cassette([...args, "--json"]);
  assertEquals(code, 0);
  const { images, rate, alone, stats } = JSON.parse(out);
  assertEquals([images, stats.batches, stats.source.requested], [12, 4, 12]);
  assertEquals(stats.skipped.length, 2);
  // The picture that is cut off is there until it is decoded.
  const { fetch, fetched, submit, gpu, ready } = stats.stages;
  for (
    const { samples, rate, latency: { p50, p99 }, depth } of [fetch, fetched, submit, gpu, ready]
  ) {
    assertEquals([samples, depth], [12, 0]);
    assert(rate > 0 && p50 > 0 && p99 >= p50);
  }
  assertEquals([fetch.bytes, submit.bytes], [stats.source.bytes, stats.source.bytes]);
  assertEquals(ready.bytes, 12 * 3 * 224 * 224 * 4);
  assert(rate > 0);
  assertEquals(alone.map(({ stage }: { stage: string }) => stage), ["fetch", "decode", "augment"]);
  const text = await cassette([...args, "--ordering", "samples", "--prefetch", "2"]);
  assertStringIncludes(text.out, "12 images in ");
  assertStringIncludes(text.out, "masked: ");
  for (const stage of Object.keys(stats.stages)) {
    assertMatch(text.out, new RegExp(`\n  ${stage} +12 `));
  }
  assertEquals((await cassette([...args, "--prefetch", "none"])).code, 2);
});

Deno.test("cassette sheet draws originals and variants of a data set", async () => {
  const dir = await pictureFolder(4);
  const sqlite = join(dir, "set.sqlite");
  assertEquals((await cassette(["ingest", dir, "--sqlite", sqlite])).code, 0);
  const out = join(dir, "sheet.png");
  const args = ["--sqlite", sqlite, "--out", out, "--variants", "2", "--size", "48"];
  const { code, err } = await cassette(["sheet", ...args]);
  assertEquals([code, err], [0, []]);
  // Gaps of 6 pixels, and captions of 22 below the pictures.
  assertEquals(pngSize(await Deno.readFile(out)), [6 + 3 * (48 + 6), 6 + 4 * (48 + 22 + 6)]);
});

Deno.test("cassette demo loads its pictures and sees every id once an epoch", async () => {
  const dir = await pictureFolder(40);
  const out = join(dir, "demo");
  const { code, out: text } = await cassette(["demo", "--pictures", dir, "--out", out]);
  assertEquals(code, 0);
  assertStringIncludes(text, "loaded: 120 images of 224×224");
  assertStringIncludes(text, "every id once in each of 3 epochs: yes");
  for (const stage of ["fetch", "decode", "augment"]) assertStringIncludes(text, `${stage} `);
  pngSize(await Deno.readFile(join(out, "sheet.png")));
});

Deno.test("cassette doctor says what is there, and fails where a data set is not", async () => {
  const { code, out } = await cassette(["doctor", "--json"]);
  assertEquals(code, 0);
  const findings = JSON.parse(out) as { what: string; ok: boolean }[];
  assert(findings.some(({ what, ok }) => what === "GPU" && ok));
  const missing = await cassette(["doctor", "--sqlite", "no-such.sqlite"]);
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.out, "no-such.sqlite");
});
