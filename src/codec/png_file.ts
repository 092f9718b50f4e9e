/** What a PNG file says before its pixels are decoded. */
import { LimitsError, UnsupportedFormatError } from "../errors.ts";
import type { PngHeader } from "./png_decode.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_LENGTH = 13;
const HEADER_BYTES = 33;
/** Longest side, as that of a JPEG file. */
const MOST_SIDE = 65_500;
const INDEXED = 3;
/** By colour type: channels and depths that go with it (PNG specification, third edition, table 8). */
const TYPES: Record<number, { channels: number; depths: number[] }> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  [INDEXED]: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** Most pixels of a picture where nobody says. */
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
 * Reads what a PNG file says of itself, and checks that it may be decoded.
 *
 * @param file The whole file.
 * @param maxPixels Most pixels that it may announce; 2^28 when left out.
 * @returns Its header.
 * @throws {UnsupportedFormatError} If it is no PNG file, or its header makes no sense.
 * @throws {LimitsError} If it has more pixels, or longer sides, than are allowed.
 */
export function readPngHeader(file: Uint8Array, maxPixels: number = MAX_PIXELS): PngHeader {
  const type = new TextDecoder().decode(file.subarray(12, 16));
  if (!isPng(file) || file.length < HEADER_BYTES || type !== "IHDR") {
    const begin = file.length === 0
      ? "no bytes"
      : `bytes ${file.slice(0, 2 * SIGNATURE.length).toHex()}`;
    refusePng("begin with a PNG header", begin);
  }
  const view = new DataView(file.buffer, file.byteOffset, HEADER_BYTES);
  const length = view.getUint32(SIGNATURE.length);
  if (length !== HEADER_LENGTH) refusePng(`have a header of ${HEADER_LENGTH} bytes`, length);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colour, compression, filter, interlace] = file.subarray(24);
  if (width === 0 || height === 0) refusePng("have at least 1×1 pixels", `${width}×${height}`);
  const known = TYPES[colour];
  if (!known?.depths.includes(depth)) {
    refusePng("have a colour type and a depth that go together", `${colour} and ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    const methods = `${compression}, ${filter} and ${interlace}`;
    refusePng("have compression and filter method 0, and interlace method 0 or 1", methods);
  }
  if (width * height > maxPixels) {
    limitPng(`have at most ${maxPixels} pixels`, `${width}×${height}`, "maxPixels");
  }
  if (Math.max(width, height) > MOST_SIDE) {
    limitPng(`have sides of at most ${MOST_SIDE} pixels`, `${width}×${height}`);
  }
  const { channels } = known;
  const indexed = colour === INDEXED;
  return { width, height, depth, channels, indexed, interlaced: interlace === 1 };
}

/**
 * Says what is wrong with a PNG file.
 *
 * @param expected What it must do or have.
 * @param received What it has.
 * @param cause What was thrown.
 */
export function refusePng(expected: string, received: string | number, cause?: unknown): never {
  throw new UnsupportedFormatError(message(expected, received), { cause });
}

/**
 * Says which bound a PNG file exceeds.
 *
 * @param expected What it may have at most.
 * @param received What it has.
 * @param option The option that sets the bound, if there is one.
 */
export function limitPng(expected: string, received: string | number, option?: string): never {
  throw new LimitsError(message(expected, received), { option });
}

function message(expected: string, received: string | number): string {
  return `Cannot read a PNG file as it must ${expected}: received ${received}`;
}
