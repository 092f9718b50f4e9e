import { LimitsError } from "../errors.ts";
import type { BufferPool } from "../gpu/pool.ts";

const LEAST_BYTES = 256;

/**
 * Lends a buffer for intermediate results, of a power of two bytes, so that a stream of varying sizes
 * soon finds all its buffers in the pool.
 *
 * @param device The device.
 * @param pool The pool.
 * @param bytes Bytes needed.
 * @param label Name for errors and traces.
 * @param usage `GPUBufferUsage` flags; STORAGE when left out.
 * @returns The buffer.
 * @throws {LimitsError} If the device has no buffers as large.
 */
export function lendPixels(
  device: GPUDevice,
  pool: BufferPool,
  bytes: number,
  label: string,
  usage: number = GPUBufferUsage.STORAGE,
): GPUBuffer {
  const most = device.limits.maxBufferSize;
  if (bytes > most) {
    throw new LimitsError(
      `Cannot augment a batch as the bytes of its pixels must be at most ${most} on this device: received ${bytes}`,
      { option: "batchSize" },
    );
  }
  const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, LEAST_BYTES)));
  return pool.acquire(Math.max(bytes, Math.min(size, most)), usage, label);
}
