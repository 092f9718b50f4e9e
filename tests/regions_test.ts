/** The loader decodes only what its operators read: the batches are those of whole pictures. */
import { assert, assertEquals } from "@std/assert";
import {
  Augmenter,
  centerCrop,
  crop,
  cutmix,
  equalize,
  flip,
  gaussianBlur,
  GpuTensor,
  IMAGENET,
  JpegDecoder,
  Loader,
  mixup,
  normalize,
  type Operator,
  pad,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  resize,
  rotate,
  sharpness,
} from "../mod.ts";
import { oriented } from "./jpeg/handmade.ts";
import { cjpeg, draw } from "./jpeg/support.ts";
import { countedIds, FakeSource } from "./pipeline/fake_source.ts";

const SEED = 5;
const device = await requestDevice();

const LISTS: Record<string, Operator[]> = {
  classic: [randomResizedCrop(24), randomFlip({ vertical: 0.5 }), normalize(IMAGENET)],
  cubic: [
    randomResizedCrop({ width: 30, height: 17 }, {
      interpolation: "cubic",
      randomArea: [0.02, 0.1],
    }),
  ],
  enlarged: [crop(2, { x: 0.3, y: 0.9 }), resize(40, { interpolation: "lanczos3" })],
  rotated: [rotate([-180, 180], { size: 60, fillValue: 9 }), crop(14, { y: 0 })],
  neighbours: [resize(80), gaussianBlur({ sigma: 2 }), sharpness(3), crop(12, { x: 1, y: 0 })],
  padded: [flip(), pad({ left: 20, top: 9, fillValue: null }), resize(40), crop(11, { x: 0 })],
  measured: [crop(16, { x: 0.2, y: 0.4 }), equalize()],
  mixed: [randomResizedCrop(20, { randomArea: [0.1, 0.3] }), mixup(), cutmix()],
};

async function makeFiles(): Promise<Uint8Array[]> {
  const files: Uint8Array[] = [];
  const samplings = ["2x2", "1x1", "2x1", "1x2", "4x1", "2x2,1x2,2x1"];
  for (const [i, sampling] of samplings.entries()) {
    const picture = draw(120 + 7 * i, 90 + i, i, 3);
    files.push(await cjpeg(picture, "-sample", sampling));
    files.push(await cjpeg(picture, "-sample", sampling, "-progressive"));
    files.push(await cjpeg(picture, "-sample", sampling, "-restart", "1"));
  }
  files.push(await cjpeg(draw(100, 81, 3, 1)));
  for (let orientation = 2; orientation <= 8; orientation++) {
    files.push(oriented(files[3 * (orientation % 4)], orientation));
  }
  return files;
}

/** What whole pictures come out as. */
async function augmentWhole(files: Uint8Array[], operators: Operator[]): Promise<Float32Array> {
  using decoder = new JpegDecoder(device);
  using augmenter = new Augmenter(device, operators);
  using images = await decoder.decode(files);
  const keys = { seed: SEED, epoch: 0, positions: files.map((_, i) => i) };
  const { width, height } = augmenter.shape(images.images, keys)!;
  const buffer = device.createBuffer({
    label: "whole",
    size: files.length * 3 * width * height * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const shape = [files.length, 3, height, width] as const;
  const tensor = new GpuTensor(device, buffer, { shape, dtype: "f32", layout: "NCHW" });
  await augmenter.apply(images, keys, tensor);
  const data = await tensor.read();
  buffer.destroy();
  return data as Float32Array;
}

function loaderOf(files: Uint8Array[], augment: Operator[]): Loader {
  const source = new FakeSource((sample) => files[sample]);
  const ids = countedIds(files.length);
  return new Loader({ source, device, ids, batchSize: files.length, seed: SEED, augment });
}

Deno.test("batches are the same whether whole pictures are decoded or what is read of them", async () => {
  const files = await makeFiles();
  for (const [name, operators] of Object.entries(LISTS)) {
    const expected = await augmentWhole(files, operators);
    await using loader = loaderOf(files, operators);
    for await (using batch of loader) {
      assert(batch.valid.every((valid) => valid === 1), name);
      assertEquals(await batch.images.read(), expected, name);
    }
  }
});

Deno.test("what lies below a crop is not read", async () => {
  const file = await cjpeg(draw(120, 90, 1));
  const files = [file, file.slice(0, file.length / 2)];
  await using top = loaderOf(files, [crop(16, { x: 0.5, y: 0 })]);
  for await (using batch of top) {
    const [whole, half] = [0, 1].map((i) => i * 3 * 16 * 16);
    const pixels = await batch.images.read();
    assertEquals(pixels.slice(half), pixels.slice(whole, half));
  }
  await using bottom = loaderOf(files, [centerCrop(80)]);
  const error = await Array.fromAsync(bottom).catch((error) => error);
  assertEquals(error.code, "CORRUPT_JPEG");
});
