import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { CorruptJpegError, LimitsError, UnsupportedJpegError } from "../../src/errors.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { assemble, fromGrey, join, pieces, segment } from "./handmade.ts";
import {
  assertSame,
  cjpeg,
  difference,
  djpeg,
  draw,
  findMarker,
  openDevice,
  withSegment,
} from "./support.ts";

/** Decodes files that djpeg decodes without a warning, and compares. */
async function assertEqual(cases: Record<string, Uint8Array>, quiet = true): Promise<void> {
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const files = Object.values(cases);
  using images = await decoder.decode(files);
  await assertSame(images, files, Object.keys(cases));
  if (quiet) assertEquals(images.warnings.flat(), []);
}

/** Decodes files that djpeg warns of: each gives a picture and a warning that says what is odd. */
async function assertWarned(cases: [Uint8Array, RegExp][]): Promise<void> {
  const told: string[] = [];
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device, { onWarning: (message) => told.push(message) });
  using images = await decoder.decode(cases.map(([file]) => file));
  assertEquals((await images.verify()).map((error) => error?.message), cases.map(() => undefined));
  for (const [i, [file, message]] of cases.entries()) {
    assertEquals((await djpeg(file)).code, 2, `${message}`);
    assertMatch(images.warnings[i].join("\n"), message);
    assert(told.some((line) => line.startsWith(`sample ${i}: `) && message.test(line)));
  }
}

Deno.test("segments that libjpeg-turbo skips may have any length", async () => {
  const file = await cjpeg(draw(30, 20));
  const bare = (code: number, length: number) =>
    join(file.subarray(0, 2), [0xff, code, 0, length], file.subarray(2));
  await assertEqual({
    "APP5 of length 0": bare(0xe5, 0),
    "comment of length 1": bare(0xfe, 1),
    "APP0 of length 0": bare(0xe0, 0),
    "APP14 of length 1": bare(0xee, 1),
    "RST and TEM before the frame": join(
      file.subarray(0, 2),
      [0xff, 0xd3, 0xff, 1],
      file.subarray(2),
    ),
  });
});

Deno.test("fill bytes, trailing garbage and embedded thumbnails change nothing", async () => {
  const file = await cjpeg(draw(60, 40), "-restart", "2");
  const thumbnail = await cjpeg(draw(16, 16, 9), "-grayscale");
  const restart = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xd1);
  const frame = findMarker(file, 0xc0) - 1;
  const fill = new Array(5).fill(0xff);
  await assertEqual({
    "fill bytes before the frame": join(file.subarray(0, frame), fill, file.subarray(frame)),
    "fill bytes before RST1": join(file.subarray(0, restart), fill, file.subarray(restart)),
    "fill bytes before EOI": join(file.subarray(0, -2), fill, file.subarray(-2)),
    "garbage after EOI": join(file, draw(10, 10).data),
    "a second picture after EOI": join(file, thumbnail),
    "a thumbnail": withSegment(file, 0xe1, join([0x45, 0x78, 0x69, 0x66, 0, 0], thumbnail)),
    "several APPn": withSegment(
      withSegment(withSegment(file, 0xe2, thumbnail), 0xed, draw(9, 9).data),
      0xfe,
      new Uint8Array(65533),
    ),
  });
});

Deno.test("standard tables stand in where a sequential file has none", async () => {
  const strip = async (...args: string[]) =>
    assemble(
      pieces(await cjpeg(draw(50, 37), ...args)).filter(({ code }) =>
        code !== 0xc4 && code !== 0xd9
      ),
    );
  await assertEqual({ baseline: await strip(), grey: await strip("-grayscale") });
  const progressive = await strip("-progressive");
  assertEquals((await djpeg(progressive)).code, 1);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([progressive]);
  assertMatch(images.errors[0]!.message, /must use Huffman tables that are defined: received DC/);
});

Deno.test("a component may be coded by two sequential scans, or by none", async () => {
  const parts = [];
  for (const [h, v, seed] of [[2, 2, 1], [1, 1, 2], [1, 1, 3]]) {
    const file = await cjpeg(draw(20 * h, 16 * v, seed, 1), "-grayscale", "-quality", "85");
    parts.push({ h, v, file });
  }
  const whole = pieces(fromGrey(40, 32, parts)).filter(({ code }) => code !== 0xd9);
  const scans = whole.map(({ code }, i) => code === 0xda ? i : -1).filter((i) => i >= 0);
  const without = (scan: number) => assemble(whole.filter((_, i) => i !== scans[scan]));
  const again = pieces(await cjpeg(draw(40, 32, 8, 1), "-grayscale", "-quality", "70"));
  const second = again.filter(({ code }) => code === 0xda);
  await assertEqual({
    "no scan of Y": without(0),
    "no scan of Cr": without(2),
    "only a scan of Cb": assemble(whole.filter((_, i) => i !== scans[0] && i !== scans[2])),
    "Y twice": assemble([...whole, ...second]),
    "Y three times": assemble([...whole, ...second, whole[scans[0]]]),
  });
});

