import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import {
  type CassetteError,
  CorruptJpegError,
  DisposedError,
  LimitsError,
  UnsupportedFormatError,
  UnsupportedJpegError,
} from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import {
  cjpeg,
  difference,
  djpeg,
  draw,
  findMarker,
  openDevice,
  random,
  readAll,
  withSegment,
} from "./support.ts";

const text = (words: string) => new TextEncoder().encode(words);

/** Decodes bad files, each between two good ones, and checks that those are whole. */
async function errorsAmongNeighbours(bad: Uint8Array[]): Promise<(CassetteError | undefined)[]> {
  const good = await cjpeg(draw(70, 50, 5), "-quality", "90");
  const picture = await djpeg(good);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const blobs = bad.flatMap((blob) => [good, blob]).concat([good]);
  using images = await decoder.decode(blobs);
  const errors = await images.verify();
  const neighbours = blobs.keys().filter((i) => i % 2 === 0).toArray();
  assertEquals(neighbours.filter((i) => errors[i]), []);
  const read = await readAll(images, neighbours);
  assertEquals(neighbours.filter((i) => difference(read[i], picture)), []);
  return errors.filter((_, i) => i % 2 === 1);
}

Deno.test("what is no JPEG file is UnsupportedFormatError that names the format", async () => {
  const cases: [Uint8Array, RegExp][] = [
    [text("hello, world\n"), /received text \("hello, world"\)/],
    [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]), /a PNG file/],
    [text("GIF89a\x01\x02"), /a GIF file/],
    [text("RIFF\x10\0\0\0WEBPVP8 "), /a WebP file/],
    [text("BM\0\0\0\0"), /a BMP file/],
    [text("II*\0\x08\0\0\0"), /a TIFF file/],
    [text("MM\0*\0\0\0\x08"), /a TIFF file/],
    [new Uint8Array([1, 2, 3, 250]), /4 bytes that begin with 01 02 03 fa/],
    [new Uint8Array([0xff]), /1 bytes/],
  ];
  const errors = await errorsAmongNeighbours(cases.map(([blob]) => blob));
  cases.forEach(([, message], i) => {
    assertInstanceOf(errors[i], UnsupportedFormatError);
    assertMatch(errors[i]!.message, message);
  });
});

Deno.test("a coding that is not supported is UnsupportedJpegError that names it", async () => {
  const picture = draw(24, 24, 2);
  const base = await cjpeg(picture);
  const arithmetic = await cjpeg(picture, "-arithmetic");
  const twelve = base.slice();
  twelve[findMarker(twelve, 0xc0) + 3] = 12;
  const frames = ([[0xc3, "lossless"], [0xc5, "hierarchical"], [0xca, "arithmetic"]] as const)
    .map(([code, name]) => {
      const file = base.slice();
      file[findMarker(file, 0xc0)] = code;
      return [file, new RegExp(name)] as const;
    });
  const noHeight = base.slice();
  noHeight.fill(0, findMarker(base, 0xc0) + 4, findMarker(base, 0xc0) + 6);
  const fraction = base.slice();
  fraction[findMarker(base, 0xc0) + 10] = 0x31;
  fraction[findMarker(base, 0xc0) + 13] = 0x21;
  const cases: (readonly [Uint8Array, RegExp])[] = [
    [arithmetic, /arithmetic/],
    [twelve, /12 bits/],
    ...frames,
    [noHeight, /DNL/],
    [fraction, /fractional sampling/],
  ];
  const errors = await errorsAmongNeighbours(cases.map(([blob]) => blob));
  cases.forEach(([, message], i) => {
    assertInstanceOf(errors[i], UnsupportedJpegError);
    assertMatch(errors[i]!.message, message);
  });
});

Deno.test("a truncated file is CorruptJpegError wherever it is cut", async () => {
  const file = await cjpeg(draw(120, 90, 3), "-quality", "90");
  const data = findMarker(file, 0xda) + 14;
  const cuts = [
    2,
    3,
    10,
    findMarker(file, 0xdb) + 5,
    findMarker(file, 0xc0) + 2,
    findMarker(file, 0xda),
    findMarker(file, 0xda) + 5,
    data,
    data + 1,
    data + 40,
    Math.floor((data + file.length) / 2),
    file.length - 40,
  ];
  const errors = await errorsAmongNeighbours([
    new Uint8Array(0),
    ...cuts.map((cut) => file.subarray(0, cut)),
  ]);
  for (const [i, error] of errors.entries()) {
    assertInstanceOf(error, CorruptJpegError, `cut at ${[0, ...cuts][i]}`);
    assertMatch(error.message, /^Cannot decode sample \d+ as its|it must/);
  }
  assertMatch(errors[0]!.message, /empty/);
  assertMatch(errors.at(-1)!.message, /truncated/);
});

