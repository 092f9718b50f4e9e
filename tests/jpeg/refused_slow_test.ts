/** Files that made a binding larger than the device's, and left their neighbours blank without an error. */
import { assert, assertEquals } from "@std/assert";
import { GpuError, LimitsError } from "../../mod.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { join, segment } from "./handmade.ts";
import { cjpeg, difference, djpeg, draw, openDevice } from "./support.ts";

const SCANS = 2100;
const SIDE = 16;

/** A segment with one Huffman table: how many codes it has of each length, and their symbols. */
function dht(kind: number, lengths: readonly number[], symbols: readonly number[]): Uint8Array {
  const counts = Array.from({ length: 16 }, (_, i) => lengths[i] ?? 0);
  return segment(0xc4, [kind, ...counts, ...symbols]);
}

/** The start of a file of one shade, all of whose divisors are 1, with components of full size. */
function start(width: number, height: number, components: number): Uint8Array {
  const each = Array.from({ length: components }, (_, i) => [i + 1, 0x11, 0]).flat();
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  return join(
    [0xff, 0xd8],
    segment(0xdb, [0, ...new Array(64).fill(1)]),
    segment(0xc0, [8, ...size, components, ...each]),
  );
}

/** A file of many scans, each with a Huffman table of its own that has 250 codes of 10 bits. */
function manyTables(): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [start(SIDE, SIDE, 3), dht(0, [1], [0])];
  for (let i = 0; i < SCANS; i++) {
    const symbols = Array.from({ length: 250 }, (_, k) => 1 + (k + i) % 250);
    if (i >= 250) symbols.reverse();
    if (i >= 500) symbols.unshift(symbols.splice(1 + i % 249, 1)[0]);
    parts.push(dht(0x10, [0, 1, 0, 0, 0, 0, 0, 0, 0, 250], [0, ...symbols]));
    // Of each of four blocks a DC difference of 0, and its end.
    const component = i < 2 ? i + 2 : 1;
    parts.push(segment(0xda, [1, component, 0, 0, 63, 0]), Uint8Array.of(0, 0x0f));
  }
  return join(...parts, [0xff, 0xd9]);
}

/** A grey picture all of one shade, with a restart marker after each block. */
function manySegments(width: number, height: number): Uint8Array<ArrayBuffer> {
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  const data = new Uint8Array(blocks * 3);
  for (let i = 0; i < blocks; i++) data.set([0x1f, 0xff, 0xd0 + i % 8], i * 3);
  return join(
    start(width, height, 1),
    dht(0, [1], [0]),
    dht(0x10, [0, 1], [0]),
    segment(0xdd, [0, 1]),
    segment(0xda, [1, 1, 0, 0, 63, 0]),
    data.subarray(0, data.length - 2),
    [0xff, 0xd9],
  );
}

for (
  const [name, make] of [
    [`${SCANS} scans, each with a table of its own`, manyTables],
    ["16000×11216 pixels in segments of a block", () => manySegments(16000, 11216)],
  ] as const
) {
  Deno.test(`a file of ${name} leaves its neighbours right`, async () => {
    const good = await Promise.all([1, 2, 3].map((seed) => cjpeg(draw(50 + seed, 40, seed))));
    const bad = await make();
    const oracle = await djpeg(bad);
    assertEquals(oracle.code, 0, oracle.stderr);
    await using test = await openDevice();
    using decoder = new JpegDecoder(test.device);
    using images = await decoder.decode([good[0], bad, good[1], good[2]]);
    const errors = await images.verify();
    for (const [i, file] of [[0, good[0]], [2, good[1]], [3, good[2]]] as const) {
      assertEquals(errors[i], undefined);
      assertEquals(difference(await images.read(i), await djpeg(file)), undefined);
    }
    if (errors[1]) assert(errors[1] instanceof LimitsError || errors[1] instanceof GpuError);
    else assertEquals(difference(await images.read(1), oracle), undefined);
  });
}
