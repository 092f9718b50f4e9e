import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import type { CpuImage, ImageRegion } from "../../src/gpu/images.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { oriented } from "./handmade.ts";
import { cjpeg, draw, openDevice, random, sameIn } from "./support.ts";

function regionIn({ width, height }: CpuImage, next: () => number): ImageRegion {
  const x = Math.floor(next() * width);
  const y = Math.floor(next() * height);
  const most = next() < 0.3 ? 3 : Infinity;
  return {
    x,
    y,
    width: 1 + Math.floor(next() * Math.min(most, width - x)),
    height: 1 + Math.floor(next() * Math.min(most, height - y)),
  };
}

async function makeFiles(): Promise<{ files: Uint8Array[]; names: string[] }> {
  const files: Uint8Array[] = [];
  const names: string[] = [];
  const samplings = ["1x1", "2x2", "2x1", "1x2", "4x1", "1x4", "2x2,1x2,2x1", "1x1,2x2,1x1"];
  const kinds = [[], ["-restart", "2"], ["-restart", "3B"], ["-progressive"], ["-optimize"]];
  let seed = 0;
  for (const sampling of samplings) {
    for (const kind of kinds) {
      const [width, height] = [[131, 97], [50, 149], [34, 33]][seed++ % 3];
      const args = ["-sample", sampling, ...kind];
      const file = await cjpeg(draw(width, height, seed), ...args);
      files.push(seed % 2 ? oriented(file, 1 + seed % 8) : file);
      names.push(args.join(" "));
    }
  }
  for (let orientation = 1; orientation <= 8; orientation++) {
    for (const sampling of ["2x2", "2x1"]) {
      files.push(oriented(await cjpeg(draw(70, 53, 9), "-sample", sampling), orientation));
      names.push(`${sampling} turned ${orientation}`);
    }
  }
  files.push(await cjpeg(draw(90, 70, 4, 1)), await cjpeg(draw(90, 70, 4, 1), "-sample", "2x2"));
  files.push(await cjpeg(draw(61, 62, 5), "-rgb"), await cjpeg(draw(19, 90, 5)));
  files.push(await cjpeg(draw(1, 1, 6)), await cjpeg(draw(3, 200, 6)));
  names.push("grey", "grey 2x2", "RGB", "narrow", "1×1", "3×200");
  return { files, names };
}

Deno.test("what is decoded of a region is equal to the same pixels of the whole picture", async () => {
  const { files, names } = await makeFiles();
  await using test = await openDevice();
  for (const entropy of ["segment", "sync"] as const) {
    using decoder = new JpegDecoder(test.device, { entropy });
    using whole = await decoder.decode(files);
    assertEquals((await whole.verify()).filter((error) => error), []);
    const expected: CpuImage[] = [];
    for (let i = 0; i < files.length; i++) expected.push(await whole.read(i));
    for (let round = 0; round < 3; round++) {
      const next = random(round + 1);
      const regions = expected.map((image) => regionIn(image, next));
      using images = await decoder.decode(files, { regions });
      assertEquals((await images.verify()).filter((error) => error), []);
      assertEquals(images.warnings.flat(), []);
      for (const [i, region] of regions.entries()) {
        const same = sameIn(region, await images.read(i), expected[i]);
        assert(same, `${entropy}, ${names[i]}: ${JSON.stringify(region)}`);
      }
    }
  }
});

Deno.test("blocks far from the region are not touched, and rows below it not read", async () => {
  const file = await cjpeg(draw(160, 160, 1), "-sample", "2x2");
  const broken = file.slice(0, file.length * 3 / 4);
  const region = { x: 40, y: 40, width: 20, height: 20 };
  await using test = await openDevice();
  using pool = new BufferPool(test.device);
  using decoder = new JpegDecoder(test.device, { pool });
  using whole = await decoder.decode([file]);
  const expected = await whole.read(0);
  for (const blob of [file, broken]) {
    const { COPY_DST, COPY_SRC, STORAGE } = GPUBufferUsage;
    const buffer = pool.acquire(160 * 640, STORAGE | COPY_SRC | COPY_DST, "grey");
    test.device.queue.writeBuffer(buffer, 0, new Uint8Array(160 * 640).fill(77));
    pool.release(buffer);
    using images = await decoder.decode([blob], { regions: [region] });
    assertEquals(await images.verify(), [undefined]);
    assertEquals(images.buffer, buffer);
    const found = await images.read(0);
    assert(sameIn(region, found, expected));
    for (let y = 0; y < 160; y++) {
      for (let x = 0; x < 160; x++) {
        const inside = x >= 32 && x < 64 && y >= 32 && y < 64;
        assert(inside || found.data[(y * 160 + x) * 3] === 77, `${x}, ${y}`);
      }
    }
  }
  using images = await decoder.decode([broken], { regions: [null] });
  assert((await images.verify())[0]);
});

Deno.test("regions may be a function of the pictures, part by part", async () => {
  const files = [await cjpeg(draw(60, 50, 1)), new Uint8Array(3), await cjpeg(draw(90, 80, 2))];
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  using whole = await decoder.decode(files);
  const told: [number, (number | undefined)[]][] = [];
  const parts = decoder.decodeParts(files, {
    maxBytes: 90 * 80 * 5,
    regions: (images, first) => {
      told.push([first, images.map((image) => image?.width)]);
      return images.map((image) => image && { x: 50, y: 1, width: 2, height: 9 });
    },
  });
  for await (const { first, images } of parts) {
    for (const [i, image] of images.images.entries()) {
      if (!image) continue;
      const region = { x: 50, y: 1, width: 2, height: 9 };
      assert(sameIn(region, await images.read(i), await whole.read(first + i)));
    }
    images[Symbol.dispose]();
  }
  assertEquals(told, [[0, [60, undefined]], [2, [90]]]);
});

Deno.test("a region must be whole pixels within its picture", async () => {
  const file = await cjpeg(draw(60, 50, 1));
  await using test = await openDevice();
  using decoder = new JpegDecoder(test.device);
  const regions: ImageRegion[] = [
    { x: -1, y: 0, width: 5, height: 5 },
    { x: 0, y: 46, width: 5, height: 5 },
    { x: 0.5, y: 0, width: 5, height: 5 },
    { x: 0, y: 0, width: 0, height: 5 },
    { x: 0, y: 0, width: NaN, height: 5 },
  ];
  for (const region of regions) {
    const error = await assertRejects(
      () => decoder.decode([file, file], { regions: [null, region] }),
      UsageError,
      "Cannot decode sample 1 as its region must be whole pixels within 60×50",
    );
    assertEquals(error.option, "regions");
  }
});