Deno.test("data that ends within a long code is truncated too", async () => {
  const file = await cjpeg(draw(120, 90, 1));
  const cuts = Array.from({ length: 400 }, (_, i) => file.slice(0, file.length - 20 - 7 * i));
  await using test = await openDevice();
  for (const entropy of ["segment", "sync"] as const) {
    using decoder = new JpegDecoder(test.device, { entropy });
    using images = await decoder.decode(cuts);
    const missed = (await images.verify()).flatMap((error, i) => error ? [] : [cuts[i].length]);
    assertEquals(missed, [], entropy);
  }
});

Deno.test("a file whose only fault is a missing EOI is decoded with a warning", async () => {
  const file = await cjpeg(draw(40, 30, 3));
  const cut = file.subarray(0, file.length - 2);
  const expected = await djpeg(cut);
  assertEquals(expected.code, 2);
  const told: string[] = [];
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device, { onWarning: (message) => told.push(message) });
  using images = await decoder.decode([file, cut]);
  assertEquals(await images.verify(), [undefined, undefined]);
  assertEquals(images.warnings[0], []);
  assertMatch(images.warnings[1][0], /EOI/);
  assertEquals(told.length, 1);
  assertMatch(told[0], /sample 1: .*EOI/);
  assertEquals(difference(await images.read(1), expected), undefined);
});

Deno.test("a header of 65500×65500 is LimitsError and allocates nothing", async () => {
  const file = await cjpeg(draw(16, 16, 3));
  const at = findMarker(file, 0xc0) + 4;
  const huge = file.slice();
  huge.set([0xff, 0xdc, 0xff, 0xdc], at);
  const wide = file.slice();
  wide.set([0x10, 0, 0x10, 0], at);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const made: number[] = [];
  const createBuffer = test.device.createBuffer.bind(test.device);
  test.device.createBuffer = (descriptor) => {
    made.push(descriptor.size);
    return createBuffer(descriptor);
  };
  using images = await decoder.decode([huge, wide]);
  assertInstanceOf(images.errors[0], LimitsError);
  assertMatch(images.errors[0]!.message, /maxPixels = 268435456: received 65500×65500/);
  // 4096×4096 is within the limit, but its data cannot be.
  assertInstanceOf(images.errors[1], CorruptJpegError);
  assertMatch(images.errors[1]!.message, /truncated/);
  assert(Math.max(...made) <= 1 << 16, `allocated ${made}`);
  using strict = new JpegDecoder(test.device, { maxPixels: 255 });
  using refused = await strict.decode([file]);
  assertMatch(refused.errors[0]!.message, /maxPixels = 255: received 16×16/);
});

Deno.test("a picture that exceeds a binding of the device is decoded whole", async () => {
  const file = await cjpeg({ width: 6000, height: 6000, channels: 1, data: new Uint8Array(36e6) });
  const small = await cjpeg(draw(20, 20));
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([small, file, small]);
  assertEquals(difference(await images.read(2), await djpeg(small)), undefined);
  assertEquals(difference(await images.read(1), await djpeg(file)), undefined);
});

