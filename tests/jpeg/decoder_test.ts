import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DisposedError, LimitsError, UsageError } from "../../src/errors.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { Lexer } from "../../src/jpeg/lex.ts";
import { parseJpeg } from "../../src/jpeg/parse.ts";
import { PICTURE_KINDS, pictureKind } from "../../src/jpeg/picture_kind.ts";
import { TableCache } from "../../src/jpeg/tables.ts";
import { progressiveWarmUpFiles, turnedWarmUpFiles, warmUpFiles } from "../../src/jpeg/warm_up.ts";
import { assertSame, cjpeg, difference, djpeg, draw, openDevice } from "./support.ts";

/** Makes a device say that some of its limits are lower. */
function limit(device: GPUDevice, lower: Partial<Record<keyof GPUSupportedLimits, number>>): void {
  const { limits } = device;
  const value = new Proxy(limits, {
    get: (_, name) => lower[name as keyof GPUSupportedLimits] ?? Reflect.get(limits, name),
  });
  Object.defineProperty(device, "limits", { value });
}

Deno.test("a steady stream of batches allocates nothing new after warm-up", async () => {
  const batches: Uint8Array[][] = [];
  for (let b = 0; b < 3; b++) {
    const files: Uint8Array[] = [];
    for (let i = 0; i < 6; i++) {
      files.push(await cjpeg(draw(90 + b, 80 - i, b * 6 + i), "-sample", i % 2 ? "1x1" : "2x2"));
    }
    batches.push(files);
  }
  await using test = await openDevice();
  using pool = new BufferPool(test.device);
  using decoder = new JpegDecoder(test.device, { pool });
  await decoder.warmUp();
  const round = async () => {
    const running = [];
    for (const files of batches) running.push(await decoder.decode(files));
    const verified = await Promise.all(running.map((images) => images.verify()));
    assert(verified.every((errors) => errors.every((error) => error === undefined)));
    for (const images of running) images[Symbol.dispose]();
  };
  await round();
  const { allocations, bytes } = pool.stats();
  for (let i = 0; i < 5; i++) await round();
  assertEquals(pool.stats().allocations, allocations);
  assertEquals(pool.stats().bytes, bytes);
  assertEquals(pool.stats().lent, 0);
});

Deno.test("warm-up files are whole pictures of every kind", async () => {
  const files = warmUpFiles();
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  await decoder.warmUp();
  using images = await decoder.decode(files);
  await assertSame(images, files, [...PICTURE_KINDS]);
  const lexer = new Lexer();
  const options = { maxPixels: 1000, maxScans: 100, tables: new TableCache() };
  const kinds = files.map((file) => pictureKind(parseJpeg(lexer, lexer.push(file), file, options)));
  assertEquals(kinds, [...PICTURE_KINDS]);
  const others = [...turnedWarmUpFiles(), ...progressiveWarmUpFiles()];
  using more = await decoder.decode(others);
  await assertSame(more, others, others.map((_, i) => `file ${i}`));
});

Deno.test("images lie at multiples of 256 bytes, with rows at multiples of 64", async () => {
  const files = [
    await cjpeg(draw(17, 5, 1)),
    await cjpeg(draw(33, 9, 2, 1)),
    await cjpeg(draw(1, 1, 3)),
  ];
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(files);
  let end = 0;
  for (const image of images.images) {
    assert(image && image.byteOffset % 256 === 0 && image.rowPitch % 64 === 0);
    assert(image.byteOffset >= end && image.rowPitch >= image.width * 4);
    end = image.byteOffset + image.rowPitch * image.height;
  }
  assertEquals(images.images.map((image) => image?.channels), [3, 1, 3]);
  assert(end <= images.buffer.size);
  await assertSame(images, files, ["17×5", "33×9 grey", "1×1"]);
});

Deno.test("a batch takes mixed sizes, samplings, colours, and a BlobBatch's interface", async () => {
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (let i = 0; i < 40; i++) {
    const args = ["-quality", `${30 + i}`, "-sample", ["1x1", "2x1", "2x2", "1x2", "4x1"][i % 5]];
    const picture = draw(1 + (i * 37) % 130, 1 + (i * 53) % 110, i, i % 7 === 0 ? 1 : 3);
    files.push(await cjpeg(picture, ...args, ...(i % 3 ? [] : ["-restart", "1"])));
    names.push(`${picture.width}×${picture.height} ${args.join(" ")}`);
  }
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode({ length: files.length, blob: (i) => files[i] });
  await assertSame(images, files, names);
});

