import { refusePng } from "./png_fault.ts";
import type { PngHeader } from "./png_chunks.ts";

/** Rows of a file, and where their pixels are in the picture. */
interface Pass {
  /** First column, and columns from one pixel to the next. */
  x: number;
  stepX: number;
  /** First row, and rows from one row to the next. */
  y: number;
  stepY: number;
  /** Pixels across. */
  width: number;
  /** Rows. */
  height: number;
  /** Bytes of a row, without the one that names its filter. */
  bytes: number;
}

/** The passes of Adam7 (PNG specification, §8.1): first column and row, steps across and down. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const WHOLE = [[0, 0, 1, 1]];

/** Filters of rows (PNG specification, §9.2). */
const NONE = 0;
const SUB = 1;
const UP = 2;
const AVERAGE = 3;
const PAETH = 4;

/** The rows of a PNG file, once they are inflated. */
export class PngRows {
  /** Bytes that all rows have together. */
  readonly bytes: number;
  readonly #header: PngHeader;
  readonly #passes: Pass[];

  /** @param header What the file's header says. */
  constructor(header: PngHeader) {
    this.#header = header;
    const { width, height, depth, channels, interlaced } = header;
    this.#passes = (interlaced ? ADAM7 : WHOLE).map(([x, y, stepX, stepY]) => {
      const across = Math.ceil((width - x) / stepX), down = Math.ceil((height - y) / stepY);
      const bytes = Math.ceil(across * depth * channels / 8);
      return { x, stepX, y, stepY, width: across, height: down, bytes };
    }).filter(({ width, height }) => width > 0 && height > 0);
    this.bytes = this.#passes.reduce((sum, { height, bytes }) => sum + height * (1 + bytes), 0);
  }

  /**
   * Undoes the filters, and puts pixels where they belong.
   *
   * @param raw The inflated rows; changed.
   * @returns The numbers, pixel by pixel.
   * @throws {UnsupportedFormatError} If a row has an unknown filter.
   */
  read(raw: Uint8Array): Uint8Array | Uint16Array {
    const { width, height, depth, channels } = this.#header;
    const numbers = width * height * channels;
    const data = depth === 16 ? new Uint16Array(numbers) : new Uint8Array(numbers);
    const pixelBytes = Math.max(1, depth * channels / 8);
    let at = 0;
    for (const pass of this.#passes) {
      for (let y = 0; y < pass.height; y++) {
        const row = at + 1;
        unfilter(raw, row, pass.bytes, y > 0 ? row - pass.bytes - 1 : -1, pixelBytes);
        const first = (pass.y + y * pass.stepY) * width + pass.x;
        this.#spread(raw, row, data, first * channels, pass);
        at = row + pass.bytes;
      }
    }
    return data;
  }

  /** Puts the numbers of a row where they belong. */
  #spread(
    raw: Uint8Array,
    row: number,
    data: Uint8Array | Uint16Array,
    first: number,
    { width, stepX, bytes }: Pass,
  ): void {
    const { depth, channels } = this.#header;
    if (depth === 8 && stepX === 1) {
      data.set(raw.subarray(row, row + bytes), first);
      return;
    }
    const mask = (1 << depth) - 1;
    for (let x = 0, from = 0; x < width; x++) {
      for (let c = 0, to = first + x * stepX * channels; c < channels; c++, from++, to++) {
        if (depth === 8) data[to] = raw[row + from];
        else if (depth === 16) data[to] = raw[row + 2 * from] << 8 | raw[row + 2 * from + 1];
        else {
          const bit = from * depth;
          data[to] = (raw[row + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
        }
      }
    }
  }
}

/** Undoes the filter of a row, of which `before` is the row above, or -1. */
function unfilter(
  raw: Uint8Array,
  row: number,
  bytes: number,
  before: number,
  pixelBytes: number,
): void {
  const filter = raw[row - 1];
  const above = (i: number) => before < 0 ? 0 : raw[before + i];
  const left = (i: number) => i < pixelBytes ? 0 : raw[row + i - pixelBytes];
  switch (filter) {
    case NONE:
      return;
    case SUB:
      for (let i = pixelBytes; i < bytes; i++) raw[row + i] += raw[row + i - pixelBytes];
      return;
    case UP:
      for (let i = 0; before >= 0 && i < bytes; i++) raw[row + i] += raw[before + i];
      return;
    case AVERAGE:
      for (let i = 0; i < bytes; i++) raw[row + i] += (left(i) + above(i)) >> 1;
      return;
    case PAETH:
      for (let i = 0; i < bytes; i++) {
        const corner = i < pixelBytes ? 0 : above(i - pixelBytes);
        raw[row + i] += paeth(left(i), above(i), corner);
      }
      return;
    default:
      refusePng("have rows with filters from 0 to 4", filter);
  }
}

/** Which of three neighbours is nearest to left + above - corner (PNG specification, §9.4). */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
