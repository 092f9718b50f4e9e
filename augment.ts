/**
 * Augments images on the GPU: operators are plain data, fused into few passes by an `Augmenter`. It
 * uses nothing but WebGPU, and runs in Deno, in browsers, and in Node.js with an implementation of
 * WebGPU.
 *
 * @example
 * ```ts
 * import { normalize, randomFlip, randomResizedCrop } from "@cassette/loader/augment";
 * import { assertEquals } from "@std/assert";
 *
 * const operators = [randomResizedCrop(224), randomFlip(), normalize({ mean: 127.5, std: 127.5 })];
 * assertEquals(JSON.parse(JSON.stringify(operators)), operators);
 * ```
 *
 * @module
 */
export {
  CassetteError,
  type ErrorDetails,
  GpuError,
  LimitsError,
  UsageError,
} from "./src/errors.ts";
export { formatId, ID_BYTES, IdList, parseId } from "./src/ids.ts";
export { type DeviceOptions, isCpuAdapter, requestDevice } from "./src/gpu/device.ts";
export { type GpuImage, GpuImages, type ImageRegion, type ImageReport } from "./src/gpu/images.ts";
export { BufferPool, type PoolStats } from "./src/gpu/pool.ts";
export {
  type DType,
  GpuTensor,
  type Layout,
  type TensorData,
  type TensorDescriptor,
} from "./src/gpu/tensor.ts";
export * from "./src/augment/mod.ts";
