import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { readMask } from "../../src/codec/mask.ts";
import { readPng } from "../../src/codec/png.ts";
import { pngPixels } from "../../src/codec/png_pixels.ts";
import { LimitsError, UnsupportedFormatError } from "../../src/errors.ts";
import { CHANNELS, chunk, headerOf, pngOf, type PngParts, rowsOf, writePng } from "./png_writer.ts";

// Written by Pillow, which packs numbers of less than 8 bits: 7 × 5 pixels, i % 3 at pixel i.
const PALETTE_2_BITS =
  "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFAgMAAAD09B5LAAAACVBMVEUAAAD/AAAA/wD0g79+AAAAF0lEQVR4nGOU8GDxVGZSncIo4cHiqQwAEWwCXj2o5rUAAAAASUVORK5CYII=";
const THIRDS = Array.from({ length: 35 }, (_, i) => i % 3);

Deno.test("readPng spreads numbers of less than 8 bits, and gives the palette", () => {
  const png = readPng(Uint8Array.fromBase64(PALETTE_2_BITS));
  assertEquals([png.width, png.height, png.channels, png.depth], [7, 5, 1, 2]);
  assertEquals([...png.data], THIRDS);
  assertEquals(png.palette, [[0, 0, 0], [255, 0, 0], [0, 255, 0]]);
});

Deno.test("readPng reads every depth and number of channels that it is given", () => {
  for (const channels of [1, 2, 3, 4] as const) {
    for (const depth of [8, 16] as const) {
      const Numbers = depth === 8 ? Uint8Array : Uint16Array;
      const data = new Numbers(6 * channels);
      data.forEach((_, i) => data[i] = (i * 37) % 2 ** depth);
      const png = readPng(encode({ width: 3, height: 2, channels, depth, data }));
      assertEquals([png.channels, png.depth, png.data], [channels, depth, data]);
    }
  }
});

Deno.test("readPng says what is wrong with a file, and does not trust its size", () => {
  const file = Uint8Array.fromBase64(PALETTE_2_BITS);
  const vast = file.slice();
  new DataView(vast.buffer).setUint32(16, 65_500);
  new DataView(vast.buffer).setUint32(20, 65_500);
  assertThrows(() => readPng(vast), LimitsError, "received 65500×65500");
  const broken = file.slice();
  broken[60] ^= 1;
  for (const bad of [new Uint8Array(0), file.subarray(0, 20), file.subarray(0, 60), broken]) {
    assertThrows(() => readPng(bad), UnsupportedFormatError, "Cannot read a PNG file");
  }
});

const SIZES = [[1, 1], [1, 9], [9, 1], [2, 2], [3, 5], [5, 4], [8, 8], [17, 33]];
const SORTS = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ type: 0, depth })),
  ...[1, 2, 4, 8].map((depth) => ({ type: 3, depth })),
  ...[2, 4, 6].flatMap((type) => [8, 16].map((depth) => ({ type, depth }))),
];

/** A picture of a sort, with noise and slopes in it. */
function picture(width: number, height: number, { type, depth }: Pick<PngParts, "type" | "depth">) {
  const numbers = Uint16Array.from(
    { length: width * height * CHANNELS[type] },
    (_, i) => (i * 29 + (Math.imul(i, 2654435761) >>> 27)) % 2 ** depth,
  );
  const palette = Array.from({ length: 3 * 2 ** depth }, (_, i) => (i * 53) & 255);
  return { width, height, depth, type, numbers, ...type === 3 ? { palette } : {} };
}

for (const { type, depth } of SORTS) {
  Deno.test(`readPng reads colour type ${type} of ${depth} bits, with all filters, interlaced or not`, () => {
    for (const [width, height] of SIZES) {
      const parts = picture(width, height, { type, depth });
      for (const interlaced of [false, true]) {
        for (let first = 0; first < 5; first++) {
          const filter = (row: number) => (row * 2 + first) % 5;
          const png = readPng(writePng({ ...parts, interlaced, filter }));
          assertEquals([png.width, png.height, png.depth], [width, height, depth]);
          assertEquals([...png.data], [...parts.numbers], `${width}×${height} ${interlaced}`);
          assertEquals(png.palette?.flat(), parts.palette);
        }
      }
    }
  });
}

Deno.test("readPng agrees with libpng on files that it wrote, interlaced or not", async () => {
  const [width, height] = [33, 17];
  for (const colours of [2, 4, 16, 256, undefined]) {
    for (const progressive of [false, true]) {
      const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
        const index = Math.floor(i / 3) % (colours ?? 999);
        return (index * [251, 13, 1][i % 3]) & 255;
      });
      const raw = { width, height, channels: 3 as const };
      const options = colours ? { palette: true, colours, dither: 0 } : {};
      const file = await sharp(pixels, { raw }).png({ ...options, progressive }).toBuffer();
      const want = await sharp(file).removeAlpha().raw().toBuffer();
      const { words } = pngPixels(readPng(new Uint8Array(file)));
      const got = Array.from(want, (_, i) => words[Math.floor(i / 3)] >>> 8 * (i % 3) & 255);
      assertEquals(got, [...want], `${colours} colours, progressive ${progressive}`);
    }
  }
});

