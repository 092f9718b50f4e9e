// Our own reader: npyjs has no big-endian numbers, no Fortran order, and does not check lengths.
import { OptionCheck } from "../check.ts";
import { limitNpy, readNpyHeader, refuseNpy } from "./npy_header.ts";

/** Elements of an array, by number format: complex numbers take two, booleans are 0 or 1. */
export type NpyData =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float16Array
  | Float32Array
  | Float64Array;

/** An array of NumPy's. */
export interface NpyArray {
  /** NumPy's name of the number format, without byte order, such as `f4` or `c16`. */
  dtype: string;
  /** Sizes by dimension; empty for a single number. */
  shape: number[];
  /** The elements in C order: the last index runs fastest. */
  data: NpyData;
}

type Elements = new (buffer: ArrayBuffer) => NpyData;

/** For each number format: its array, and the bytes of one number (half an element, if complex). */
const FORMATS: Record<string, [Elements, number]> = {
  b1: [Uint8Array, 1],
  i1: [Int8Array, 1],
  u1: [Uint8Array, 1],
  i2: [Int16Array, 2],
  u2: [Uint16Array, 2],
  i4: [Int32Array, 4],
  u4: [Uint32Array, 4],
  i8: [BigInt64Array, 8],
  u8: [BigUint64Array, 8],
  f2: [Float16Array, 2],
  f4: [Float32Array, 4],
  f8: [Float64Array, 8],
  c8: [Float32Array, 4],
  c16: [Float64Array, 8],
};

/** Characters that a message shows of a format that is not known. */
const MOST_SHOWN = 40;
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Reads a `.npy` file: versions 1 to 3, all numeric formats, both byte orders, C and Fortran order.
 *
 * @param file The whole file.
 * @returns The array, in C order.
 * @throws {UsageError} If there are no bytes.
 * @throws {UnsupportedFormatError} If it is not such a file, is cut off, or holds no numbers.
 * @throws {LimitsError} If it has more than 64 dimensions, as NumPy has at most, or a header beyond 64 KiB.
 * @see {@link https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html} for the format.
 * @example
 * ```ts
 * import { readNpy } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n";
 * const file = new Uint8Array([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0,
 *   ...new TextEncoder().encode(header), 5, 7]);
 * assertEquals(readNpy(file), { dtype: "u1", shape: [2], data: new Uint8Array([5, 7]) });
 * ```
 */
export function readNpy(file: Uint8Array): NpyArray {
  const check = new OptionCheck("read a .npy file");
  check.that(file instanceof Uint8Array, "file", "a Uint8Array", file);
  const { descr, fortran, shape, offset } = readNpyHeader(file);
  const [order, dtype] = [descr[0], descr.slice(1)];
  const format = Object.hasOwn(FORMATS, dtype) ? FORMATS[dtype] : undefined;
  if (!format || !"<>|=".includes(order)) {
    const known = Object.keys(FORMATS).join(", ");
    refuseNpy(`its numbers must be one of ${known}`, `"${descr.slice(0, MOST_SHOWN)}"`);
  }
  const [Elements, width] = format;
  const itemBytes = Number(dtype.slice(1));
  const expected = bytesOf(shape, itemBytes);
  if (file.length - offset !== expected) {
    const size = shape.join("×") || "one number";
    refuseNpy(`an array of ${size} in ${dtype} must have ${expected} bytes`, file.length - offset);
  }
  const bytes = file.slice(offset);
  if (width > 1 && order !== "|" && order !== "=" && (order === "<") !== LITTLE_ENDIAN) {
    swapBytes(bytes, width);
  }
  // NumPy takes any byte but 0 for true.
  if (dtype === "b1") bytes.forEach((value, i) => bytes[i] = value === 0 ? 0 : 1);
  const ordered = fortran ? toCOrder(bytes, shape, itemBytes) : bytes;
  return { dtype, shape, data: new Elements(ordered.buffer) };
}

/** Bytes of an array; its size is refused where it is not exact. */
function bytesOf(shape: readonly number[], itemBytes: number): number {
  if (shape.includes(0)) return 0;
  const bytes = shape.reduce((product, size) => product * size, itemBytes);
  if (bytes > Number.MAX_SAFE_INTEGER) {
    limitNpy(`its array must have at most ${Number.MAX_SAFE_INTEGER} bytes`, shape.join("×"));
  }
  return bytes;
}

/** Turns the bytes of each number round. */
function swapBytes({ buffer, length }: Uint8Array<ArrayBuffer>, width: number): void {
  if (width === 2) {
    const halves = new Uint16Array(buffer);
    for (let i = 0; i < halves.length; i++) halves[i] = halves[i] << 8 | halves[i] >> 8;
    return;
  }
  const words = new Uint32Array(buffer);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    words[i] = word << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24;
  }
  for (let i = 0; width === 8 && i < length / 4; i += 2) {
    [words[i], words[i + 1]] = [words[i + 1], words[i]];
  }
}

/** Copies elements from Fortran order, in which the first index runs fastest. */
function toCOrder(
  bytes: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
  itemBytes: number,
): Uint8Array<ArrayBuffer> {
  // A dimension of one index moves nothing. Of the others there are at most as many as bits in a length.
  const sizes = shape.filter((size) => size !== 1);
  if (sizes.length < 2 || bytes.length === 0) return bytes;
  const Units = itemBytes === 1 ? Uint8Array : itemBytes === 2 ? Uint16Array : Uint32Array;
  const perItem = itemBytes / Units.BYTES_PER_ELEMENT;
  const from = new Units(bytes.buffer);
  const ordered = new Uint8Array(bytes.length);
  const to = new Units(ordered.buffer);
  const strides: number[] = [];
  sizes.reduce((stride, size) => (strides.push(stride), stride * size), perItem);
  const last = sizes.length - 1;
  const [run, step] = [sizes[last], strides[last]];
  const index = sizes.map(() => 0);
  for (let at = 0, start = 0; at < to.length;) {
    for (let i = 0, source = start; i < run; i++, source += step) {
      for (let part = 0; part < perItem; part++) to[at++] = from[source + part];
    }
    for (let d = last - 1; d >= 0; d--) {
      start += strides[d];
      if (++index[d] < sizes[d]) break;
      start -= strides[d] * sizes[d];
      index[d] = 0;
    }
  }
  return ordered;
}
