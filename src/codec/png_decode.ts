/**
 * Decodes PNG files (PNG specification, third edition). Workers get the text of these functions: each
 * uses nothing but its arguments and the functions beside it, which {@linkcode PNG_FUNCTIONS} lists.
 */

/** What a PNG file's header says. */
export interface PngHeader {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** Bits of each number: 1, 2, 4, 8 or 16. */
  depth: number;
  /** Numbers of a pixel: 1 for grey or palette indices, 2 for grey and alpha, 3 for RGB, 4 for RGBA. */
  channels: number;
  /** Whether numbers are indices of a palette. */
  indexed: boolean;
  /** Whether rows come in the seven passes of Adam7. */
  interlaced: boolean;
}

/** Rows of a file that belong together, and where their pixels are in the picture. */
interface Pass {
  /** First column, and columns from one pixel to the next. */
  x: number;
  stepX: number;
  /** First row, and rows from one row to the next. */
  y: number;
  stepY: number;
  /** Pixels across. */
  columns: number;
  /** Rows. */
  rows: number;
  /** Bytes of a row, without the one that names its filter. */
  bytes: number;
}

/** What of `node:zlib` decoding takes. */
export interface Zlib {
  crc32(data: Uint8Array): number;
  inflateSync(
    data: Uint8Array,
    options: { chunkSize: number; maxOutputLength: number },
  ): Uint8Array;
}

/**
 * What becomes of a pixel: `colors` is R, G, B and 255 from the lowest byte of a word on, with 8 bits
 * each; `numbers` is the number or index itself, or of colours `0xRRGGBB`.
 */
export type PngForm = "colors" | "numbers";

/**
 * Ends with what is wrong with a file.
 *
 * @param expected What it must have or be.
 * @param received What it has or is.
 * @param limit Whether it is sound, but exceeds a bound.
 */
function pngFault(expected: string, received: string | number, limit = false): never {
  throw Object.assign(new Error(expected), { expected, received, limit });
}

/**
 * Finds the passes of a file.
 *
 * @param header What its header says.
 * @returns Those that have pixels.
 */
