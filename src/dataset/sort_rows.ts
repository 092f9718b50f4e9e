import { ID_BYTES } from "../ids.ts";

/** Values of rows, one for each row. */
export type RowValues = Int32Array | Uint32Array | Float64Array;

/** Rows below which comparing them is faster than counting their bytes. */
const FEW = 12;
const BYTES = 256;

/**
 * Sorts rows in place by their ids, in the memory that they lie in: rows are swapped into place by
 * one byte of their ids after another (American flag sort: McIlroy, Bostic and McIlroy, Engineering
 * Radix Sort, 1993).
 *
 * @param ids Ids of the rows, 16 bytes each, from a multiple of 4 bytes on in their buffer.
 * @param values Other values of the rows; they follow their ids.
 */
export function sortRows(
  ids: Uint8Array<ArrayBuffer>,
  values: readonly RowValues[],
): void {
  const words = new Uint32Array(ids.buffer, ids.byteOffset, ids.length / 4);
  const swap = (a: number, b: number) => {
    const [i, k] = [a * 4, b * 4];
    for (let word = 0; word < 4; word++) {
      const held = words[i + word];
      words[i + word] = words[k + word];
      words[k + word] = held;
    }
    for (const array of values) {
      const held = array[a];
      array[a] = array[b];
      array[b] = held;
    }
  };
  // Of each byte of the ids, where the rows of a value begin and how far they are in place.
  const tables = Array.from({ length: ID_BYTES }, () => ({
    next: new Uint32Array(BYTES),
    end: new Uint32Array(BYTES),
  }));
  const sort = (from: number, to: number, byte: number) => {
    if (to - from < FEW) return insertionSort(ids, from, to, byte, swap);
    if (byte === ID_BYTES) return;
    const { next, end } = tables[byte];
    end.fill(0);
    for (let row = from; row < to; row++) end[ids[row * ID_BYTES + byte]]++;
    for (let value = 0, at = from; value < BYTES; value++) {
      next[value] = at;
      end[value] = at += end[value];
    }
    for (let value = 0; value < BYTES; value++) {
      while (next[value] < end[value]) {
        const row = next[value];
        const own = ids[row * ID_BYTES + byte];
        if (own === value) next[value]++;
        else swap(row, next[own]++);
      }
    }
    for (let value = 0, at = from; value < BYTES; value++) {
      const stop = end[value];
      if (stop - at > 1) sort(at, stop, byte + 1);
      at = stop;
    }
  };
  sort(0, ids.length / ID_BYTES, 0);
}

function insertionSort(
  ids: Uint8Array,
  from: number,
  to: number,
  byte: number,
  swap: (a: number, b: number) => void,
): void {
  for (let row = from + 1; row < to; row++) {
    for (let at = row; at > from && compareIds(ids, at - 1, ids, at, byte) > 0; at--) {
      swap(at - 1, at);
    }
  }
}

/** A number below 0, 0 or above 0, as an id is less, equal or greater from a byte on. */
function compareIds(
  a: Uint8Array,
  i: number,
  b: Uint8Array,
  k: number,
  byte = 0,
): number {
  for (; byte < ID_BYTES; byte++) {
    const difference = a[i * ID_BYTES + byte] - b[k * ID_BYTES + byte];
    if (difference !== 0) return difference;
  }
  return 0;
}
