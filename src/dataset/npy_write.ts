const ALIGN = 64;

/**
 * Writes numbers as an `.npy` file, version 1.0 (NumPy's format, NEP 1).
 *
 * @param numbers The numbers, the last dimension varying fastest.
 * @param shape Length of each dimension.
 * @returns The file: `int32` where all numbers are, else `float32`, little endian.
 */
export function writeNpy(numbers: readonly number[], shape: readonly number[]): Uint8Array {
  const whole = numbers.every((value) => (value | 0) === value);
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${
    whole ? "<i4" : "<f4"
  }', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const begin = Math.ceil((10 + dictionary.length + 1) / ALIGN) * ALIGN;
  const bytes = new Uint8Array(begin + numbers.length * 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  view.setUint16(8, begin - 10, true);
  bytes.set(new TextEncoder().encode(dictionary.padEnd(begin - 11) + "\n"), 10);
  numbers.forEach((value, i) => {
    if (whole) view.setInt32(begin + i * 4, value, true);
    else view.setFloat32(begin + i * 4, value, true);
  });
  return bytes;
}