export function pngPasses(header: PngHeader): Pass[] {
  const { width, height, depth, channels, interlaced } = header;
  // Of each pass of Adam7: first column and row, and steps across and down (§8.1).
  const steps = interlaced
    ? [
      [0, 0, 8, 8],
      [4, 0, 8, 8],
      [0, 4, 4, 8],
      [2, 0, 4, 4],
      [0, 2, 2, 4],
      [1, 0, 2, 2],
      [0, 1, 1, 2],
    ]
    : [[0, 0, 1, 1]];
  return steps.map(([x, y, stepX, stepY]) => {
    const columns = Math.ceil((width - x) / stepX);
    const rows = Math.ceil((height - y) / stepY);
    const bytes = Math.ceil(columns * depth * channels / 8);
    return { x, stepX, y, stepY, columns, rows, bytes };
  }).filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/**
 * Walks through the chunks up to the end. Those that need not be known are passed over as they are:
 * nothing in them is inflated, or kept.
 *
 * @param file The whole file.
 * @param header What its header says.
 * @param zlib Counts checksums.
 * @returns The compressed rows, and the palette.
 */
function pngChunks(
  file: Uint8Array,
  { indexed }: PngHeader,
  zlib: Zlib,
): { data: Uint8Array; palette: Uint8Array } {
  const mostChunks = 2 ** 16;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  let bytes = 0;
  let before = "";
  for (let at = 8, count = 0;; count++) {
    if (count === mostChunks) pngFault(`have at most ${mostChunks} chunks`, "more", true);
    if (at + 12 > file.length) pngFault("be whole, with an end (IEND)", `${file.length} bytes`);
    const letters = file.subarray(at + 4, at + 8);
    const type = String.fromCharCode(letters[0], letters[1], letters[2], letters[3]);
    if (!/^[A-Za-z]{4}$/.test(type)) pngFault("have chunks of four letters", `bytes at ${at + 4}`);
    const from = at + 8;
    const end = from + view.getUint32(at);
    if (end + 4 > file.length) {
      pngFault("be whole", `${file.length} bytes, with a chunk ${type} up to byte ${end + 4}`);
    }
    const critical = (letters[0] & 0x20) === 0;
    if (critical && zlib.crc32(file.subarray(at + 4, end)) !== view.getUint32(end)) {
      pngFault("be whole", `another checksum in the chunk ${type} at byte ${at}`);
    }
    if (type === "IDAT") {
      if (parts.length > 0 && before !== "IDAT") {
        pngFault("have its data (IDAT) one after the other", `${before} among them`);
      }
      parts.push(file.subarray(from, end));
      bytes += end - from;
    } else if (type === "PLTE") {
      // Colours that are only suggested are no palette.
      if (indexed && palette) pngFault("have one palette (PLTE)", "two");
      if (indexed && parts.length === 0) palette = file.subarray(from, end);
    } else if (type === "IEND") break;
    else if (critical && !(type === "IHDR" && at === 8)) {
      pngFault("have chunks that are known, once each", type);
    }
    before = type;
    at = end + 4;
  }
  if (indexed && !palette) {
    pngFault("have a palette (PLTE) before its data, as its pixels are indices", "none");
  }
  const colors = palette ?? new Uint8Array(0);
  if (colors.length % 3 !== 0 || colors.length > 3 * 256 || (indexed && colors.length === 0)) {
    pngFault("have a palette of 1 to 256 colours", `${colors.length} bytes`);
  }
  if (parts.length === 1) return { data: parts[0], palette: colors };
  const data = new Uint8Array(bytes);
  let to = 0;
  for (const part of parts) {
    data.set(part, to);
    to += part.length;
  }
  return { data, palette: colors };
}

/**
 * Inflates the rows, and not more than there are.
 *
 * @param data The compressed rows.
 * @param bytes Bytes of all rows.
 * @param zlib Inflates.
 * @returns The rows.
 */
function pngRows(data: Uint8Array, bytes: number, zlib: Zlib): Uint8Array {
  // Deflate makes at most 258 bytes of 2 bits.
  if (data.length * 1032 < bytes) {
    pngFault(`have ${bytes} bytes of rows`, `${data.length} bytes, which is too few compressed`);
  }
  // Bytes after the last row that are passed over.
  const most = bytes + 2 ** 16;
  let raw: Uint8Array;
  try {
    // A chunk that holds all of it is made once, and not copied.
    raw = zlib.inflateSync(data, { chunkSize: most + 1, maxOutputLength: most });
  } catch (error) {
    return pngFault(
      `have data (IDAT) that can be inflated to ${bytes} bytes of rows`,
      (error as Error).message,
    );
  }
  if (raw.length < bytes) pngFault(`have ${bytes} bytes of rows`, raw.length);
  return raw;
}

/**
 * Undoes the filter of a row (§9.2).
 *
 * @param raw All rows; changed.
 * @param at Where the row begins, with the byte that names its filter.
 * @param bytes Bytes of the row, without that one.
 * @param above Where the bytes of the row above begin; -1 if there is none.
 * @param step Bytes of a whole pixel, at least 1.
 */
function pngUnfilter(
  raw: Uint8Array,
  at: number,
  bytes: number,
  above: number,
  step: number,
): void {
  const filter = raw[at];
  const row = at + 1;
  const end = row + bytes;
  const start = Math.min(row + step, end);
  if (filter === 0) return;
  if (filter === 1) {
    for (let i = start; i < end; i++) raw[i] += raw[i - step];
  } else if (filter === 2) {
    if (above < 0) return;
    for (let i = row, up = above; i < end; i++, up++) raw[i] += raw[up];
  } else if (filter === 3) {
    if (above < 0) {
      for (let i = start; i < end; i++) raw[i] += raw[i - step] >> 1;
      return;
    }
    let up = above;
    for (let i = row; i < start; i++, up++) raw[i] += raw[up] >> 1;
    for (let i = start; i < end; i++, up++) raw[i] += (raw[i - step] + raw[up]) >> 1;
  } else if (filter === 4) {
    if (above < 0) {
      for (let i = start; i < end; i++) raw[i] += raw[i - step];
      return;
    }
    let up = above;
    for (let i = row; i < start; i++, up++) raw[i] += raw[up];
    for (let i = start; i < end; i++, up++) {
      // The nearest of three to left + top - corner (§9.4).
      const left = raw[i - step];
      const top = raw[up];
      const corner = raw[up - step];
      const toLeft = top > corner ? top - corner : corner - top;
      const toTop = left > corner ? left - corner : corner - left;
      const both = left + top - 2 * corner;
      const toCorner = both < 0 ? -both : both;
      raw[i] += toLeft <= toTop && toLeft <= toCorner ? left : toTop <= toCorner ? top : corner;
    }
  } else pngFault("have rows with filters from 0 to 4", filter);
}

/**
 * Makes the words of all numbers of at most 8 bits of one channel.
 *
 * @param header What the file's header says.
 * @param palette Its colours, R, G and B each.
 * @param form What becomes of a pixel.
 * @returns A word for each number that there may be.
 */
function pngTable(header: PngHeader, palette: Uint8Array, form: PngForm): Uint32Array {
  const { depth, indexed } = header;
  const count = 2 ** depth;
  const length = indexed ? Math.min(count, palette.length / 3) : count;
  return Uint32Array.from({ length }, (_, i) => {
    if (form === "numbers") return i;
    const grey = Math.round(i * 255 / (count - 1));
    const [r, g, b] = indexed ? palette.subarray(3 * i, 3 * i + 3) : [grey, grey, grey];
    return (0xff000000 | b << 16 | g << 8 | r) >>> 0;
  });
}

/**
 * Puts the pixels of a row where they belong.
 *
 * @param raw All rows.
 * @param row Where the bytes of the row begin.
 * @param out The picture.
 * @param first Where the first pixel belongs.
 * @param pass How many there are, and how far they are apart.
 * @param header What the file's header says.
 * @param table Words of numbers; of one channel of at most 8 bits.
 * @param form What becomes of a pixel.
 */
function pngSpread(
  raw: Uint8Array,
  row: number,
  out: Uint32Array,
  first: number,
  { stepX, columns }: Pass,
  { depth, channels, indexed }: PngHeader,
  table: Uint32Array,
  form: PngForm,
): void {
  const end = first + columns * stepX;
  const wide = depth === 16;
  if (channels < 3 && !wide) {
    const mask = 2 ** depth - 1;
    let largest = 0;
    for (let to = first, bit = 0; to < end; to += stepX, bit += depth * channels) {
      const value = raw[row + (bit >>> 3)] >> (8 - depth - (bit & 7)) & mask;
      if (value > largest) largest = value;
      out[to] = table[value];
    }
    if (indexed && largest >= table.length) {
      pngFault(`have indices of its palette of ${table.length} colours`, largest);
    }
    return;
  }
  const step = channels * (wide ? 2 : 1);
  if (form === "numbers") {
    for (let to = first, at = row; to < end; to += stepX, at += step) {
      out[to] = channels < 3
        ? raw[at] << 8 | raw[at + 1]
        : raw[at] << 16 | raw[at + 1] << 8 | raw[at + 2];
    }
    return;
  }
  if (!wide) {
    for (let to = first, at = row; to < end; to += stepX, at += step) {
      out[to] = 0xff000000 | raw[at + 2] << 16 | raw[at + 1] << 8 | raw[at];
    }
    return;
  }
  // 255 / 65535 of a number, rounded: exact for all of them.
  const eight = (at: number) => ((raw[at] << 8 | raw[at + 1]) * 255 + 32895) >>> 16;
  for (let to = first, at = row; to < end; to += stepX, at += step) {
    const r = eight(at);
    out[to] = channels < 3
      ? 0xff000000 | r * 0x10101
      : 0xff000000 | eight(at + 4) << 16 | eight(at + 2) << 8 | r;
  }
}

/**
 * Decodes a file whose header has been checked. Transparency is passed over, as loaders for training do.
 *
 * @param file The whole file.
 * @param header What its header says.
 * @param form What becomes of a pixel.
 * @param pitch Words from one row of the picture to the next.
 * @param zlib Inflates, and counts checksums.
 * @returns A word for each pixel.
 */
export function decodePng(
  file: Uint8Array,
  header: PngHeader,
  form: PngForm,
  pitch: number,
  zlib: Zlib,
): Uint32Array<ArrayBuffer> {
  const { height, depth, channels } = header;
  if (form === "numbers" && channels > 2 && depth > 8) {
    pngFault("have colours of 8 bits", `${depth} bits`);
  }
  const { data, palette } = pngChunks(file, header, zlib);
  const passes = pngPasses(header);
  const bytes = passes.reduce((sum, { rows, bytes }) => sum + rows * (1 + bytes), 0);
  const raw = pngRows(data, bytes, zlib);
  const out = new Uint32Array(pitch * height);
  const table = channels < 3 && depth <= 8 ? pngTable(header, palette, form) : new Uint32Array(0);
  const step = Math.max(1, depth * channels / 8);
  let at = 0;
  for (const pass of passes) {
    for (let y = 0; y < pass.rows; y++) {
      pngUnfilter(raw, at, pass.bytes, y > 0 ? at - pass.bytes : -1, step);
      const first = (pass.y + y * pass.stepY) * pitch + pass.x;
      pngSpread(raw, at + 1, out, first, pass, header, table, form);
      at += 1 + pass.bytes;
    }
  }
  return out;
}

/** The functions above, for whoever takes their text. */
export const PNG_FUNCTIONS = [
  pngFault,
  pngPasses,
  pngChunks,
  pngRows,
  pngUnfilter,
  pngTable,
  pngSpread,
  decodePng,
] as const;
