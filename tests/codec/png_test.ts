import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { encode } from "fast-png";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { CpuDecoder } from "../../src/codec/cpu_decoder.ts";
import type { MaskLabelOptions } from "../../src/codec/mask.ts";
import { type LimitsError, UnsupportedFormatError } from "../../src/errors.ts";
import { CHANNELS, chunk, headerOf, pngOf, type PngParts, rowsOf, writePng } from "./png_writer.ts";

// Written by Pillow, which packs numbers of less than 8 bits: 7 × 5 pixels, i % 3 at pixel i.
const PALETTE_2_BITS =
  "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFAgMAAAD09B5LAAAACVBMVEUAAAD/AAAA/wD0g79+AAAAF0lEQVR4nGOU8GDxVGZSncIo4cHiqQwAEWwCXj2o5rUAAAAASUVORK5CYII=";
const THIRDS = Array.from({ length: 35 }, (_, i) => i % 3);

const decoder = new CpuDecoder();
addEventListener("unload", () => decoder[Symbol.dispose]());

/** Decodes a file: R, G and B of its pixels. */
async function rgb(file: Uint8Array): Promise<number[]> {
  const header = decoder.header(file);
  const words = await decoder.picture(file, header, header.width);
  assertEquals(words.length, header.width * header.height);
  assert(words.every((word) => word >>> 24 === 255));
  return [...words].flatMap((word) => [word & 255, word >>> 8 & 255, word >>> 16 & 255]);
}

/** Decodes a mask. */
async function mask(file: Uint8Array, options: MaskLabelOptions): Promise<Uint32Array> {
  return await decoder.mask(file, decoder.header(file), options);
}

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

/** R, G and B of the pixels of a file, by the definition. */
function colorsOf({ type, depth, numbers, palette }: PngParts): number[] {
  const channels = CHANNELS[type];
  return Array.from({ length: numbers.length / channels }, (_, i) => {
    const first = numbers[i * channels];
    if (type === 3) return palette!.slice(3 * first, 3 * first + 3);
    return [0, 1, 2].map((c) => {
      const number = numbers[i * channels + (channels > 2 ? c : 0)];
      return Math.round(number * 255 / (2 ** depth - 1));
    });
  }).flat();
}

for (const { type, depth } of SORTS) {
  Deno.test(`PNG files of colour type ${type} and ${depth} bits are read, with all filters, interlaced or not`, async () => {
    for (const [width, height] of SIZES) {
      const parts = picture(width, height, { type, depth });
      const expected = colorsOf(parts);
      for (const interlaced of [false, true]) {
        for (let first = 0; first < 5; first++) {
          const filter = (row: number) => (row * 2 + first) % 5;
          const file = writePng({ ...parts, interlaced, filter });
          assertEquals(await rgb(file), expected, `${width}×${height} ${interlaced}`);
          if (type === 2 || type === 6) continue;
          const step = CHANNELS[type];
          const classes = parts.numbers.length / step;
          const numbers = Array.from({ length: classes }, (_, i) => parts.numbers[i * step]);
          assertEquals([...await mask(file, { classes: 2 ** depth })], numbers);
        }
      }
    }
  });
}

Deno.test("every number of 16 bits is scaled to the nearest of 8", async () => {
  const numbers = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
  const parts = { width: 256, height: 256, depth: 16, type: 0, numbers };
  assertEquals(await rgb(writePng(parts)), colorsOf(parts));
});

Deno.test("a picture is laid out by the pitch that it is asked for", async () => {
  const parts = picture(5, 3, { type: 2, depth: 8 });
  const file = writePng(parts);
  const words = await decoder.picture(file, decoder.header(file), 16);
  assertEquals(words.length, 48);
  const gaps = words.filter((_, i) => i % 16 >= 5);
  assertEquals([...gaps], new Array(33).fill(0));
  const colors = colorsOf(parts);
  assertEquals(words[16] & 255, colors[15]);
});

Deno.test("PNG files are read as libpng reads them, which wrote them, interlaced or not", async () => {
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
      const got = await rgb(new Uint8Array(file));
      assertEquals(got, [...want], `${colours} colours, progressive ${progressive}`);
    }
  }
});

/** Asserts that a file is refused, and how. */
async function assertRefused(
  file: Uint8Array,
  message = "",
  ErrorClass: typeof LimitsError | typeof UnsupportedFormatError = UnsupportedFormatError,
): Promise<void> {
  const error = await assertRejects(() => rgb(file), ErrorClass, message);
  assertMatch(error.message, /^Cannot read a PNG file as it must .*: received /);
}

const RGB = picture(4, 3, { type: 2, depth: 8 });
const ROWS = Uint8Array.from(rowsOf(RGB));
const END = chunk("IEND", []);

/** A file of rows, and chunks before them. */
function fileOf(rows: Uint8Array, ...more: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return pngOf(headerOf(RGB), ...more, chunk("IDAT", deflateSync(rows)), END);
}

Deno.test("a PNG file that is not whole is refused wherever it is cut", async () => {
  for (let length = 0; length < ROWS.length; length++) {
    await assertRefused(fileOf(ROWS.subarray(0, length)), `have ${ROWS.length} bytes of rows`);
  }
  const whole = writePng(RGB);
  for (let length = 0; length < whole.length; length++) {
    await assertRefused(whole.subarray(0, length));
  }
});

