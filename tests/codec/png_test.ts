import { assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { crc32 } from "node:zlib";
import { readMask } from "../../src/codec/mask.ts";
import { readPng } from "../../src/codec/png.ts";
import { LimitsError, UnsupportedFormatError } from "../../src/errors.ts";

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
  const flat = new Uint8Array(
    encode({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }),
  );
  for (const at of [16, 20]) {
    const none = flat.slice();
    none[at + 3] = 0;
    new DataView(none.buffer).setUint32(29, crc32(none.subarray(12, 29)));
    assertThrows(() => readPng(none), UnsupportedFormatError, "at least 1×1");
  }
  const broken = file.slice();
  broken[60] ^= 1;
  for (const bad of [new Uint8Array(0), file.subarray(0, 20), file.subarray(0, 60), broken]) {
    assertThrows(() => readPng(bad), UnsupportedFormatError, "Cannot read a PNG file");
  }
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
