/**
 * What is computed on every implementation of WebGPU, in Deno, a browser, and Node.js: this module and
 * all that it imports use the web platform alone.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { Augmenter, GpuImages, GpuTensor, type Operator } from "../../augment.ts";
import { type EntropyPath, type ImageRegion, JpegDecoder, requestDevice } from "../../jpeg.ts";
import { limitBinding } from "../gpu/limit_binding.ts";

/** Files that are decoded together. */
export interface DecodeCase {
  name: string;
  /** Files, in hexadecimal. */
  files: string[];
  entropy: EntropyPath;
  /** Most bytes of a binding, so that pictures are decoded in strips. */
  binding?: number;
  /** What is decoded of each picture; all of it if left out. */
  region?: ImageRegion;
}

/** An operator on one picture. */
export interface AugmentCase {
  name: string;
  operators: readonly Operator[];
}

/** All that is computed. */
export interface Input {
  decode: DecodeCase[];
  augment: AugmentCase[];
  /** The picture that is augmented: RGB, in hexadecimal. */
  picture: { width: number; height: number; data: string };
}

/** A decoded picture, or why there is none. */
export interface Decoded {
  width: number;
  height: number;
  channels: number;
  /** In hexadecimal. */
  data: string;
  error?: string;
}

/** What came of it. */
export interface Output {
  /** Name of the adapter. */
  adapter: string;
  /** A list for each case. */
  decoded: Decoded[][];
  /** Width, height and f32 elements (NCHW, little endian, in hexadecimal) of each case. */
  augmented: { width: number; height: number; data: string; error?: string }[];
  /** Errors that no scope has caught. */
  uncaptured: string[];
}

/**
 * Computes everything on one implementation.
 *
 * @param input What is computed.
 * @param gpu The implementation.
 * @returns What came of it.
 */
export async function compute(input: Input, gpu: GPU): Promise<Output> {
  const uncaptured: string[] = [];
  const adapter = await gpu.requestAdapter();
  const open = async () => {
    const device = await requestDevice({ gpu });
    device.addEventListener("uncapturederror", (event) => {
      uncaptured.push((event as GPUUncapturedErrorEvent).error.message);
    });
    return device;
  };
  const decoded: Decoded[][] = [];
  for (const one of input.decode) {
    const device = await open();
    if (one.binding !== undefined) limitBinding(device, one.binding);
    decoded.push(await decode(device, one));
    device.destroy();
  }
  const device = await open();
  const augmented: Output["augmented"] = [];
  for (const one of input.augment) {
    augmented.push(
      await augment(device, one, input.picture).catch((error) => ({
        width: 0,
        height: 0,
        data: "",
        error: String(error),
      })),
    );
  }
  device.destroy();
  const { vendor, architecture, description } = adapter!.info;
  return { adapter: `${vendor} ${architecture} ${description}`, decoded, augmented, uncaptured };
}

async function decode(
  device: GPUDevice,
  { files, entropy, region }: DecodeCase,
): Promise<Decoded[]> {
  const decoder = new JpegDecoder(device, { entropy });
  const regions = region && files.map(() => region);
  const images = await decoder.decode(files.map(hexToBytes), { regions });
  const errors = await images.verify();
  const decoded: Decoded[] = [];
  for (let i = 0; i < files.length; i++) {
    const error = errors[i];
    if (error) decoded.push({ width: 0, height: 0, channels: 0, data: "", error: error.message });
    else {
      const { width, height, channels, data } = await images.read(i);
      decoded.push({ width, height, channels, data: bytesToHex(data) });
    }
  }
  images[Symbol.dispose]();
  decoder[Symbol.dispose]();
  return decoded;
}

async function augment(
  device: GPUDevice,
  { operators }: AugmentCase,
  { width, height, data }: Input["picture"],
): Promise<Output["augmented"][number]> {
  const rgb = hexToBytes(data);
  const rowPitch = Math.ceil(width * 4 / 64) * 64;
  const buffer = device.createBuffer({
    size: rowPitch * height,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  const rgba = new Uint8Array(rowPitch * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rgba.set(rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), y * rowPitch + x * 4);
      rgba[y * rowPitch + x * 4 + 3] = 255;
    }
  }
  device.queue.writeBuffer(buffer, 0, rgba);
  const image = { byteOffset: 0, width, height, rowPitch, channels: 3 as const };
  // Two of them, so that operators that mix pictures have a partner.
  const images = new GpuImages(device, buffer, [image, image], (own) => own.destroy());
  const augmenter = new Augmenter(device, operators);
  const keys = { seed: 7, epoch: 0, positions: [0, 1] };
  const size = augmenter.shape(images.images, keys)!;
  const descriptor = {
    shape: [2, 3, size.height, size.width] as [number, number, number, number],
    layout: "NCHW" as const,
    dtype: "f32" as const,
  };
  const target = device.createBuffer({
    size: 2 * 3 * size.height * size.width * 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC,
  });
  const tensor = new GpuTensor(device, target, descriptor);
  await augmenter.apply(images, keys, tensor);
  const elements = await tensor.read();
  images[Symbol.dispose]();
  augmenter[Symbol.dispose]();
  target.destroy();
  return { ...size, data: bytesToHex(new Uint8Array(elements.buffer)) };
}
