/**
 * Fetches of one pool exchange samples: whichever sample arrives first fills the batch that was
 * asked for first. Each sample comes once. Aborting one fetch of a pool ends all that are not whole.
 */
export class SamplePool {}

interface Entry<T> {
  value: T;
  start: number;
  count: number;
  left: number;
}

/** Remembers what was asked for in a pool until all of its samples have come. */
export class PoolLedger<T> {
  readonly #entries: Entry<T>[] = [];
  #next = 0;

  /**
   * Takes note of samples that are asked for.
   *
   * @param count How many.
   * @param value What they belong to.
   * @returns Place of the first in the pool: they follow those before them.
   */
  add(count: number, value: T): number {
    const start = this.#next;
    this.#next += count;
    if (count > 0) this.#entries.push({ value, start, count, left: count });
    return start;
  }

  /**
   * Finds a sample that has come, and forgets it.
   *
   * @param place Its place in the pool.
   * @returns What it belongs to, and which sample of that it is.
   */
  take(place: number): { value: T; index: number } {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#entries[middle].start <= place) low = middle;
      else high = middle - 1;
    }
    const entry = this.#entries[low];
    if (--entry.left === 0) this.#entries.splice(low, 1);
    return { value: entry.value, index: place - entry.start };
  }
}
