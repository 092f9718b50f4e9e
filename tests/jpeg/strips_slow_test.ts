import { assert, assertEquals } from "@std/assert";
import { LimitsError } from "../../src/errors.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { oriented } from "./handmade.ts";
import { assertSame, cjpeg, difference, draw, openDevice } from "./support.ts";

const BINDING = 120_000;

/** Makes a device say that its bindings are small; they are larger in truth. */
function limitBinding(device: GPUDevice): void {
  const { limits } = device;
  const value = new Proxy(limits, {
    get: (_, name) => name === "maxStorageBufferBindingSize" ? BINDING : Reflect.get(limits, name),
  });
  Object.defineProperty(device, "limits", { value });
}

Deno.test("a picture that exceeds a binding is decoded in strips, equal to djpeg", async () => {
  const samplings = ["1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "2x4", "2x2,2x1,1x2", "1x1,2x2,1x1"];
  const files: Uint8Array[] = [];
  const names: string[] = [];
  for (const [i, sampling] of samplings.entries()) {
    const args = ["-sample", sampling, "-restart", i % 3 ? "0" : "5"];
    files.push(await cjpeg(draw(311 + i, 257 - i, i, 3, 80), ...args));
    names.push(args.join(" "));
  }
  files.push(await cjpeg(draw(401, 399, 8, 1, 80)), await cjpeg(draw(20, 30, 8)));
  files.push(await cjpeg(draw(401, 399, 8, 1, 80), "-sample", "2x2"));
  files.push(await cjpeg(draw(280, 270, 8), "-rgb"), await cjpeg(draw(4001, 9, 3)));
  names.push("grey", "small", "grey 2x2", "RGB", "4001×9");
  await using test = await openDevice();
  limitBinding(test.device);
  for (const entropy of ["segment", "sync"] as const) {
    using pool = new BufferPool(test.device);
    using decoder = new JpegDecoder(test.device, { pool, entropy });
    using images = await decoder.decode(files);
    await assertSame(images, files, names);
    for (const image of images.images) assert(image && image.rowPitch >= 4 * image.width);
    for (let i = 0; i < 2; i++) {
      using again = await decoder.decode(files);
      await again.verify();
    }
    const { allocations } = pool.stats();
    using last = await decoder.decode(files);
    await last.verify();
    assertEquals(pool.stats().allocations, allocations);
  }
});

Deno.test("strips go where the orientation wants them", async () => {
  const file = await cjpeg(draw(305, 251, 4));
  await using test = await openDevice();
  using whole = new JpegDecoder(test.device);
  const files = [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => oriented(file, orientation));
  using expected = await whole.decode(files);
  const pictures = [];
  for (let i = 0; i < 8; i++) pictures.push(await expected.read(i));
  limitBinding(test.device);
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(files);
  const errors = await images.verify();
  for (let i = 0; i < 4; i++) {
    assertEquals(errors[i], undefined);
    assertEquals(difference(await images.read(i), pictures[i]), undefined);
  }
  for (let i = 4; i < 8; i++) assert(errors[i] instanceof LimitsError);
});

Deno.test("what strips cannot take is LimitsError", async () => {
  const file = await cjpeg(draw(305, 251, 4), "-progressive");
  await using test = await openDevice();
  limitBinding(test.device);
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([file, await cjpeg(draw(16, 16))]);
  assert(images.errors[0] instanceof LimitsError);
  assert(images.errors[0].message.includes("maxStorageBufferBindingSize"));
  assertEquals(images.errors[1], undefined);
});