Deno.test("decodeParts yields consecutive parts within maxBytes", async () => {
  const files: Uint8Array[] = [];
  for (let i = 0; i < 9; i++) files.push(await cjpeg(draw(40 + i, 30, i)));
  files.splice(4, 0, new Uint8Array([1, 2, 3]));
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const maxBytes = 20_000;
  let next = 0;
  let parts = 0;
  for await (const { first, images } of decoder.decodeParts(files, { maxBytes })) {
    using _ = images;
    assertEquals(first, next);
    next += images.images.length;
    parts++;
    const errors = await images.verify();
    for (const [i, image] of images.images.entries()) {
      if (first + i === 4) {
        assertEquals(image, null);
        assert(errors[i]?.message.includes("sample 4"));
        continue;
      }
      assert(image && image.byteOffset + image.rowPitch * image.height <= maxBytes);
      assertEquals(difference(await images.read(i), await djpeg(files[first + i])), undefined);
    }
  }
  assertEquals(next, files.length);
  assert(parts >= 3);
  for await (const { images } of decoder.decodeParts(files, { maxBytes: 100 })) {
    using _ = images;
    for (const [i, error] of images.errors.entries()) {
      if (i !== 4) assert(error instanceof LimitsError);
    }
  }
});

Deno.test("a batch that exceeds one buffer is LimitsError that names decodeParts", async () => {
  const file = await cjpeg(draw(64, 64));
  await using test = await openDevice();
  limit(test.device, { maxBufferSize: 40_000 });
  using decoder = new JpegDecoder(test.device);
  const error = await assertRejects(() => decoder.decode([file, file, file, file]), LimitsError);
  assert(error.message.includes("decodeParts"));
});

Deno.test("a batch that exceeds one binding is decoded in groups", async () => {
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (let i = 0; i < 24; i++) {
    files.push(await cjpeg(draw(100 + i, 64, i), "-sample", i % 2 ? "2x2" : "1x1"));
    names.push(`picture ${i}`);
  }
  await using test = await openDevice();
  limit(test.device, { maxStorageBufferBindingSize: 90_000 });
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(files);
  await assertSame(images, files, names);
});

Deno.test("verify of several batches works at once, twice, and after dispose", async () => {
  const file = await cjpeg(draw(64, 64), "-quality", "90");
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const batches = [];
  for (let i = 0; i < 3; i++) {
    const images = await decoder.decode([file, file.subarray(0, file.length - 300)]);
    batches.push(images);
    images[Symbol.dispose]();
  }
  const all = await Promise.all(batches.map((images) => images.verify()));
  for (const [i, errors] of all.entries()) {
    assertEquals(errors[0], undefined);
    assert(errors[1]?.message.includes("truncated"));
    assertEquals(await batches[i].verify(), errors);
  }
});

Deno.test("decodes that run at once do not mix", async () => {
  const files: Uint8Array[] = [];
  for (let i = 0; i < 8; i++) {
    files.push(await cjpeg(draw(60 + i, 50, i), "-sample", i % 2 ? "2x2" : "1x1"));
  }
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const all = await Promise.all(files.map((file, i) => decoder.decode([file, files[7 - i]])));
  for (const [i, images] of all.entries()) {
    using _ = images;
    await assertSame(images, [files[i], files[7 - i]], [`${i} first`, `${i} second`]);
  }
});

Deno.test("an empty batch decodes to no images", async () => {
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([]);
  assertEquals(images.images.length, 0);
  assertEquals(await images.verify(), []);
});

Deno.test("decode refuses after dispose, on abort, and for wrong options", async () => {
  await using test = await openDevice();
  const { device } = test;
  const decoder = new JpegDecoder(device);
  const reason = new Error("stop");
  const aborted = await assertRejects(() =>
    decoder.decode([], { signal: AbortSignal.abort(reason) })
  );
  assertEquals(aborted, reason);
  decoder[Symbol.dispose]();
  decoder[Symbol.dispose]();
  await assertRejects(() => decoder.decode([]), DisposedError);
  assertThrows(() => new JpegDecoder(device, { maxPixels: 0 }), UsageError, "maxPixels");
  assertThrows(
    () => new JpegDecoder(device, { orientation: "turn" as "apply" }),
    UsageError,
    "orientation",
  );
  using other = new JpegDecoder(device);
  await assertRejects(
    () => other.decodeParts([], { maxBytes: -1 }).next(),
    UsageError,
    "maxBytes",
  );
});