Deno.test("broken tables and headers are CorruptJpegError that names them", async () => {
  const file = await cjpeg(draw(40, 30, 3));
  const edit = (change: (copy: Uint8Array, marker: (code: number) => number) => void) => {
    const copy = file.slice();
    change(copy, (code) => findMarker(file, code));
    return copy;
  };
  const cases: [Uint8Array, RegExp][] = [
    [edit((f, at) => f.fill(255, at(0xc4) + 4, at(0xc4) + 20)), /Huffman table/],
    [edit((f, at) => f.set([3, 1, 2], at(0xc4) + 4)), /codes of 1 bits/],
    [edit((f, at) => (f[at(0xc4) + 3] = 7)), /numbered 0 to 3/],
    [edit((f, at) => (f[at(0xdb) + 3] = 9)), /numbered 0 to 3/],
    [edit((f, at) => (f[at(0xdb) + 2] -= 3)), /DQT|0xFF|marker/],
    [edit((f, at) => (f[at(0xc0) + 8] = 2)), /SOF/],
    [edit((f, at) => (f[at(0xc0) + 10] = 0x51)), /sampling factors from 1 to 4/],
    [edit((f, at) => (f[at(0xc0) + 11] = 3)), /quantisation table: received none in slot 3/],
    [edit((f, at) => (f[at(0xda) + 4] = 99)), /components of the frame: received 99/],
    [edit((f, at) => (f[at(0xda) + 5] = 0x33)), /Huffman tables that are defined/],
    [edit((f, at) => f.set([0, 0], at(0xdb) + 1)), /length of at least 2/],
    [edit((f, at) => f.set([255, 255], at(0xdb) + 1)), /inside of the blob/],
    [edit((f, at) => (f[at(0xc0)] = 0xfe)), /frame header/],
    [withSegment(file, 0xd8, new Uint8Array(0)), /one SOI/],
    [file.subarray(0, findMarker(file, 0xda) - 1), /scan \(SOS\)/],
  ];
  const errors = await errorsAmongNeighbours(cases.map(([blob]) => blob));
  cases.forEach(([, message], i) => {
    assertInstanceOf(errors[i], CorruptJpegError, `case ${i}`);
    assertMatch(errors[i]!.message, message);
  });
});

Deno.test("a missing or misplaced restart marker is CorruptJpegError", async () => {
  const file = await cjpeg(draw(64, 64, 3), "-restart", "1");
  const restart = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xd1);
  assert(restart > 0);
  const other = file.slice();
  other[restart + 1] = 0xd5;
  const without = new Uint8Array([...file.subarray(0, restart), ...file.subarray(restart + 2)]);
  const plain = await cjpeg(draw(64, 64, 3));
  const middle = Math.floor((findMarker(plain, 0xda) + plain.length) / 2);
  const sudden = new Uint8Array([
    ...plain.subarray(0, middle),
    0xff,
    0xd0,
    ...plain.subarray(middle),
  ]);
  const errors = await errorsAmongNeighbours([other, without, sudden]);
  for (const error of errors) assertInstanceOf(error, CorruptJpegError);
  assertMatch(errors[0]!.message, /must have RST1 .*received 0xFFD5/);
});

Deno.test("noise in the data is an error or a picture, and never hurts the neighbours", async () => {
  const file = await cjpeg(draw(90, 70, 3), "-quality", "85");
  const data = findMarker(file, 0xda) + 14;
  const next = random(11);
  const bad = Array.from({ length: 40 }, () => {
    const copy = file.slice();
    for (let k = 0; k < 6; k++) {
      copy[data + Math.floor(next() * (file.length - data - 2))] = Math.floor(next() * 255);
    }
    return copy;
  });
  const errors = await errorsAmongNeighbours(bad);
  let pictures = 0;
  for (const [i, error] of errors.entries()) {
    const { code } = await djpeg(bad[i]);
    if (code === 0) {
      assertEquals(error, undefined);
      pictures++;
    } else if (error) assertInstanceOf(error, CorruptJpegError);
  }
  assert(pictures < errors.length);
});

Deno.test("errors name the sample's id, and read throws them", async () => {
  const ids = IdList.from([
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "00000000-0000-0000-0000-00000000000f",
  ]);
  const file = await cjpeg(draw(80, 80, 3), "-quality", "90");
  const cut = file.subarray(0, file.length - 700);
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const images = await decoder.decode([text("no picture"), cut], { ids });
  assertEquals(images.images[0], null);
  assertEquals(images.errors[0]?.sampleId, ids.at(0));
  assertMatch(images.errors[0]!.message, new RegExp(`Cannot decode sample ${ids.at(0)} as`));
  await assertRejects(() => images.read(0), UnsupportedFormatError);
  images[Symbol.dispose]();
  const errors = await images.verify();
  assertEquals(errors[1]?.sampleId, ids.at(1));
  await assertRejects(() => images.read(1), DisposedError);
});
