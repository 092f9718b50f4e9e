/**
 * Decodes JPEG files on the GPU, many at a time, to the same pixels as libjpeg-turbo. It uses nothing
 * but WebGPU, and runs in Deno, in browsers, and in Node.js with an implementation of WebGPU.
 *
 * @example
 * ```ts
 * import { JpegDecoder, requestDevice } from "@cassette/loader/jpeg";
 *
 * async function decode(files: Uint8Array<ArrayBuffer>[]): Promise<void> {
 *   const device = await requestDevice();
 *   using decoder = new JpegDecoder(device);
 *   using images = await decoder.decode(files);
 *   const errors = await images.verify();
 *   images.images.forEach((image, i) => console.log(image?.width, image?.height, errors[i]?.message));
 * }
 * ```
 *
 * @module
 */
export {
  CassetteError,
  CorruptJpegError,
  DeviceLostError,
  DisposedError,
  type ErrorDetails,
  GpuError,
  LimitsError,
  NoAdapterError,
  UnsupportedFormatError,
  UnsupportedJpegError,
  UsageError,
} from "./src/errors.ts";
export { formatId, ID_BYTES, IdList, parseId } from "./src/ids.ts";
export { type DeviceOptions, isCpuAdapter, requestDevice } from "./src/gpu/device.ts";
export {
  type CpuImage,
  type GpuImage,
  GpuImages,
  type ImageRegion,
  type ImageReport,
} from "./src/gpu/images.ts";
export { BufferPool, type PoolStats } from "./src/gpu/pool.ts";
export {
  type BlobList,
  type DecodedPart,
  type DecodeOptions,
  type DecodePartsOptions,
  type EntropyPath,
  JpegDecoder,
  type JpegDecoderOptions,
  type Regions,
} from "./src/jpeg/decoder.ts";
export type { LexedBlobs } from "./src/jpeg/lex.ts";
