import { assert, assertEquals, assertRejects } from "@std/assert";
import { ShapeError, UsageError } from "../../src/errors.ts";
import {
  affine,
  Augmenter,
  type Augmenter as AugmenterType,
  colorTwist,
  cutmix,
  equalize,
  erase,
  flip,
  gaussianBlur,
  type MaskOptions,
  MaskTensor,
  mixup,
  normalize,
  type Operator,
  pad,
  randomFlip,
  randomResizedCrop,
  resize,
  rotate,
} from "../../src/augment/mod.ts";
import { draw, flip as flipped, type Picture, resample } from "./reference.ts";
import { keysFor, run, testDevice, testPicture, upload } from "./run.ts";

const device = await testDevice();

/** A mask of blocks of classes, in red, green and blue. */
function testMask(width: number, height: number, seed = 0): Picture {
  return draw(width, height, (x, y) => ((x >> 2) * 3 + (y >> 3) * 7 + seed) % 21);
}

const SIZES: [number, number][] = [[60, 45], [45, 61], [33, 90], [64, 64], [1, 40]];
const MASKS = SIZES.map(([width, height], i) => testMask(width, height, i));

async function masksOf(
  masks: (Picture | null)[],
  operators: readonly Operator[],
  dtype: "u8" | "i32" = "u8",
  options: MaskOptions = {},
  byteOffset = 0,
  maxBindingBytes?: number,
): Promise<{ sample(index: number): number[]; width: number; height: number }> {
  device.pushErrorScope("validation");
  using augmenter: AugmenterType = new Augmenter(device, operators, {}, { maxBindingBytes });
  using images = upload(device, masks);
  const keys = keysFor(masks.length);
  const { width, height } = augmenter.shape(images.images, keys)!;
  const shape = [masks.length, height, width] as const;
  const bytes = masks.length * height * width * (dtype === "u8" ? 1 : 4);
  const size = Math.ceil((byteOffset + bytes) / 4) * 4;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size, usage });
  device.queue.writeBuffer(buffer, 0, new Uint8Array(size).fill(201));
  const target = new MaskTensor(device, buffer, { shape, dtype }, byteOffset);
  await augmenter.applyMasks(images, keys, target, options);
  const data = await target.read();
  const error = await device.popErrorScope();
  buffer.destroy();
  if (error) throw new Error(error.message);
  const pixels = width * height;
  return {
    width,
    height,
    sample: (i) => Array.from(data.slice(i * pixels, (i + 1) * pixels)),
  };
}

const red = (values: ArrayLike<number>, pixels: number): number[] =>
  Array.from({ length: pixels }, (_, i) => values[i]);

Deno.test("a mask follows its image: what nearest sampling makes of the image", async () => {
  const lists: ((interpolation: "linear" | "nearest") => Operator[])[] = [
    (interpolation) => [randomResizedCrop(28, { interpolation }), randomFlip({ vertical: 0.5 })],
    (interpolation) => [resize({ width: 40, height: 30 }, { interpolation }), pad(2), flip()],
    (interpolation) => [rotate([-90, 90], { size: 40, interpolation, fillValue: 0 })],
    (interpolation) => [
      affine({ scale: 0.7, angle: 20, size: { width: 37, height: 31 }, interpolation }),
    ],
  ];
  for (const list of lists) {
    for (const dtype of ["u8", "i32"] as const) {
      const got = await masksOf(MASKS, list("linear"), dtype);
      const want = await run(device, MASKS, list("nearest"));
      MASKS.forEach((_, i) => {
        assertEquals(got.sample(i), red(want.sample(i), got.width * got.height));
      });
    }
  }
});

Deno.test("a mask is resized and mirrored as the formulas say", async () => {
  const got = await masksOf(MASKS.slice(0, 2), [resize({ width: 25, height: 50 }), flip()]);
  MASKS.slice(0, 2).forEach((mask, i) => {
    const { width, height } = mask;
    const nearest = resample(mask, [0, 0, width, height], 25, 50, "nearest");
    const want = flipped(nearest, true, false).data.filter((_, k) => k % 3 === 0);
    assertEquals(got.sample(i), Array.from(want));
  });
});

Deno.test("colours, neighbours and erasing leave masks alone, before and after geometry", async () => {
  const geometry = [randomResizedCrop({ width: 31, height: 27 }), flip(), resize(19)];
  const plain = await masksOf(MASKS, geometry);
  const busy = await masksOf(MASKS, [
    equalize(),
    colorTwist({ hue: [0, 90], contrast: 2 }),
    gaussianBlur({ sigma: 2 }),
    geometry[0],
    erase({ x: 3, y: 3, width: 20, height: 20 }),
    gaussianBlur({ sigma: 1 }),
    geometry[1],
    normalize({ mean: 9, std: 3 }),
    geometry[2],
    equalize(),
    mixup(),
  ]);
  MASKS.forEach((_, i) => assertEquals(busy.sample(i), plain.sample(i)));
});

