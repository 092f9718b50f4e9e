// Our own reader: npyjs has no big-endian numbers, no Fortran order, and does not check lengths.
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError } from "../errors.ts";

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

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Reads a `.npy` file: versions 1 to 3, all numeric formats, both byte orders, C and Fortran order.
 *
 * @param file The whole file.
 * @returns The array, in C order.
 * @throws {UsageError} If there are no bytes.
 * @throws {UnsupportedFormatError} If it is not such a file, is cut off, or holds no numbers.
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
  const { descr, fortran, shape, offset } = readHeader(file);
  const [order, dtype] = [descr[0], descr.slice(1)];
  const format = Object.hasOwn(FORMATS, dtype) ? FORMATS[dtype] : undefined;
  if (!format || !"<>|=".includes(order)) {
    refuse(`its numbers must be one of ${Object.keys(FORMATS).join(", ")}`, `"${descr}"`);
  }
  const [Elements, width] = format;
  const count = shape.reduce((product, size) => product * size, 1);
  const itemBytes = Number(dtype.slice(1));
  if (file.length - offset !== count * itemBytes) {
    refuse(
      `an array of ${shape.join("×") || "one number"} in ${dtype} must have ${
        count * itemBytes
      } bytes`,
      file.length - offset,
    );
  }
  const bytes = file.slice(offset);
  if (width > 1 && order !== "|" && order !== "=" && (order === "<") !== LITTLE_ENDIAN) {
    swapBytes(bytes, width);
  }
  const ordered = fortran && shape.length > 1 ? toCOrder(bytes, shape, itemBytes) : bytes;
  return { dtype, shape, data: new Elements(ordered.buffer) };
}

function readHeader(
  file: Uint8Array,
): { descr: string; fortran: boolean; shape: number[]; offset: number } {
  if (!MAGIC.every((byte, i) => file[i] === byte)) {
    const begin = file.length === 0 ? "no bytes" : `bytes ${file.slice(0, 6).toHex()}`;
    refuse("it must begin with \\x93NUMPY", begin);
  }
  const version = file[6];
  if (!(version >= 1 && version <= 3)) refuse("its version must be 1, 2 or 3", version);
  const lengthBytes = version === 1 ? 2 : 4;
  const start = 8 + lengthBytes;
  if (file.length < start) refuse("it must have a header", `${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (start + length > file.length) {
    refuse(`its header must have ${length} bytes`, file.length - start);
  }
  const header = new TextDecoder(version === 3 ? "utf-8" : "latin1")
    .decode(file.subarray(start, start + length));
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]+)['"]/.exec(header)?.[1];
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /['"]shape['"]\s*:\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || sizes === undefined) {
    refuse("its header must have descr, fortran_order and shape of numbers", header.trim());
  }
  const shape = sizes.split(",").map((size) => size.trim()).filter(Boolean)
    .map((size) => parseInt(size));
  return { descr, fortran: fortran === "True", shape, offset: start + length };
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** Copies elements from Fortran order, in which the first index runs fastest. */
function toCOrder(
  bytes: Uint8Array<ArrayBuffer>,
  shape: number[],
  itemBytes: number,
): Uint8Array<ArrayBuffer> {
  const ordered = new Uint8Array(bytes.length);
  const index = shape.map(() => 0);
  const strides: number[] = [];
  shape.reduce((stride, size) => {
    strides.push(stride);
    return stride * size;
  }, itemBytes);
  for (let to = 0; to < bytes.length; to += itemBytes) {
    const from = index.reduce((sum, i, d) => sum + i * strides[d], 0);
    ordered.set(bytes.subarray(from, from + itemBytes), to);
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0;
  }
  return ordered;
}

function refuse(expected: string, received: unknown): never {
  throw new UnsupportedFormatError(
    `Cannot read a .npy file as ${expected}: received ${received}`,
  );
}
