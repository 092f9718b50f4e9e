import { LimitsError, UnsupportedFormatError } from "../errors.ts";

/** What the header of a `.npy` file says. */
export interface NpyHeader {
  /** Byte order and number format, such as `<f4`. */
  descr: string;
  /** Whether the first index runs fastest. */
  fortran: boolean;
  /** Sizes by dimension. */
  shape: number[];
  /** Where the numbers begin, in bytes. */
  offset: number;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's most dimensions (`NPY_MAXDIMS` of version 2). */
const MOST_DIMENSIONS = 64;
/** Most bytes of a header: one of 64 dimensions has less than 2,000. */
const MOST_HEADER_BYTES = 2 ** 16;
/** An entry of the header, a dictionary of Python's: its key, and a text, a truth value or a tuple. */
const ENTRY =
  /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\d,\sL]*)\))\s*(,|(?=\}))/y;

/**
 * Reads the header of a `.npy` file.
 *
 * @param file The whole file.
 * @returns What it says.
 * @throws {UnsupportedFormatError} If there is none, or it is not as NumPy writes them.
 * @throws {LimitsError} If it is longer, or of more dimensions, than NumPy writes.
 */
export function readNpyHeader(file: Uint8Array): NpyHeader {
  if (!MAGIC.every((byte, i) => file[i] === byte)) {
    const begin = file.length === 0 ? "no bytes" : `bytes ${file.slice(0, 6).toHex()}`;
    refuseNpy("it must begin with \\x93NUMPY", begin);
  }
  const version = file[6];
  if (!(version >= 1 && version <= 3)) refuseNpy("its version must be 1, 2 or 3", version);
  const start = version === 1 ? 10 : 12;
  if (file.length < start) refuseNpy("it must have a header", `${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MOST_HEADER_BYTES) {
    limitNpy(`its header must have at most ${MOST_HEADER_BYTES} bytes`, length);
  }
  if (start + length > file.length) {
    refuseNpy(`its header must have ${length} bytes`, file.length - start);
  }
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1")
    .decode(file.subarray(start, start + length));
  return { ...parse(text), offset: start + length };
}

/** Reads the dictionary: exactly the three keys, once each, as NumPy demands. */
function parse(text: string): Omit<NpyHeader, "offset"> {
  const found = new Map<string, { text?: string; truth?: string; tuple?: string }>();
  const open = /^\s*\{/.exec(text);
  let at = open?.[0].length ?? text.length;
  for (let more = true; more;) {
    ENTRY.lastIndex = at;
    const entry = ENTRY.exec(text);
    if (!entry || found.has(entry[2])) break;
    found.set(entry[2], { text: entry[4], truth: entry[5], tuple: entry[6] });
    at = ENTRY.lastIndex;
    more = entry[7] === ",";
  }
  const descr = found.get("descr")?.text;
  const fortran = found.get("fortran_order")?.truth;
  const tuple = found.get("shape")?.tuple;
  const whole = found.size === 3 && /^\s*\}\s*$/.test(text.slice(at));
  if (!whole || descr === undefined || fortran === undefined || tuple === undefined) {
    refuseNpy(
      "its header must have descr, fortran_order and shape of numbers, and nothing else",
      shorten(text),
    );
  }
  return { descr, fortran: fortran === "True", shape: readShape(tuple) };
}

/** Reads a tuple of Python's: `` for none, `3,` for one, `2, 3` or `2, 3,` for more. */
function readShape(tuple: string): number[] {
  const sizes = tuple.split(",").map((size) => size.trim());
  const commas = sizes.length - 1;
  if (sizes.at(-1) === "" && (commas === 0 || sizes.length > 1)) sizes.pop();
  if (sizes.length > MOST_DIMENSIONS) {
    limitNpy(`it must have at most ${MOST_DIMENSIONS} dimensions`, sizes.length);
  }
  const good = sizes.every((size) => /^\d+L?$/.test(size)) && (sizes.length !== 1 || commas === 1);
  if (!good) refuseNpy("its shape must be a tuple of whole numbers", `(${shorten(tuple)})`);
  const shape = sizes.map((size) => parseInt(size));
  const large = shape.find((size) => !Number.isSafeInteger(size));
  if (large !== undefined) {
    limitNpy(`a dimension must be at most ${Number.MAX_SAFE_INTEGER}`, large);
  }
  return shape;
}

/** What a message shows of a text from a file. */
function shorten(text: string): string {
  const most = 200;
  const line = text.trim().replaceAll(/[^\x20-\x7e]/g, "?");
  return line.length > most ? `${line.slice(0, most)}… (${text.length} characters)` : line;
}

/**
 * Says what is wrong with a `.npy` file.
 *
 * @param expected What it must be or have.
 * @param received What it is or has.
 */
export function refuseNpy(expected: string, received: string | number): never {
  throw new UnsupportedFormatError(message(expected, received));
}

/**
 * Says which bound a `.npy` file exceeds.
 *
 * @param expected What it may have at most.
 * @param received What it has.
 */
export function limitNpy(expected: string, received: string | number): never {
  throw new LimitsError(message(expected, received));
}

function message(expected: string, received: string | number): string {
  return `Cannot read a .npy file as ${expected}: received ${received}`;
}
