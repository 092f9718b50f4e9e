import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { chooseSync } from "../../src/jpeg/entropy_path.ts";
import { Preparer } from "../../src/jpeg/prepare.ts";
import { tuningFor } from "../../src/jpeg/tuning.ts";
import { assertPathsAgree } from "./coefficients.ts";
import {
  assertSame,
  cjpeg,
  difference,
  djpeg,
  draw,
  findMarker,
  openDevice,
  type Picture,
  random,
  readAll,
} from "./support.ts";

const PATHS = ["segment", "sync"] as const;

async function check(files: Uint8Array[], names: string[]): Promise<void> {
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device, { entropy: "sync" });
  using images = await decoder.decode(files);
  await assertSame(images, files, names);
  await assertPathsAgree(test.device, files);
}

/** One shade, with a noisy square somewhere: its blocks are alike, so that pieces go out of step. */
function flat(width: number, height: number, channels: number, square: number): Picture {
  const picture = draw(width, height, 5, channels, 250);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x >= square && x < 2 * square && y >= square && y < 2 * square) continue;
      picture.data.fill(77, (y * width + x) * channels, (y * width + x + 1) * channels);
    }
  }
  return picture;
}

Deno.test("self-synchronising decode equals djpeg for pictures of many subsequences", async () => {
  const samplings = ["1x1", "2x1", "1x2", "2x2", "4x1", "2x2,2x1,1x2"];
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (const [i, sampling] of samplings.entries()) {
    for (const restart of ["0", "3"]) {
      const args = ["-sample", sampling, "-quality", `${60 + 7 * i}`, "-restart", restart];
      files.push(await cjpeg(draw(300 + i, 200 + i, i, 3, 90), ...args));
      names.push(args.join(" "));
    }
  }
  files.push(await cjpeg(draw(300, 200, 9, 1, 90), "-quality", "95"));
  await check(files, [...names, "grey"]);
});

Deno.test("what does not synchronise by itself is decoded in order", async () => {
  const files = [
    await cjpeg(flat(1500, 1100, 3, 100)),
    await cjpeg(flat(2000, 1500, 1, 30)),
    await cjpeg(flat(1500, 700, 3, 200), "-sample", "1x1", "-optimize"),
  ];
  await check(files, ["4:2:0", "grey", "4:4:4, optimised"]);
});

Deno.test("a scan whose components share all tables goes by segment", async () => {
  const file = await cjpeg(draw(320, 240, 3), "-rgb");
  const own = await cjpeg(draw(320, 240, 3));
  await using test = await openDevice();
  const tuning = tuningFor(test.device);
  const { limits } = test.device;
  const preparer = new Preparer({
    maxPixels: 1e6,
    maxScans: 100,
    turn: true,
    maxBinding: limits.maxStorageBufferBindingSize,
    maxBuffer: limits.maxBufferSize,
  });
  const { decodables, lexed } = preparer.prepare([file, own], 0, limits.maxBufferSize);
  const chosen = chooseSync(decodables, lexed, tuning, "sync");
  assertEquals(decodables.map(({ frame }) => chosen.has(frame.scans[0])), [false, true]);
  assertEquals(chooseSync(decodables, lexed, tuning, "segment").size, 0);
  await check([file, own], ["RGB", "YCbCr"]);
});

Deno.test("few large segments synchronise, many small ones do not", async () => {
  const large = await cjpeg(draw(900, 700, 3, 3, 120), "-quality", "95");
  const small = await cjpeg(draw(900, 700, 3, 3, 120), "-quality", "95", "-restart", "1");
  await using test = await openDevice();
  const tuning = tuningFor(test.device);
  const { limits } = test.device;
  const preparer = new Preparer({
    maxPixels: 1e6,
    maxScans: 100,
    turn: true,
    maxBinding: limits.maxStorageBufferBindingSize,
    maxBuffer: limits.maxBufferSize,
  });
  const choose = (files: Uint8Array[]) => {
    const { decodables, lexed } = preparer.prepare(files, 0, limits.maxBufferSize);
    return chooseSync(decodables, lexed, tuning, "auto").size;
  };
  assertEquals(choose([large]), 1);
  assertEquals(choose([small]), 0);
  assertEquals(choose(new Array(tuning.cpu ? 64 : 1).fill(small)), 0);
  if (tuning.cpu) assertEquals(choose(new Array(tuning.lanes * 2).fill(large)), 0);
});

Deno.test("damaged files end, and are found damaged on both paths alike", async () => {
  const next = random(11);
  const good = await cjpeg(draw(260, 190, 2, 3, 120), "-quality", "90");
  const files: Uint8Array[] = [];
  for (let i = 0; i < 24; i++) {
    const file = (await cjpeg(
      draw(200 + i, 150, i, i % 4 ? 3 : 1, 120),
      ...["-quality", "90", "-restart", i % 3 ? "0" : "2"],
    )).slice(0, i % 5 === 4 ? -2000 : undefined);
    const begin = findMarker(file, 0xda) + 14;
    for (let n = i % 5 === 4 ? 0 : 1 + i % 7; n > 0; n--) {
      const at = begin + Math.floor(next() * (file.length - begin - 2));
      // Neither a marker made nor one destroyed: the lexer has its own tests.
      const byte = file[at] ^ 1 << Math.floor(next() * 8);
      if (file[at - 1] !== 0xff && file[at] !== 0xff && byte !== 0xff) file[at] = byte;
    }
    files.push(file, good);
  }
  const expected = await djpeg(good);
  await using test = await openDevice();
  const found: boolean[][] = [];
  for (const entropy of PATHS) {
    using decoder = new JpegDecoder(test.device, { entropy });
    using images = await decoder.decode(files);
    const errors = await images.verify();
    found.push(errors.map((error) => error !== undefined));
    const neighbours = files.keys().filter((i) => i % 2 === 1).toArray();
    const read = await readAll(images, neighbours);
    assertEquals(neighbours.filter((i) => difference(read[i], expected)), []);
  }
  assertEquals(found[1], found[0]);
  assert(found[0].some((bad) => bad), "some must be damaged beyond use");
  assert(found[0].every((bad, i) => i % 2 === 0 || !bad), "no neighbour is touched");
});

Deno.test("the decoder refuses a wrong entropy option", async () => {
  await using test = await openDevice();
  assertThrows(
    () => new JpegDecoder(test.device, { entropy: "both" as "auto" }),
    UsageError,
    "entropy",
  );
});