Deno.test("a PNG file that makes no sense is refused, and told why", async () => {
  const indexed = picture(4, 3, { type: 3, depth: 2 });
  const data = chunk("IDAT", deflateSync(ROWS));
  const header = headerOf(RGB);
  const damaged = writePng(RGB);
  damaged[damaged.length - 20] ^= 1;
  const methods = header.map((byte, i) => (i === 18 ? 1 : byte));
  const long = header.map((byte, i) => (i === 3 ? 14 : byte));
  const cases: [Uint8Array, string][] = [
    [writePng({ ...RGB, width: 0, numbers: [] }), "at least 1×1 pixels: received 0×3"],
    [writePng({ ...RGB, height: 0, numbers: [] }), "at least 1×1 pixels: received 4×0"],
    [writePng({ ...RGB, depth: 4 }), "go together: received 2 and 4 bits"],
    [pngOf(methods, data, END), "interlace method 0 or 1: received 1, 0 and 0"],
    [pngOf(long, data, END), "have a header of 13 bytes: received 14"],
    [writePng({ ...indexed, palette: undefined }), "have a palette (PLTE) before its data"],
    [writePng({ ...indexed, palette: [1, 2] }), "a palette of 1 to 256 colours: received 2 bytes"],
    [writePng({ ...indexed, palette: [1, 2, 3] }), "of its palette of 1 colours: received"],
    [writePng({ ...RGB, filter: () => 5 }), "filters from 0 to 4: received 5"],
    [damaged, "another checksum in the chunk IDAT"],
    [fileOf(ROWS, chunk("ABCD", [1])), "have chunks that are known, once each: received ABCD"],
    [fileOf(ROWS, header), "have chunks that are known, once each: received IHDR"],
    [fileOf(ROWS, chunk("ab d", [1])), "have chunks of four letters"],
    [pngOf(header, data, chunk("tEXt", []), data, END), "(IDAT) one after the other"],
    [fileOf(new Uint8Array(2 ** 17)), "that can be inflated"],
    [pngOf(header, chunk("IDAT", [1, 2]), END), "that can be inflated"],
    [pngOf(header, END), `have ${ROWS.length} bytes of rows`],
    [pngOf(END, header), "begin with a PNG header"],
    [new Uint8Array(0), "begin with a PNG header: received no bytes"],
  ];
  for (const [bad, message] of cases) await assertRefused(bad, message);
});

Deno.test("what stands beside the rows of a PNG file is passed over", async () => {
  const expected = colorsOf(RGB);
  assertEquals(await rgb(fileOf(Uint8Array.from([...ROWS, 1, 2, 3]))), expected);
  // Colours that are only suggested are no palette.
  assertEquals(await rgb(fileOf(ROWS, chunk("PLTE", [1, 2, 3]))), expected);
  const after = Uint8Array.from([...fileOf(ROWS), 1, 2, 3]);
  assertEquals(await rgb(after), expected);
  // A checksum that is wrong matters where something depends on it.
  const note = chunk("tEXt", [65, 0, 66]);
  note[note.length - 1] ^= 1;
  assertEquals(await rgb(fileOf(ROWS, note)), expected);
});

Deno.test("masks are grey values and palette indices", async () => {
  const file = Uint8Array.fromBase64(PALETTE_2_BITS);
  assertEquals([...await mask(file, { classes: 3 })], THIRDS);
  const data = Uint16Array.of(0, 999, 70, 1);
  const deep = encode({ width: 2, height: 2, channels: 1, depth: 16, data });
  assertEquals([...await mask(deep, { classes: 1000 })], [0, 999, 70, 1]);
});

Deno.test("masks in colours are found among those that are named, and others are told", async () => {
  const data = Uint8Array.of(0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 255);
  const file = encode({ width: 2, height: 2, channels: 3, data });
  const colors = [[0, 0, 0], [255, 0, 0], [0, 0, 255]] as const;
  assertEquals([...await mask(file, { classes: 3, colors })], [0, 1, 1, 2]);
  const grey = Uint8Array.fromBase64(PALETTE_2_BITS);
  const cases = [
    [file, { classes: 3 }, "colors be given: received RGB"],
    [file, { classes: 3, colors: colors.slice(0, 2) }, "received #0000ff at column 1, row 1"],
    [grey, { classes: 2 }, "below 2: received 2 at column 2, row 0"],
  ] as const;
  for (const [bad, options, message] of cases) {
    await assertRejects(() => mask(bad, options), UnsupportedFormatError, message);
  }
  const numbers = Uint16Array.of(0, 0, 255);
  const deep = encode({ width: 1, height: 1, channels: 3, depth: 16, data: numbers });
  await assertRejects(() => mask(deep, { classes: 3, colors }), UnsupportedFormatError, "8 bits");
  const ignored = await mask(grey, { classes: 2, ignore: 2 });
  assertEquals(ignored[2], 2);
});

Deno.test("masks that the GPU has decoded are the lowest bytes of their words", async () => {
  const bytes = Uint8Array.from({ length: 48 }, (_, i) => i % 4 === 0 ? i / 4 : 255);
  const size = { width: 3, height: 2, pitch: 24 };
  assertEquals([...await decoder.words(bytes.slice().buffer, size, { classes: 9 })], [
    0,
    1,
    2,
    6,
    7,
    8,
  ]);
  const refused = () => decoder.words(bytes.slice().buffer, size, { classes: 8 });
  await assertRejects(refused, UnsupportedFormatError, "below 8: received 8 at column 2, row 1");
});
