import { type GpuImage, GpuImages } from "../gpu/images.ts";
import { layOut, type Sized } from "./word_images.ts";

/** Where a PNG file has its width and height, in its first chunk. */
const PNG_SIZE = 16;
const PNG_HEADER = 24;
/** What pictures begin at multiples of, in bytes. */
const IMAGE_ALIGNMENT = 256;

/**
 * The size that a PNG file's header names; nothing is checked.
 *
 * @param file The file.
 * @returns Its size; null if it is too short.
 */
export function pngSize(file: Uint8Array): Sized | null {
  if (file.length < PNG_HEADER) return null;
  const view = new DataView(file.buffer, file.byteOffset);
  return { width: view.getUint32(PNG_SIZE), height: view.getUint32(PNG_SIZE + 4) };
}

/**
 * Divides a part of a batch so that the pictures of each range, decoded ones and those that shall come
 * beside them, fit a buffer. One that alone does not has a range of its own.
 *
 * @param decoded Where decoded pictures lie, one after the other; null where there is none.
 * @param others Sizes of the others; null where there is none.
 * @param most Most bytes of a buffer.
 * @returns First place of each range, and the one after its last.
 */
export function fittingRanges(
  decoded: readonly (GpuImage | null)[],
  others: readonly (Sized | null)[],
  most: number,
): [number, number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let span = { begin: 0, end: 0 };
  let beside = 0;
  decoded.forEach((image, i) => {
    const size = others[i];
    const other = size ? align(layOut([size], 0).end) : 0;
    const own = image
      ? { begin: image.byteOffset, end: image.byteOffset + image.rowPitch * image.height }
      : { begin: 0, end: 0 };
    const both = span.end === 0 ? own : { begin: span.begin, end: Math.max(span.end, own.end) };
    if (i > from && align(both.end - both.begin) + beside + other > most) {
      ranges.push([from, i]);
      from = i;
      span = own;
      beside = other;
    } else {
      span = both;
      beside += other;
    }
  });
  if (decoded.length > from) ranges.push([from, decoded.length]);
  return ranges;
}

function align(bytes: number): number {
  return Math.ceil(bytes / IMAGE_ALIGNMENT) * IMAGE_ALIGNMENT;
}

/**
 * Some of a decoder's consecutive pictures.
 *
 * @param images The pictures.
 * @param from Place of the first.
 * @param to Place after the last.
 * @returns A view that owns nothing.
 */
export function partOf(images: GpuImages, from: number, to: number): GpuImages {
  if (from === 0 && to === images.images.length) return images;
  const { device, buffer, errors, warnings } = images;
  return new GpuImages(device, buffer, images.images.slice(from, to), () => {}, {
    errors: errors.slice(from, to),
    warnings: warnings.slice(from, to),
    verify: async () => (await images.verify()).slice(from, to),
  });
}
