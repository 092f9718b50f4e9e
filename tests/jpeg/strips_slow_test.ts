import { assert, assertEquals } from "@std/assert";
import { LimitsError } from "../../src/errors.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { oriented } from "./handmade.ts";
import {
  assertSame,
  cjpeg,
  difference,
  djpeg,
  draw,
  limitBinding,
  openDevice,
  sameIn,
} from "./support.ts";

const BINDING = 120_000;

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
  limitBinding(test.device, BINDING);
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
  limitBinding(test.device, BINDING);
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode(files);
  const errors = await images.verify();
  for (let i = 0; i < 4; i++) {
    assertEquals(errors[i], undefined);
    assertEquals(difference(await images.read(i), pictures[i]), undefined);
  }
  for (let i = 4; i < 8; i++) assert(errors[i] instanceof LimitsError);
});

/** Scan scripts of `cjpeg`: other orders of scans, and one whose last bits never come. */
const SCRIPTS = {
  "AC before other DC": "0,1,2: 0-0, 0, 1;\n1: 1-63, 0, 2;\n0: 1-5, 0, 0;\n2: 1-63, 0, 1;\n" +
    "0,1,2: 0-0, 1, 0;\n1: 1-63, 2, 1;\n2: 1-63, 1, 0;\n0: 6-63, 0, 0;\n1: 1-63, 1, 0;\n",
  "DC apart": "0: 0-0, 0, 0;\n1: 0-0, 0, 1;\n2: 0-0, 0, 0;\n1: 0-0, 1, 0;\n0: 1-63, 0, 1;\n" +
    "0: 1-63, 1, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n",
  "DC alone": "0,1,2: 0-0, 0, 0;\n",
  "incomplete": "0,1,2: 0-0, 0, 1;\n0: 1-5, 0, 2;\n1: 1-63, 0, 1;\n",
  "not interleaved, sequential": "0;\n1;\n2;\n",
  "partly interleaved, sequential": "0;\n1,2;\n",
};

Deno.test("a picture of several scans that exceeds a binding is decoded in strips, equal to djpeg", async () => {
  const folder = await Deno.makeTempDir();
  const files: Uint8Array[] = [];
  const names: string[] = [];
  const add = async (width: number, height: number, channels: number, ...args: string[]) => {
    files.push(await cjpeg(draw(width, height, files.length, channels, 80), ...args));
    names.push(`${width}×${height} ${args.join(" ")}`);
  };
  const samplings = ["1x1", "2x1", "1x2", "2x2", "4x1", "2x4", "2x2,2x1,1x2", "1x1,2x2,1x1"];
  for (const [i, sampling] of samplings.entries()) {
    const restart = i % 3 === 1 ? ["-restart", `${i * 7}B`] : [];
    await add(311 + i, 257 - i, 3, "-progressive", "-sample", sampling, ...restart);
  }
  await add(401, 399, 1, "-progressive");
  await add(401, 399, 1, "-progressive", "-sample", "2x2");
  await add(280, 270, 3, "-progressive", "-rgb");
  await add(4001, 9, 3, "-progressive");
  for (const [name, script] of Object.entries(SCRIPTS)) {
    const file = `${folder}/script`;
    await Deno.writeTextFile(file, script);
    for (const sampling of ["1x1", "2x2", "1x2"]) {
      await add(313, 251, 3, "-sample", sampling, "-scans", file);
      names[names.length - 1] = `${name} ${sampling}`;
    }
  }
  // A row of MCUs with an odd number of blocks, and neighbours that need no strips.
  await add(1001, 100, 3, "-progressive", "-sample", "1x1");
  await add(20, 30, 3, "-progressive");
  await add(90, 80, 3);
  await Deno.remove(folder, { recursive: true });
  await using test = await openDevice();
  limitBinding(test.device, BINDING);
  using pool = new BufferPool(test.device);
  using decoder = new JpegDecoder(test.device, { pool });
  using images = await decoder.decode(files);
  await assertSame(images, files, names);
  const { allocations } = pool.stats();
  for (let i = 0; i < 2; i++) {
    using again = await decoder.decode(files);
    await again.verify();
  }
  assert(pool.stats().allocations <= allocations + 1);
});

Deno.test("what strips cannot take is LimitsError", async () => {
  const file = oriented(await cjpeg(draw(305, 251, 4), "-progressive"), 6);
  await using test = await openDevice();
  limitBinding(test.device, BINDING);
  using decoder = new JpegDecoder(test.device);
  using images = await decoder.decode([file, await cjpeg(draw(16, 16))]);
  assert(images.errors[0] instanceof LimitsError);
  assert(images.errors[0].message.includes("maxStorageBufferBindingSize"));
  assertEquals(images.errors[1], undefined);
});

Deno.test("a region of a picture that exceeds a binding is decoded, in strips or not", async () => {
  const picture = draw(311, 257, 4);
  const files = await Promise.all(
    [[], ["-sample", "1x1"], ["-progressive"]].map((args) => cjpeg(picture, ...args)),
  );
  const expected = await Promise.all(files.map((file) => djpeg(file)));
  const regions = [
    { x: 100, y: 120, width: 50, height: 40 },
    { x: 3, y: 2, width: 300, height: 200 },
  ];
  await using test = await openDevice();
  limitBinding(test.device, BINDING);
  for (const entropy of ["segment", "sync"] as const) {
    using decoder = new JpegDecoder(test.device, { entropy });
    for (const region of regions) {
      using images = await decoder.decode(files, { regions: files.map(() => region) });
      assertEquals(await images.verify(), files.map(() => undefined));
      for (const i of files.keys()) assert(sameIn(region, await images.read(i), expected[i]));
    }
  }
});
