import { assert, assertEquals } from "@std/assert";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { Lexer } from "../../src/jpeg/lex.ts";
import { parseJpeg } from "../../src/jpeg/parse.ts";
import { footprint } from "../../src/jpeg/plan.ts";
import { cacheShares } from "../../src/jpeg/shares.ts";
import { TableCache } from "../../src/jpeg/tables.ts";
import { assertSame, cjpeg, draw, openDevice } from "./support.ts";

const SIDE = 400;

/** Files of many lengths, the longest neither first nor last. */
async function files(count: number): Promise<Uint8Array[]> {
  const made: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const args = ["-quality", String(30 + i * 29 % 70), ...i % 3 === 0 ? ["-progressive"] : []];
    made.push(await cjpeg(draw(SIDE, SIDE - i, i), ...args));
  }
  return made;
}

Deno.test("shares have every picture once, segments for all lanes, and like lengths", async () => {
  const lexer = new Lexer();
  const options = { maxPixels: 1 << 20, maxScans: 100, tables: new TableCache() };
  const members = (await files(19)).map((file, index) => {
    return { index, bytes: file.length, frame: parseJpeg(lexer, lexer.push(file), file, options) };
  });
  const one = footprint(members[0].frame).coefficients;
  const shares = cacheShares(members, lexer, { lanes: 4, cacheBytes: one * 2 });
  assertEquals(shares.map((share) => share.length), [4, 4, 4, 4, 3]);
  assertEquals(shares.flat().map(({ index }) => index).sort((a, b) => a - b), [
    ...Array(19).keys(),
  ]);
  const plain = shares.map((share) => share.filter(({ frame }) => frame.scans.length === 1));
  for (let i = 1; i < shares.length; i++) {
    assert(shares[i].every(({ index }, at) => at === 0 || index > shares[i][at - 1].index));
    for (const { bytes } of plain[i]) {
      assert(plain[i - 1].every((longer) => longer.bytes > bytes * 0.95));
    }
  }
  assertEquals(cacheShares(members, lexer, { lanes: 4, cacheBytes: one * 20 }), [members]);
});

Deno.test("a batch larger than the cache is decoded whole", async () => {
  const batch = await files(36);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(batch);
  await assertSame(images, batch, batch.map((_, i) => `file ${i}`));
});
