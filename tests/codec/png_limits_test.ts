import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { deflateSync } from "node:zlib";
import { CpuDecoder } from "../../src/codec/cpu_decoder.ts";
import { LimitsError, UnsupportedFormatError } from "../../src/errors.ts";
import { chunk, headerOf, pngOf } from "./png_writer.ts";

const END = chunk("IEND", []);

/** A file of zeros, in rows of 1 bit a pixel. */
function zeros(width: number, height: number, ...more: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const data = deflateSync(new Uint8Array((1 + Math.ceil(width / 8)) * height), { level: 9 });
  const header = headerOf({ width, height, depth: 1, type: 0, numbers: [] });
  return pngOf(header, ...more, chunk("IDAT", data), END);
}

/** Decodes a file. */
async function decode(decoder: CpuDecoder, file: Uint8Array): Promise<Uint32Array> {
  const header = decoder.header(file);
  return await decoder.picture(file, header, header.width);
}

/** A file of 1×1 pixels that says that it is larger. */
function sized(width: number, height: number): Uint8Array {
  const parts = { width, height, depth: 8, type: 0, numbers: [] };
  return pngOf(headerOf(parts), chunk("IDAT", deflateSync(new Uint8Array(2))), END);
}

Deno.test("a PNG file of too many pixels, or of too long a side, is refused by its header", () => {
  using decoder = new CpuDecoder();
  using small = new CpuDecoder({ maxPixels: 100 });
  const cases = [
    [decoder, 1, 2 ** 28, "sides of at most 65500 pixels: received 1×268435456", undefined],
    [decoder, 65_501, 1, "sides of at most 65500 pixels: received 65501×1", undefined],
    [decoder, 2 ** 28 + 1, 1, "at most 268435456 pixels", "maxPixels"],
    [decoder, 2 ** 32 - 1, 2 ** 32 - 1, "received 4294967295×4294967295", "maxPixels"],
    [small, 101, 1, "at most 100 pixels: received 101×1", "maxPixels"],
  ] as const;
  for (const [one, width, height, message, option] of cases) {
    const error = assertThrows(() => one.header(sized(width, height)), LimitsError, message);
    assertEquals(error.option, option);
  }
  assertEquals(small.header(sized(10, 10)).width, 10);
  assertEquals([decoder.workers, small.workers], [0, 0]);
});

Deno.test("nothing is allocated for rows that the data of a PNG file cannot hold", async () => {
  using decoder = new CpuDecoder();
  const before = Deno.memoryUsage().external;
  const file = sized(16_384, 16_384);
  await assertRejects(() => decode(decoder, file), UnsupportedFormatError, "too few compressed");
  assert(Deno.memoryUsage().external < before + 2 ** 24);
});

Deno.test("a PNG file may have 65,536 chunks, and not one more", async () => {
  using decoder = new CpuDecoder();
  // Beside the header, the data and the end.
  const notes = (count: number) => {
    const note = chunk("teXt", []);
    const all = new Uint8Array(note.length * (count - 3));
    for (let at = 0; at < all.length; at += note.length) all.set(note, at);
    return all;
  };
  assertEquals((await decode(decoder, zeros(3, 2, notes(2 ** 16)))).length, 6);
  const many = () => decode(decoder, zeros(3, 2, notes(2 ** 16 + 1)));
  await assertRejects(many, LimitsError, "at most 65536 chunks: received more");
});

Deno.test("data of one byte a chunk are data", async () => {
  using decoder = new CpuDecoder();
  const data = deflateSync(new Uint8Array(30));
  const header = headerOf({ width: 9, height: 10, depth: 8, type: 0, numbers: [] });
  const parts = [...deflateSync(new Uint8Array(100))].map((byte) => chunk("IDAT", [byte]));
  assertEquals((await decode(decoder, pngOf(header, ...parts, END))).length, 90);
  const few = [...data].map((byte) => chunk("IDAT", [byte]));
  await assertRejects(() => decode(decoder, pngOf(header, ...few, END)), UnsupportedFormatError);
});

Deno.test("what PNG files hold beside pixels is never inflated", async () => {
  using decoder = new CpuDecoder();
  const bomb = deflateSync(new Uint8Array(2 ** 28), { level: 9 });
  const head = new TextEncoder().encode("icc\0\0");
  const hidden = ["iCCP", "zTXt"].map((type) => chunk(type, Uint8Array.from([...head, ...bomb])));
  const plain = zeros(512, 512);
  const time = async (file: Uint8Array) => {
    let least = Infinity;
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      assertEquals((await decode(decoder, file)).length, 2 ** 18);
      least = Math.min(least, performance.now() - start);
    }
    return least;
  };
  const [without, beside] = [await time(plain), await time(zeros(512, 512, ...hidden))];
  // To inflate them would take some hundred times as long.
  assert(beside < 20 * without, `${beside} ms after ${without} ms`);
});

Deno.test("the JavaScript thread goes on while a large PNG file is decoded", async () => {
  using decoder = new CpuDecoder();
  const file = zeros(8192, 4096);
  await decode(decoder, zeros(8, 8));
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  const start = performance.now();
  await decode(decoder, file);
  const all = performance.now() - start;
  clearInterval(timer);
  assert(longest < all / 2, `a pause of ${longest} ms in ${all} ms`);
});

Deno.test("large PNG files of a batch are decoded in turn where memory asks for it", async () => {
  // 2^22 pixels each, of 4.1 bytes and twice the file: two of them do not fit.
  using decoder = new CpuDecoder({ workers: 4, bytes: 30 * 2 ** 20 });
  const file = zeros(2048, 2048);
  const order: number[] = [];
  await Promise.all(Array.from({ length: 5 }, async (_, i) => {
    assertEquals((await decode(decoder, file)).length, 2 ** 22);
    order.push(i);
  }));
  assertEquals([order, decoder.workers], [[0, 1, 2, 3, 4], 1]);
});

Deno.test("an abort is heard while PNG files are decoded", async () => {
  using decoder = new CpuDecoder({ workers: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const file = zeros(16_384, 8192);
  const header = decoder.header(file);
  const all = [1, 2, 3].map(() => decoder.picture(file, header, header.width, signal));
  const settled = Promise.allSettled(all);
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 50);
  for (const one of await settled) {
    assertEquals(one.status === "rejected" && one.reason, reason);
  }
  assertEquals((await decode(decoder, zeros(8, 8))).length, 64);
});
