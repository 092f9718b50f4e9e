/** A batch in parts. */
export interface Parts {
  /** First place of each part, and the first one after it. */
  ranges: [number, number][];
  /** What the largest part takes of each buffer, in bytes. */
  bytes: number[];
}

/**
 * Divides a batch into parts whose buffers have at most some bytes each.
 *
 * @param count Samples of the batch.
 * @param needs Bytes that a sample takes of each buffer.
 * @param budget Most bytes of a buffer, unless one sample takes more.
 * @returns The parts.
 */
export function partition(
  count: number,
  needs: (index: number) => readonly number[],
  budget: number,
): Parts {
  const bytes = count > 0 ? needs(0).map(() => 0) : [];
  const ranges: [number, number][] = [];
  let from = 0;
  let sums = bytes.map(() => 0);
  for (let index = 0; index < count; index++) {
    const own = needs(index);
    if (index > from && own.some((size, i) => sums[i] + size > budget)) {
      ranges.push([from, index]);
      from = index;
      sums = sums.map(() => 0);
    }
    own.forEach((size, i) => {
      sums[i] += size;
      bytes[i] = Math.max(bytes[i], sums[i]);
    });
  }
  if (count > from) ranges.push([from, count]);
  return { ranges, bytes };
}
