import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { LimitsError } from "../../src/errors.ts";
import { orderChunks } from "../../src/jpeg/chunk_runs.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import type { JpegDecoderOptions } from "../../src/jpeg/options.ts";
import { buildHuffman } from "../../src/jpeg/huffman.ts";
import type { Tuning } from "../../src/jpeg/stage.ts";
import * as hostile from "./hostile.ts";
import { assemble } from "./handmade.ts";
import { cjpeg, difference, djpeg, draw, limitBinding, openDevice } from "./support.ts";

const GOOD = await cjpeg(draw(60, 40, 9), "-sample", "2x2");

interface Fate {
  error: Error | undefined;
  warnings: readonly string[];
  /** Where the picture is not djpeg's. */
  wrong: string | undefined;
}

/** Decodes files with good ones between them, which must be as djpeg has them. */
async function amongNeighbours(
  files: Uint8Array[],
  { binding, ...options }: JpegDecoderOptions & { binding?: number } = {},
): Promise<Fate[]> {
  await using test = await openDevice();
  if (binding !== undefined) limitBinding(test.device, binding);
  using decoder = new JpegDecoder(test.device, options);
  const blobs = [GOOD, ...files.flatMap((file) => [file, GOOD])];
  using images = await decoder.decode(blobs);
  const errors = await images.verify();
  const good = await djpeg(GOOD);
  const fates: Fate[] = [];
  for (const [i, file] of blobs.entries()) {
    const error = errors[i];
    const wrong = error
      ? undefined
      : difference(await images.read(i), file === GOOD ? good : await djpeg(file));
    if (file !== GOOD) fates.push({ error, warnings: images.warnings[i], wrong });
    else assertEquals([error, wrong], [undefined, undefined], `neighbour ${i}`);
  }
  return fates;
}

/** Asserts that files are decoded as djpeg decodes them. */
async function assertEqualPictures(
  files: Uint8Array[],
  options: JpegDecoderOptions & { binding?: number } = {},
): Promise<void> {
  for (const { error, wrong } of await amongNeighbours(files, options)) {
    assertEquals([error, wrong], [undefined, undefined]);
  }
}

Deno.test("scans of every kind are counted, and more than maxScans are LimitsError", async () => {
  const fates = await amongNeighbours([
    hostile.sequentialScans(8, 8, 50_000),
    hostile.refinements(64, 64, 3000),
    repeated(101),
  ]);
  for (const { error } of fates) {
    assertInstanceOf(error, LimitsError);
    assertMatch(error.message, /must have at most maxScans = 100 scans: received another at byte/);
  }
});

Deno.test("as many scans as maxScans allows are decoded as djpeg decodes them", async () => {
  await assertEqualPictures([
    hostile.sequentialScans(20, 9, 100),
    hostile.refinements(64, 64, 98),
    hostile.tables(30, 20, 100),
  ]);
  await assertEqualPictures([hostile.sequentialScans(8, 8, 120)], { maxScans: 120 });
});

/** A progressive picture whose first DC scan comes again and again, as if it were the first. */
function repeated(times: number): Uint8Array {
  const scan = hostile.scan(hostile.zeros(64, 1), { last: 0 });
  const parts = [hostile.DQT, hostile.frame(0xc2, 64, 64), hostile.DHT];
  return assemble([...parts, ...new Array(times).fill(scan)]);
}

Deno.test("a Huffman table of any content takes 7 KB at most on the GPU", () => {
  const symbols = Array.from({ length: 256 }, (_, i) => i);
  let most = 0;
  for (let from = 9; from < 16; from++) {
    for (let to = from; to < 16; to++) {
      const counts = new Array(16).fill(0);
      counts[from] = 150;
      counts[to] += 100;
      most = Math.max(most, buildHuffman(counts, symbols, "ac").lookup.length * 4);
    }
  }
  const each = [0, 0, 0, 0, 0, 0, 0, 0, 0, 35, 36, 37, 37, 37, 37, 37];
  most = Math.max(most, buildHuffman(each, symbols, "ac").lookup.length * 4);
  assert(most < 7168, `${most} bytes`);
});

Deno.test("of thousands of warnings the first are kept, and the rest is counted", async () => {
  const junk = new Uint8Array(50_000);
  for (let i = 0; i < junk.length; i += 5) junk.set([0xff, 0xfe, 0, 2, 7], i);
  const [{ error, warnings, wrong }] = await amongNeighbours([
    hostile.withMarkers(GOOD, junk, 1),
  ]);
  assertEquals([error, wrong], [undefined, undefined]);
  assertEquals(warnings.length, 21);
  assertEquals(warnings[20], "9980 more oddities, of which the first 20 are told");
});

Deno.test("more markers than any picture has are LimitsError", async () => {
  const markers = [[0xff, 0xd0], [0xff, 0x01], [0xff, 0xfe, 0, 2], [0xff, 0xe5, 0, 3, 1]];
  const files = markers.map((marker) => hostile.withMarkers(GOOD, marker, 70_000));
  for (const { error } of await amongNeighbours(files)) {
    assertInstanceOf(error, LimitsError);
    assertMatch(error.message, /must have at most 65536 markers and 4194304 restart segments/);
  }
});

Deno.test("restart segments whose records exceed a binding are decoded in several runs", async () => {
  const progressive = ["-restart", "1", "-progressive", "-sample", "1x1"];
  const files = [
    hostile.restartEachBlock(400, 300),
    await cjpeg(draw(70, 55, 4), ...progressive.with(1, "1B")),
  ];
  for (const entropy of ["segment", "sync"] as const) {
    await assertEqualPictures(files, { binding: 48_000, entropy });
  }
});

Deno.test("chunks are launched in numbers that are linear in their turns", () => {
  const count = 300_000;
  const turns = new Float64Array(count).fill(100);
  for (let i = 0; i < 10; i++) turns[7 * i] = Math.round(1e8 / (i + 1));
  const tuning = { entropy: 8, lanes: 16, cap: 50_000 } as Tuning;
  const dispatchesOf = (turns: number) => Math.ceil(turns / tuning.cap);
  for (const most of [1e9, 10_000]) {
    const { places, runs } = orderChunks(turns, turns, most, tuning, dispatchesOf);
    assertEquals(new Set(places).size, count);
    let next = 0;
    let launched = 0;
    for (const run of runs) {
      assertEquals([run.first, run.first % 64], [next, 0]);
      assert(run.count <= most);
      next += run.count;
      launched += run.count * run.dispatches;
    }
    assertEquals(next, count);
    for (let i = 0; i < count; i++) {
      const run = runs.findLast(({ first }) => first <= places[i])!;
      assert(turns[i] <= run.turns && turns[i] <= run.dispatches * tuning.cap);
    }
    // Each chunk as often as it needs, and what is allowed in vain.
    assert(launched < 2 ** 23, `${launched} launched`);
  }
});
