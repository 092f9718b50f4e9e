import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { PNG } from "pngjs";
import { LimitsError } from "../errors.ts";
import { checkRows, type ChunkSpan, findChunks, readPngHeader, refusePng } from "./png_file.ts";

export { isPng } from "./png_file.ts";

/** The part of pngjs that is used here: it brings no types. Pixels come as R, G, B and A. */
const decode: (
  file: Buffer,
  options: { checkCRC: boolean; skipRescale: boolean },
) => { data: Uint8Array | Uint16Array } = PNG.sync.read;

/** A decoded PNG file. */
export interface PngImage {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** 1 for grey or palette indices, 2 for grey and alpha, 3 for RGB, 4 for RGBA. */
  channels: number;
  /** Bits of each number: 1, 2, 4, 8 or 16. */
  depth: number;
  /** The numbers, pixel by pixel, not scaled to their depth. */
  data: Uint8Array | Uint16Array;
  /** Colours of the indices, R, G and B from 0 to 255, where the file has a palette. */
  palette?: readonly (readonly number[])[];
}

const MAX_PIXELS = 2 ** 28;
const RGBA = 4;

/**
 * Decodes a PNG file of any colour type and depth, interlaced or not. Transparent colours and entries
 * (tRNS) are passed over.
 *
 * @param file The whole file.
 * @param maxPixels Most pixels that a header may announce; 2²⁸ when left out.
 * @returns The picture.
 * @throws {UnsupportedFormatError} If it is no PNG file, or is damaged.
 * @throws {LimitsError} If it has more pixels than are allowed.
 */
export function readPng(file: Uint8Array, maxPixels = MAX_PIXELS): PngImage {
  const header = readPngHeader(file);
  const { width, height, channels, depth, indexed } = header;
  if (width * height > maxPixels) {
    throw new LimitsError(
      `Cannot read a PNG file as it must have at most ${maxPixels} pixels: received ${width}×${height}`,
      { option: "maxPixels" },
    );
  }
  checkRows(file, header);
  const [colors] = indexed ? findChunks(file, "PLTE") : [];
  if (indexed && !colors) {
    refusePng("have a palette (PLTE), as its pixels are indices", "none");
  }
  const { buffer, byteOffset, length } = colors ? withIndices(file, colors) : file;
  let pixels: Uint8Array | Uint16Array;
  try {
    const options = { checkCRC: true, skipRescale: true };
    pixels = decode(Buffer.from(buffer, byteOffset, length), options).data;
  } catch (cause) {
    refusePng("be whole", (cause as Error).message, cause);
  }
  const data = pick(pixels, channels, depth);
  const image = { width, height, channels: channels.length, depth, data };
  return colors ? { ...image, palette: paletteOf(file, colors) } : image;
}

function paletteOf(file: Uint8Array, { from, to }: ChunkSpan): number[][] {
  return Array.from(
    { length: (to - from) / 3 },
    (_, i) => [...file.subarray(from + 3 * i, from + 3 * i + 3)],
  );
}

/** A copy of a file whose palette has each index as its colour: pngjs gives the colours alone. */
function withIndices(file: Uint8Array, { from, to }: ChunkSpan): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(file);
  const view = new DataView(copy.buffer);
  const chunk = copy.subarray(from - 4, to);
  if (crc32(chunk) !== view.getUint32(to)) refusePng("be whole", "a palette of another checksum");
  for (let at = from; at < to; at++) copy[at] = (at - from) / 3;
  view.setUint32(to, crc32(chunk));
  return copy;
}

/** Leaves out of R, G, B and A what the file does not have. */
function pick(
  pixels: Uint8Array | Uint16Array,
  channels: readonly number[],
  depth: number,
): Uint8Array | Uint16Array {
  const count = pixels.length / RGBA * channels.length;
  const data = depth > 8 ? new Uint16Array(count) : new Uint8Array(count);
  for (let i = 0, to = 0; to < count; i += RGBA) {
    for (const channel of channels) data[to++] = pixels[i + channel];
  }
  return data;
}
