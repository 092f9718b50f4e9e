/** What a PNG file says before its pixels are decoded, and whether it has all of them. */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { UnsupportedFormatError } from "../errors.ts";

/** What a PNG file says of itself. */
export interface PngHeader {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** Bits of each number. */
  depth: number;
  /** Which of R, G, B and A (0 to 3) a pixel has; R alone for grey and palette indices. */
  channels: readonly number[];
  /** Whether numbers are indices of a palette. */
  indexed: boolean;
  /** Whether rows come in seven passes. */
  interlaced: boolean;
}

/** Where the data of a chunk begin in a file, and end. */
export interface ChunkSpan {
  /** Its first byte. */
  from: number;
  /** The byte after its last one. */
  to: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER_BYTES = 33;
/** A chunk's length and type. */
const CHUNK_HEAD = 8;
const CRC_BYTES = 4;
/** Bytes after the last row that are passed over. */
const MOST_EXTRA = 2 ** 16;
/** By colour type: channels and depths that go with it (PNG specification, third edition, table 8). */
const TYPES: Record<number, { channels: number[]; depths: number[] }> = {
  0: { channels: [0], depths: [1, 2, 4, 8, 16] },
  2: { channels: [0, 1, 2], depths: [8, 16] },
  3: { channels: [0], depths: [1, 2, 4, 8] },
  4: { channels: [0, 3], depths: [8, 16] },
  6: { channels: [0, 1, 2, 3], depths: [8, 16] },
};
/** Of each pass: first column and row, and steps (the same, section 8.1). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

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
 * Reads what a PNG file says of itself.
 *
 * @param file The whole file.
 * @returns Its header.
 * @throws {UnsupportedFormatError} If it is no PNG file, or its header makes no sense.
 */
export function readPngHeader(file: Uint8Array): PngHeader {
  if (!isPng(file) || file.length < HEADER_BYTES || typeAt(file, SIGNATURE.length) !== "IHDR") {
    refusePng("begin with a PNG header", `bytes ${file.slice(0, 2 * SIGNATURE.length).toHex()}`);
  }
  const view = viewOf(file);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, type, interlaced] = [file[24], file[25], file[28] === 1];
  if (width * height === 0) refusePng("have at least 1×1 pixels", `${width}×${height}`);
  if (!TYPES[type]?.depths.includes(depth)) {
    refusePng("have a colour type and a depth that go together", `${type} and ${depth} bits`);
  }
  const { channels } = TYPES[type];
  return { width, height, depth, channels, indexed: type === 3, interlaced };
}

/**
 * Finds chunks.
 *
 * @param file The whole file.
 * @param wanted Their type, four letters.
 * @returns Where those are that are whole.
 */
export function findChunks(file: Uint8Array, wanted: string): ChunkSpan[] {
  const view = viewOf(file);
  const found: ChunkSpan[] = [];
  for (let at = SIGNATURE.length; at + CHUNK_HEAD <= file.length;) {
    const from = at + CHUNK_HEAD;
    const to = from + view.getUint32(at);
    if (typeAt(file, at) === wanted && to + CRC_BYTES <= file.length) found.push({ from, to });
    at = to + CRC_BYTES;
  }
  return found;
}

/**
 * Throws unless a PNG file has all of its rows: pngjs gives zeros for those that are not there.
 *
 * @param file The whole file.
 * @param header What it says of itself.
 * @throws {UnsupportedFormatError} If rows are missing, or there is much beside them.
 */
export function checkRows(file: Uint8Array, header: PngHeader): void {
  const bytes = rowBytes(header);
  const data = findChunks(file, "IDAT").map(({ from, to }) => file.subarray(from, to));
  let length: number;
  try {
    length = inflateSync(Buffer.concat(data), { maxOutputLength: bytes + MOST_EXTRA }).length;
  } catch (cause) {
    refusePng("have data that can be inflated", (cause as Error).message, cause);
  }
  if (length < bytes) refusePng(`have ${bytes} bytes of rows`, length);
}

/** The type of the chunk that begins at a byte. */
function typeAt(file: Uint8Array, at: number): string {
  // deno-lint-ignore cassette/spread -- at most 4 bytes
  return String.fromCharCode(...file.subarray(at + 4, at + CHUNK_HEAD));
}

function rowBytes({ width, height, depth, channels, interlaced }: PngHeader): number {
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1]];
  return passes.reduce((sum, [x, y, dx, dy]) => {
    const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    const pitch = 1 + Math.ceil(columns * channels.length * depth / 8);
    return columns > 0 && rows > 0 ? sum + rows * pitch : sum;
  }, 0);
}

/**
 * Says what is wrong with a PNG file.
 *
 * @param expected What it must do or have.
 * @param received What it has.
 * @param cause What was thrown.
 */
export function refusePng(expected: string, received: string | number, cause?: unknown): never {
  throw new UnsupportedFormatError(
    `Cannot read a PNG file as it must ${expected}: received ${received}`,
    { cause },
  );
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