Deno.test("tables may be redefined between scans", async () => {
  const parts = [];
  for (const [i, quality] of [95, 40, 75].entries()) {
    const file = await cjpeg(
      draw(41, 35, i, 1),
      "-grayscale",
      "-optimize",
      "-quality",
      `${quality}`,
      ...(i ? ["-restart", `${i}B`] : []),
    );
    parts.push({ h: 1, v: 1, file });
  }
  const progressive = [];
  for (const { file, ...factors } of parts) {
    const quality = file.length % 2 ? "80" : "90";
    const other = await cjpeg(draw(41, 35, file.length, 1), "-progressive", "-quality", quality);
    progressive.push({ ...factors, file: other });
  }
  await assertEqual({
    "sequential": fromGrey(41, 35, parts),
    "progressive": fromGrey(41, 35, progressive),
  });
});

Deno.test("a DNL marker after the scan is skipped where the frame has a height", async () => {
  const file = await cjpeg(draw(30, 20));
  const dnl = join(file.subarray(0, -2), segment(0xdc, [0, 20]), file.subarray(-2));
  await assertEqual({ dnl }, false);
  const left = dnl.slice();
  left.fill(0, findMarker(left, 0xc0) + 4, findMarker(left, 0xc0) + 6);
  const wide = file.slice();
  wide.set([0, 1, 0xff, 0xff], findMarker(wide, 0xc0) + 4);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([left, wide]);
  assertInstanceOf(images.errors[0], UnsupportedJpegError);
  assertMatch(images.errors[0]!.message, /DNL/);
  assertInstanceOf(images.errors[1], LimitsError);
  assertMatch(images.errors[1]!.message, /at most 65500: received 65535×1/);
});

Deno.test("what djpeg warns of is a picture with a warning", async () => {
  const file = await cjpeg(draw(60, 40));
  const frame = findMarker(file, 0xc0) - 1;
  const major = file.slice();
  major[findMarker(file, 0xe0) + 8] = 2;
  const band = file.slice();
  band[findMarker(file, 0xda) + 10] = 5;
  const junk = new Array(40).fill(7);
  await assertWarned([
    [join(file.subarray(0, frame), [1, 2, 3], file.subarray(frame)), /received 3 extraneous bytes/],
    [join(file.subarray(0, frame), [0xff, 0], file.subarray(frame)), /received 1 extraneous bytes/],
    [join(file.subarray(0, -2), junk, file.subarray(-2)), /received extraneous bytes after it/],
    [file.subarray(0, -2), /must have an EOI marker/],
    [major, /JFIF version must be 1: received 2/],
    [band, /scan parameters must be 0, 63 and 0 .* received 5, 63 and 0/],
  ]);
});

Deno.test("a code that its table does not have is a warning, or an error where data runs out", async () => {
  // Grey zero blocks (00 1010), then a code of ones only, which no table has.
  const file = await cjpeg(draw(64, 64, 1, 1), "-grayscale");
  const scan = pieces(file).find(({ code }) => code === 0xda)!.bytes.subarray(0, 10);
  const head = pieces(file).filter(({ code }) => code !== 0xda && code !== 0xd9);
  // An AC code of 16 ones and the bit that libjpeg-turbo reads after it, which end the block.
  const bits = "001010".repeat(10) + "00" + "1".repeat(17) + "001010".repeat(53);
  const data = (bits + "1111111").slice(0, Math.ceil(bits.length / 8) * 8).match(/.{8}/g)!
    .flatMap((byte) => byte === "11111111" ? [255, 0] : [parseInt(byte, 2)]);
  const bad = assemble([...head, join(scan, data)]);
  const cut = assemble([...head, join(scan, data.slice(0, 30))]);
  await assertWarned([[bad, /must use codes of its Huffman tables/]]);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([bad, cut]);
  const errors = await images.verify();
  assertEquals(difference(await images.read(0), await djpeg(bad)), undefined);
  assertInstanceOf(errors[1], CorruptJpegError);
  assertMatch(errors[1]!.message, /truncated|too few bits/);
});