Deno.test("what lies beyond the image has the number asked for", async () => {
  const [mask] = MASKS;
  const padded = await masksOf([mask], [pad({ left: 3, top: 2, fillValue: 9 })], "u8", {
    fill: 255,
  });
  padded.sample(0).forEach((value, i) => {
    const x = i % 63 - 3, y = Math.floor(i / 63) - 2;
    assertEquals(value, x < 0 || y < 0 ? 255 : mask.data[3 * (y * 60 + x)]);
  });
  const turned = await masksOf([mask], [rotate(45, { fillValue: 0 })], "i32", { fill: -1 });
  assertEquals(turned.sample(0)[0], -1);
  const edge = await masksOf([mask], [rotate(45)], "i32", { fill: -1 });
  assert(!edge.sample(0).includes(-1));
});

Deno.test("numbers may have 32 bits, and places without a mask are zeros", async () => {
  const wide = draw(20, 10, (x, y, c) => [x, y, 77][c]);
  const got = await masksOf([null, wide, null], [flip()], "i32", { bits: 32 });
  const word = (x: number, y: number): number => (x | y << 8 | 77 << 16 | 255 << 24) | 0;
  assertEquals(got.sample(1)[0], word(19, 0));
  assertEquals(got.sample(1)[199], word(0, 9));
  assertEquals(got.sample(0), new Array(200).fill(0));
  assertEquals(got.sample(2), new Array(200).fill(0));
});

Deno.test("bytes that begin within a word leave their neighbours alone", async () => {
  const want = await masksOf(MASKS, [resize({ width: 7, height: 5 })], "i32");
  for (const offset of [0, 1, 2, 7]) {
    const got = await masksOf(MASKS, [resize({ width: 7, height: 5 })], "u8", {}, offset);
    MASKS.forEach((_, i) => assertEquals(got.sample(i), want.sample(i)));
  }
});

Deno.test("cutmix pastes the partner's mask where it pastes the partner", async () => {
  const pictures = [1, 2, 3, 4, 5].map((i) => draw(32, 24, () => 20 * i));
  const operators = [resize({ width: 30, height: 22 }), cutmix()];
  const images = await run(device, pictures, operators);
  for (const dtype of ["u8", "i32"] as const) {
    const masks = await masksOf(pictures, operators, dtype);
    let pasted = 0;
    pictures.forEach((_, i) => {
      assertEquals(masks.sample(i), red(images.sample(i), 30 * 22).map(Math.round));
      pasted += masks.sample(i).filter((value) => value !== 20 * (i + 1)).length;
    });
    assert(pasted > 0);
  }
});

Deno.test("masks of a batch that is larger than a binding are pasted all the same", async () => {
  const masks = Array.from({ length: 16 }, (_, i) => testMask(64, 64, i));
  const want = await masksOf(masks, [cutmix()]);
  const got = await masksOf(masks, [cutmix()], "u8", {}, 0, 64 * 64 * 16 + 256);
  masks.forEach((_, i) => assertEquals(got.sample(i), want.sample(i)));
});

Deno.test("options of masks that are wrong, or not there, are refused by name", async () => {
  // deno-lint-ignore no-explicit-any
  const wrong = (options: any) => () => masksOf([MASKS[0]], [], "u8", options);
  await assertRejects(wrong({ bits: 16 }), UsageError, "bits must be 8 or 32: received 16");
  await assertRejects(wrong({ fill: 0.5 }), UsageError, "fill must be");
  await assertRejects(wrong({ fill: 2 ** 31 }), UsageError, "fill must be");
  await assertRejects(wrong({ fil: 1 }), UsageError, "did you mean fill?");
});

Deno.test("a target that does not fit is an error", async () => {
  using augmenter = new Augmenter(device, [resize(8)]);
  using masks = upload(device, [testPicture(9, 9)]);
  const buffer = device.createBuffer({ size: 1024, usage: GPUBufferUsage.STORAGE });
  const tensor = (shape: [number, number, number]) =>
    new MaskTensor(device, buffer, { shape, dtype: "u8" });
  const apply = (target: MaskTensor, first = 0) => () =>
    augmenter.applyMasks(masks, keysFor(1), target, { first });
  await assertRejects(apply(tensor([1, 8, 9])), ShapeError, "[8, 8]");
  await assertRejects(apply(tensor([1, 8, 8]), 1), UsageError, "received 1");
  buffer.destroy();
});
