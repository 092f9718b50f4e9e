import { assert, assertEquals, assertMatch } from "@std/assert";
import { NativeLexer } from "../../src/ffi/native_lexer.ts";
import { BLOB_WORDS, LexEnd, Lexer } from "../../src/jpeg/lex.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { MemoryBlobBatch } from "../../src/source/blob_batch.ts";
import { notRun } from "../../tools/not_run.ts";
import { assertSame, cjpeg, draw, openDevice, random } from "../jpeg/support.ts";
import * as hostile from "../jpeg/hostile.ts";
import { assertEqualLexers } from "./lexers.ts";
import { runLexTests } from "./lex.ts";
import { lackingCompiler } from "./shim.ts";

const lacking = await lackingCompiler();

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: notRun(name, lacking), fn });
}

test("the lexer's own tests pass under Address and Undefined Behaviour Sanitizer", async () => {
  const { code, output } = await runLexTests("address,undefined");
  assertEquals(code, 0, output);
  assertMatch(output, /small\ncapacities\nnoise/);
});

test("the lexer in C does what the one in TypeScript does, on whole and on damaged files", async () => {
  const native = await NativeLexer.open();
  const next = random(5);
  const whole: Uint8Array[] = [];
  for (let i = 0; i < 6; i++) {
    const restart = ["0", "1B", "1", "7B", "0", "2B"][i];
    const progressive = i === 4 ? ["-progressive"] : [];
    whole.push(await cjpeg(draw(60 + 9 * i, 50, i, 3, 200), ...progressive, "-restart", restart));
  }
  await assertEqualLexers(native, whole);
  await assertEqualLexers(native, []);
  await assertEqualLexers(native, [new Uint8Array(0), ...whole, Uint8Array.of(0xff)]);
  for (let round = 0; round < 60; round++) {
    const files: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) files.push(damaged(whole[i % whole.length], next));
    await assertEqualLexers(native, files);
  }
});

test("the lexer in C takes files of restart markers alone, which need more room", async () => {
  const native = await NativeLexer.open();
  const file = new Uint8Array(50_000);
  for (let i = 0; i < file.length; i += 2) file.set([0xff, 0xd0 + i / 2 % 8], i);
  file.set([0xff, 0xd8, 0xff, 0xda, 0, 2]);
  await assertEqualLexers(native, [file, file.slice(0, 99), file]);
});

test("both lexers keep the same limit of markers, and skip what has no length", async () => {
  const native = await NativeLexer.open();
  const good = await cjpeg(draw(60, 50, 1));
  const marked = (marker: number[], count: number) => hostile.withMarkers(good, marker, count);
  const files = [
    ...[0xe1, 0xfe, 0xdc, 0xc4].map((code) => marked([0xff, code, 0, 0], 3)),
    ...[65_000, 65_535, 65_536, 70_000].map((count) => marked([0xff, 0x01], count)),
    marked([0xff, 0xfe, 0, 2], 70_000),
    good,
  ];
  await assertEqualLexers(native, files);
  const lexer = new Lexer();
  const ends = files.map((file) => lexer.blobs[lexer.push(file) * BLOB_WORDS + 4]);
  const many = LexEnd.many;
  assertEquals(ends, [0, 0, 0, LexEnd.length, 0, many, many, many, many, 0]);
});

test("the decoder takes blobs that have been lexed, in parts too", async () => {
  const files: Uint8Array[] = [];
  for (let i = 0; i < 7; i++) {
    files.push(
      await cjpeg(
        draw(40 + i, 30, i),
        ...["-restart", i % 2 ? "1" : "0"],
        ...i % 3 ? [] : ["-progressive"],
      ),
    );
  }
  files.splice(3, 0, new Uint8Array([1, 2, 3]));
  const names = files.map((_, i) => `${i}`);
  const native = await NativeLexer.open();
  const batch = new MemoryBlobBatch(files.map((data) => ({ data, label: null })));
  using lexed = await native.lex(batch);
  const blobs = { length: files.length, blob: (i: number) => batch.blob(i), lexed };
  await using test = await openDevice();
  for (const entropy of ["segment", "sync"] as const) {
    using decoder = new JpegDecoder(test.device, { entropy });
    let parts = 0;
    for await (const { first, images } of decoder.decodeParts(blobs, { maxBytes: 20_000 })) {
      using _ = images;
      const places = names.map((_, i) => first + i).slice(0, images.images.length);
      const good = places.filter((place) => place !== 3);
      const errors = await images.verify();
      assertEquals(places.filter((_, i) => errors[i]), places.filter((place) => place === 3));
      parts++;
      if (good.length < places.length) continue;
      await assertSame(images, places.map((i) => files[i]), places.map((i) => names[i]));
    }
    assert(parts > 2);
  }
});

/** A file with some bytes changed, likely ones among them, a piece doubled, or its end cut off. */
function damaged(file: Uint8Array, next: () => number): Uint8Array {
  const at = () => Math.floor(next() * file.length);
  const likely = [0xff, 0, 0xd0, 0xd7, 0xd9, 0xda, 0xdd, 0xc4, 2];
  const result = file.slice();
  for (let n = Math.floor(next() * 12); n > 0; n--) {
    result[at()] = next() < 0.7 ? likely[Math.floor(next() * likely.length)] : next() * 256;
  }
  if (next() < 0.3) return result.subarray(0, at());
  if (next() < 0.3) result.copyWithin(at(), at(), at());
  return result;
}
