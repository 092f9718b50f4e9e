import type { GpuImage } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";

/** Where images begin, and from one row to the next: as the JPEG decoder lays out pictures. */
const IMAGE_ALIGNMENT = 256;
const ROW_ALIGNMENT = 64;
const WORD = 4;

/** A picture on the CPU that shall go to the GPU. */
export interface Sized {
  width: number;
  height: number;
  channels?: 1 | 3;
}

/**
 * Finds places in a buffer for pictures of a word a pixel.
 *
 * @param pictures The pictures; null where there is none.
 * @param start Where the first may begin, in bytes.
 * @returns The places, and where the last one ends.
 */
export function layOut(
  pictures: readonly (Sized | null)[],
  start: number,
): { places: (GpuImage | null)[]; end: number } {
  let end = start;
  const places = pictures.map((picture): GpuImage | null => {
    if (!picture) return null;
    const { width, height, channels = 1 } = picture;
    const byteOffset = Math.ceil(end / IMAGE_ALIGNMENT) * IMAGE_ALIGNMENT;
    const rowPitch = Math.ceil(width * WORD / ROW_ALIGNMENT) * ROW_ALIGNMENT;
    end = byteOffset + rowPitch * height;
    return { byteOffset, width, height, rowPitch, channels };
  });
  return { places, end };
}

/**
 * Lends a buffer for pictures.
 *
 * @param pool Where it comes from.
 * @param bytes How large it must be.
 * @param label Name for errors and traces.
 * @returns The buffer.
 * @throws {LimitsError} If there is no memory for it.
 */
export function lendWords(pool: BufferPool, bytes: number, label: string): Promise<GPUBuffer> {
  const { STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
  return pool.lend(Math.max(bytes, WORD), STORAGE | COPY_DST | COPY_SRC, label);
}

/**
 * Writes a picture to its place.
 *
 * @param device The device.
 * @param buffer The buffer.
 * @param place The place.
 * @param words The pixels, row by row without gaps.
 */
export function writeWords(
  device: GPUDevice,
  buffer: GPUBuffer,
  { byteOffset, width, height, rowPitch }: GpuImage,
  words: Uint32Array<ArrayBuffer>,
): void {
  const pitch = rowPitch / WORD;
  const padded = pitch === width ? words : new Uint32Array(pitch * height);
  for (let y = 0; padded !== words && y < height; y++) {
    padded.set(words.subarray(y * width, (y + 1) * width), y * pitch);
  }
  device.queue.writeBuffer(buffer, byteOffset, padded);
}
