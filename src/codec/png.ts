import { decode } from "fast-png";
import { LimitsError, UnsupportedFormatError } from "../errors.ts";

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

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_BYTES = 33;
const MAX_PIXELS = 2 ** 28;

/**
 * Tells whether a file begins as a PNG file does.
 *
 * @param file The file.
 * @returns True if so.
 */
export function isPng(file: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => file[i] === byte);
}

/**
 * Decodes a PNG file of any colour type and depth.
 *
 * @param file The whole file.
 * @param maxPixels Most pixels that a header may announce; 2²⁸ when left out.
 * @returns The picture.
 * @throws {UnsupportedFormatError} If it is no PNG file, or is damaged.
 * @throws {LimitsError} If it has more pixels than are allowed.
 */
export function readPng(file: Uint8Array, maxPixels = MAX_PIXELS): PngImage {
  if (!isPng(file) || file.length < HEADER_BYTES) {
    refuse(`must begin with a PNG header: received bytes ${file.slice(0, 8).toHex()}`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width * height === 0) refuse(`must have at least 1×1 pixels: received ${width}×${height}`);
  if (width * height > maxPixels) {
    throw new LimitsError(
      `Cannot read a PNG file as it must have at most ${maxPixels} pixels: received ${width}×${height}`,
      { option: "maxPixels" },
    );
  }
  let png: ReturnType<typeof decode>;
  try {
    png = decode(file, { checkCrc: true });
  } catch (cause) {
    refuse(`must be whole: received ${(cause as Error).message}`, cause);
  }
  const { channels, depth, palette } = png;
  const data = depth < 8
    ? unpack(png.data as Uint8Array, width, height, depth)
    : png.data as Uint8Array | Uint16Array;
  return { width, height, channels, depth, data, ...palette ? { palette } : {} };
}

/** Spreads numbers of less than 8 bits, of which each row begins with a new byte. */
function unpack(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const data = new Uint8Array(width * height);
  const pitch = Math.ceil(width * depth / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, bit = 0; x < width; x++, bit += depth, to++) {
      data[to] = (packed[y * pitch + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return data;
}

function refuse(text: string, cause?: unknown): never {
  throw new UnsupportedFormatError(`Cannot read a PNG file as it ${text}`, { cause });
}
