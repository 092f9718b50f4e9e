/**
 * Compares operators with Pillow (`pip install pillow numpy`) on photos.
 *
 * Run it by `deno run -A tools/augment_pillow.ts FOLDER [COUNT]`. It prints the worst difference of
 * each operator in levels of a byte, and the share of values that are off by more than 1.
 */
import { join } from "@std/path";
import sharp from "sharp";
import {
  Augmenter,
  autoContrast,
  brightness,
  contrast,
  equalize,
  GpuImages,
  GpuTensor,
  grayscale,
  invert,
  type Operator,
  posterize,
  requestDevice,
  saturation,
  sharpness,
  solarize,
} from "../mod.ts";

const CASES: Record<string, [Operator, string]> = {
  equalize: [equalize(), "ImageOps.equalize(im)"],
  autoContrast: [autoContrast(), "ImageOps.autocontrast(im)"],
  posterize: [posterize(3), "ImageOps.posterize(im, 3)"],
  solarize: [solarize(100), "ImageOps.solarize(im, 100)"],
  invert: [invert(), "ImageOps.invert(im)"],
  grayscale: [grayscale(), "im.convert('L').convert('RGB')"],
  saturation: [saturation(1.7), "ImageEnhance.Color(im).enhance(1.7)"],
  contrast: [
    contrast(1.4, { contrastCenter: "mean" }),
    "ImageEnhance.Contrast(im).enhance(1.4)",
  ],
  brightness: [brightness(0.6), "ImageEnhance.Brightness(im).enhance(0.6)"],
  sharpness: [sharpness(2.5), "ImageEnhance.Sharpness(im).enhance(2.5)"],
};
const PYTHON = `
import sys
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
folder, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
read = lambda name: np.fromfile(f"{folder}/{name}", np.uint8).reshape(height, width, 3)
im = Image.fromarray(read("input"))
for name, code in zip(sys.argv[4::2], sys.argv[5::2]):
    off = np.abs(read(name).astype(int) - np.asarray(eval(code)).astype(int))
    print(f"{name:14s} worst {off.max():3d}, above 1: {(off > 1).mean():.2%}")
`;

const [folder, count = "3"] = Deno.args;
const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => /\.jpe?g$/i.test(name)).sort();
const device = await requestDevice();
const place = await Deno.makeTempDir();
for (let i = 0; i < Number(count); i++) {
  const name = names[Math.floor(i * names.length / Number(count))];
  const { data, info: { width, height } } = await sharp(join(folder, name)).toColourspace("srgb")
    .removeAlpha().raw().toBuffer({ resolveWithObject: true });
  await Deno.writeFile(join(place, "input"), data);
  for (const [operator, [step]] of Object.entries(CASES)) {
    await Deno.writeFile(join(place, operator), await augmented(data, width, height, step));
  }
  const code = Object.entries(CASES).flatMap(([operator, [, python]]) => [operator, python]);
  const args = ["-c", PYTHON, place, `${width}`, `${height}`, ...code];
  const { stdout, stderr } = await new Deno.Command("python3", { args }).output();
  console.log(`${name}\n${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`);
}
await Deno.remove(place, { recursive: true });
device.destroy();

async function augmented(
  data: Uint8Array,
  width: number,
  height: number,
  operator: Operator,
): Promise<Uint8Array> {
  const rowPitch = Math.ceil(width / 16) * 64;
  const pixels = new Uint8Array(Math.ceil(rowPitch * height / 256) * 256);
  for (let i = 0; i < width * height; i++) {
    const at = Math.floor(i / width) * rowPitch + (i % width) * 4;
    pixels.set(data.subarray(3 * i, 3 * i + 3), at);
  }
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const source = device.createBuffer({ size: pixels.length, usage });
  device.queue.writeBuffer(source, 0, pixels);
  const image = { byteOffset: 0, width, height, rowPitch, channels: 3 as const };
  using images = new GpuImages(device, source, [image], () => source.destroy());
  const target = device.createBuffer({ size: Math.ceil(data.length / 4) * 4, usage });
  const shape = [1, height, width, 3] as const;
  const tensor = new GpuTensor(device, target, { shape, dtype: "u8", layout: "NHWC" });
  using augmenter = new Augmenter(device, [operator], { layout: "NHWC", dtype: "u8" });
  await augmenter.apply(images, { seed: 0, epoch: 0, positions: [0] }, tensor);
  const result = await tensor.read() as Uint8Array;
  target.destroy();
  return result;
}
