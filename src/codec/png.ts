// Our own reader: fast-png (8.0) mixes up interlaced files of less than 8 bits, takes data that ends within
// a row for whole, and colours that a file only suggests for a palette.
import { inflateSync } from "node:zlib";
import { LimitsError } from "../errors.ts";
import { readChunks, readHeader } from "./png_chunks.ts";
import { refusePng } from "./png_fault.ts";
import { PngRows } from "./png_rows.ts";

export { isPng } from "./png_chunks.ts";

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
/** Bytes after the last row that are passed over. */
const MOST_EXTRA = 2 ** 16;

/**
 * Decodes a PNG file of any colour type and depth, interlaced or not (PNG specification, third edition).
 * Transparent colours and entries (tRNS) are passed over.
 *
 * @param file The whole file.
 * @param maxPixels Most pixels that a header may announce; 2²⁸ when left out.
 * @returns The picture.
 * @throws {UnsupportedFormatError} If it is no PNG file, or is damaged.
 * @throws {LimitsError} If it has more pixels than are allowed.
 */
export function readPng(file: Uint8Array, maxPixels = MAX_PIXELS): PngImage {
  const header = readHeader(file);
  const { width, height, channels, depth } = header;
  if (width * height > maxPixels) {
    throw new LimitsError(
      `Cannot read a PNG file as it must have at most ${maxPixels} pixels: received ${width}×${height}`,
      { option: "maxPixels" },
    );
  }
  const chunks = readChunks(file);
  const rows = new PngRows(header);
  const raw = inflate(chunks.data, rows.bytes);
  if (raw.length < rows.bytes) refusePng(`have ${rows.bytes} bytes of rows`, raw.length);
  const image = { width, height, channels, depth, data: rows.read(raw) };
  return header.indexed ? { ...image, palette: colours(chunks.palette) } : image;
}

function inflate(data: Uint8Array, bytes: number): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: bytes + MOST_EXTRA });
  } catch (cause) {
    refusePng("have data that can be inflated", (cause as Error).message, cause);
  }
}

function colours(palette: Uint8Array): number[][] {
  if (palette.length === 0) refusePng("have a palette (PLTE), as its pixels are indices", "none");
  return Array.from(
    { length: palette.length / 3 },
    (_, i) => [...palette.subarray(3 * i, 3 * i + 3)],
  );
}