Deno.test("a PNG file that is not whole is refused wherever it is cut, and so is nonsense", () => {
  const rgb = picture(4, 3, { type: 2, depth: 8 });
  const rows = Uint8Array.from(rowsOf(rgb));
  const end = chunk("IEND", []);
  const file = (data: Uint8Array, ...more: Uint8Array[]) =>
    pngOf(headerOf(rgb), ...more, chunk("IDAT", new Uint8Array(deflateSync(data))), end);
  for (let length = 0; length < rows.length; length++) {
    const bad = () => readPng(file(rows.subarray(0, length)));
    assertThrows(bad, UnsupportedFormatError, `have ${rows.length} bytes of rows`);
  }
  const whole = writePng(rgb);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => readPng(whole.subarray(0, length)), UnsupportedFormatError);
  }
  const indexed = picture(4, 3, { type: 3, depth: 2 });
  const cases: [Uint8Array, string][] = [
    [writePng({ ...rgb, width: 0, numbers: [] }), "at least 1×1 pixels: received 0×3"],
    [writePng({ ...rgb, height: 0, numbers: [] }), "at least 1×1 pixels: received 4×0"],
    [writePng({ ...rgb, depth: 4 }), "go together: received 2 and 4 bits"],
    [writePng({ ...indexed, palette: undefined }), "have a palette"],
    [writePng({ ...indexed, palette: [1, 2] }), "be whole"],
    [writePng({ ...indexed, palette: [1, 2, 3] }), "index 1 not in palette"],
    [writePng({ ...rgb, filter: () => 5 }), "Unrecognised filter type - 5"],
    [file(rows, chunk("ABCD", [1])), "be whole"],
    [file(new Uint8Array(2 ** 17)), "data that can be inflated"],
    [pngOf(headerOf(rgb), chunk("IDAT", [1, 2]), end), "data that can be inflated"],
    [pngOf(headerOf(rgb), end), "data that can be inflated"],
    [pngOf(end, headerOf(rgb)), "begin with a PNG header"],
  ];
  for (const [bad, message] of cases) {
    const error = assertThrows(() => readPng(bad), UnsupportedFormatError, message);
    assertMatch(error.message, /^Cannot read a PNG file as it must .*: received /);
  }
  const extra = Uint8Array.from([...rows, 1, 2, 3]);
  assertEquals([...readPng(file(extra)).data], [...rgb.numbers]);
  // Colours that are only suggested are no palette.
  const suggested = readPng(file(rows, chunk("PLTE", [1, 2, 3])));
  assertEquals([suggested.palette, [...suggested.data]], [undefined, [...rgb.numbers]]);
});

Deno.test("readMask takes grey values and palette indices for classes", () => {
  const options = { classes: 3 };
  assertEquals(
    readMask(Uint8Array.fromBase64(PALETTE_2_BITS), options).classes,
    new Uint32Array(THIRDS),
  );
  const data = Uint16Array.of(0, 999, 70, 1);
  const file = encode({ width: 2, height: 2, channels: 1, depth: 16, data });
  assertEquals(readMask(file, { classes: 1000 }).classes, Uint32Array.of(0, 999, 70, 1));
});

Deno.test("readMask finds the classes of colours, and names what is none", () => {
  const data = Uint8Array.of(0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 255);
  const file = encode({ width: 2, height: 2, channels: 3, data });
  const colors = [[0, 0, 0], [255, 0, 0], [0, 0, 255]] as const;
  assertEquals(readMask(file, { classes: 3, colors }).classes, Uint32Array.of(0, 1, 1, 2));
  const cases = [
    [() => readMask(file, { classes: 3 }), "colors be given: received RGB"],
    [
      () => readMask(file, { classes: 3, colors: colors.slice(0, 2) }),
      "received #0000ff at column 1, row 1",
    ],
    [
      () => readMask(Uint8Array.fromBase64(PALETTE_2_BITS), { classes: 2 }),
      "below 2: received 2 at column 2, row 0",
    ],
  ] as const;
  for (const [read, message] of cases) assertThrows(read, UnsupportedFormatError, message);
  const deep = encode({
    width: 1,
    height: 1,
    channels: 3,
    depth: 16,
    data: Uint16Array.of(0, 0, 255),
  });
  assertThrows(() => readMask(deep, { classes: 3, colors }), UnsupportedFormatError, "8 bits");
  const ignored = readMask(Uint8Array.fromBase64(PALETTE_2_BITS), { classes: 2, ignore: 2 });
  assertEquals(ignored.classes[2], 2);
});
