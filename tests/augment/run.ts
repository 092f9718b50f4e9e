import { GpuImages } from "../../src/gpu/images.ts";
import { requestDevice } from "../../src/gpu/device.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import {
  GpuTensor,
  tensorBytes,
  type TensorData,
  type TensorDescriptor,
} from "../../src/gpu/tensor.ts";
import { Augmenter } from "../../src/augment/augmenter.ts";
import type { AugmenterOptions, AugmentOutput } from "../../src/augment/augmenter_options.ts";
import type { Operator, SampleKeys } from "../../src/augment/operator.ts";
import { draw, type Picture } from "./reference.ts";

/** Opens a device; a WebGPU error that no scope catches fails the test run. */
export async function testDevice(): Promise<GPUDevice> {
  const device = await requestDevice({ label: "augment test" });
  device.addEventListener("uncapturederror", (event) => {
    reportError(new Error((event as GPUUncapturedErrorEvent).error.message));
  });
  return device;
}

/** A picture with edges, noise and slopes, always the same for the same size. */
export function testPicture(width: number, height: number, seed = 1): Picture {
  let state = seed * 2654435761 >>> 0;
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  return draw(width, height, (x, y, c) => {
    const slope = (x * (c + 1) + y * 2) % 256;
    const edge = ((x >> 3) + (y >> 4)) % 2 === 0 ? 40 : 215;
    return [slope, edge, noise()][(x + (y >> 2) + c) % 3] & 255;
  });
}

/** Puts pictures into GPU memory as the decoder does; null leaves a place empty. */
export function upload(device: GPUDevice, pictures: readonly (Picture | null)[]): GpuImages {
  let bytes = 256;
  const images = pictures.map((picture) => {
    if (!picture) return null;
    const { width, height } = picture;
    const rowPitch = Math.ceil(width * 4 / 64) * 64;
    const byteOffset = bytes;
    bytes += Math.ceil(rowPitch * height / 256) * 256;
    return { byteOffset, width, height, rowPitch, channels: 3 as const };
  });
  const buffer = device.createBuffer({
    label: "test images",
    size: bytes,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  // What is not a pixel is noise, so that a read beyond the rows shows.
  const data = new Uint8Array(bytes).map((_, i) => (i * 197 + (i >> 8) * 31) & 255);
  images.forEach((image, i) => {
    if (!image) return;
    const { data: source, width, height } = pictures[i]!;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const to = image.byteOffset + y * image.rowPitch + x * 4;
        for (let c = 0; c < 3; c++) data[to + c] = source[(y * width + x) * 3 + c];
        data[to + 3] = 255;
      }
    }
  });
  device.queue.writeBuffer(buffer, 0, data);
  return new GpuImages(device, buffer, images, (buffer) => buffer.destroy());
}

/** Keys with positions 0, 1, 2, … */
export function keysFor(count: number, seed = 7, epoch = 0): SampleKeys {
  return { seed, epoch, positions: Array.from({ length: count }, (_, i) => i) };
}

/** What {@linkcode run} takes beside pictures and operators. */
export interface RunOptions {
  output?: AugmentOutput;
  options?: AugmenterOptions;
  keys?: SampleKeys;
  /** Bytes before the tensor in its buffer. */
  byteOffset?: number;
}

/** Augments pictures and reads the tensor back; throws on any WebGPU validation error. */
export async function run(
  device: GPUDevice,
  pictures: readonly (Picture | null)[],
  operators: readonly Operator[],
  { output = {}, options = {}, keys = keysFor(pictures.length), byteOffset = 0 }: RunOptions = {},
): Promise<{ data: TensorData; width: number; height: number; sample(index: number): number[] }> {
  device.pushErrorScope("validation");
  using pool = new BufferPool(device);
  using augmenter = new Augmenter(device, operators, output, { pool, ...options });
  using images = upload(device, pictures);
  const { width, height } = augmenter.shape(images.images, keys)!;
  const { layout, dtype } = augmenter;
  const count = pictures.length;
  const descriptor: TensorDescriptor = {
    shape: layout === "NCHW" ? [count, 3, height, width] : [count, height, width, 3],
    layout,
    dtype,
  };
  const buffer = device.createBuffer({
    label: "test tensor",
    size: Math.ceil((byteOffset + tensorBytes(descriptor)) / 4) * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const tensor = new GpuTensor(device, buffer, descriptor, byteOffset);
  let data: TensorData;
  let error: GPUError | null = null;
  try {
    await augmenter.apply(images, keys, tensor);
    data = await tensor.read();
  } finally {
    error = await device.popErrorScope();
    buffer.destroy();
  }
  if (error) throw new Error(error.message);
  const size = 3 * width * height;
  const sample = (index: number): number[] =>
    Array.from(data.slice(index * size, (index + 1) * size));
  return { data, width, height, sample };
}
