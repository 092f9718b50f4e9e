import { crc32 } from "node:zlib";
import { refusePng } from "./png_fault.ts";

/** What a PNG file's header says (PNG specification, third edition, §11.2.1). */
export interface PngHeader {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** Bits of each number. */
  depth: number;
  /** Numbers of a pixel. */
  channels: number;
  /** Whether pixels are indices of a palette. */
  indexed: boolean;
  /** Whether rows come in the seven passes of Adam7. */
  interlaced: boolean;
}

/** What the chunks of a PNG file hold. */
export interface PngChunks {
  /** Compressed rows. */
  data: Uint8Array;
  /** Colours of a palette, red, green and blue each; empty where there is none. */
  palette: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Bytes of length and type before a chunk's data, and of the checksum after them. */
const HEAD = 8;
const TAIL = 4;
const HEADER_BYTES = 13;
const PALETTE_BYTES = 3 * 256;

/** Numbers of a pixel, and the depths that they may have, by colour type. */
const COLOUR_TYPES: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
const INDEXED = 3;

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
 * Reads the header, which is the first chunk.
 *
 * @param file The whole file.
 * @returns What it says.
 * @throws {UnsupportedFormatError} If the file does not begin with one, or it makes no sense.
 */
export function readHeader(file: Uint8Array): PngHeader {
  const begin = SIGNATURE.length;
  if (!isPng(file) || file.length < begin + HEAD + HEADER_BYTES || typeAt(file, begin) !== "IHDR") {
    refusePng("begin with a PNG header", `bytes ${file.slice(0, 8).toHex()}`);
  }
  const header = file.subarray(begin + HEAD, begin + HEAD + HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, type, compression, filter, interlace] = header.subarray(8);
  if (width === 0 || height === 0) refusePng("have at least 1×1 pixels", `${width}×${height}`);
  const known = COLOUR_TYPES[type];
  if (!known?.depths.includes(depth)) {
    refusePng("have a colour type and a depth that go together", `${type} and ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    refusePng("have methods of 0, or interlace 1", `${compression}, ${filter} and ${interlace}`);
  }
  const { channels } = known;
  return { width, height, depth, channels, indexed: type === INDEXED, interlaced: interlace === 1 };
}

/**
 * Walks through the chunks up to the end, and checks the checksum of each.
 *
 * @param file The whole file.
 * @returns What they hold.
 * @throws {UnsupportedFormatError} If one is damaged, is not known and not to be skipped, or is missing.
 */
export function readChunks(file: Uint8Array): PngChunks {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts: Uint8Array[] = [];
  let palette = new Uint8Array(0);
  for (let at = SIGNATURE.length;;) {
    if (at + HEAD > file.length) refusePng("end with an IEND chunk", `${file.length} bytes`);
    const length = view.getUint32(at);
    const type = typeAt(file, at);
    const end = at + HEAD + length;
    if (end + TAIL > file.length) {
      refusePng("be whole", `${file.length} bytes, with a chunk ${type} up to byte ${end + TAIL}`);
    }
    if (crc32(file.subarray(at + 4, end)) !== view.getUint32(end)) {
      refusePng("have chunks that their checksums fit", `another in ${type} at byte ${at}`);
    }
    const data = file.subarray(at + HEAD, end);
    if (type === "IDAT") parts.push(data);
    else if (type === "PLTE") palette = Uint8Array.from(data);
    else if (type === "IEND") break;
    else if (type !== "IHDR" && isCritical(type)) refusePng("have chunks that are known", type);
    at = end + TAIL;
  }
  if (palette.length % 3 !== 0 || palette.length > PALETTE_BYTES) {
    refusePng("have a palette of at most 256 colours", `${palette.length} bytes`);
  }
  return { data: joined(parts), palette };
}

function typeAt(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at + 4, at + HEAD));
}

/** Whether a chunk must not be skipped: its type begins with a capital. */
function isCritical(type: string): boolean {
  return (type.charCodeAt(0) & 0x20) === 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
