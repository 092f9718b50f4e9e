/** A growing set of whole numbers that are seen almost in order, as JSON. */
export interface SeenState {
  /** All numbers below this one have been seen. */
  prefix: number;
  /** Numbers from `prefix` on that have been seen too, ascending. */
  exceptions: number[];
}

/** Nothing has been seen. */
export const NOTHING_SEEN: SeenState = Object.freeze({ prefix: 0, exceptions: [] });

/** A set of whole numbers that are seen almost in order: a prefix, and the exceptions beyond it. */
export class Seen {
  #prefix: number;
  readonly #beyond: Set<number>;

  /** @param state What has been seen already; nothing when left out. */
  constructor(state: SeenState = NOTHING_SEEN) {
    this.#prefix = state.prefix;
    this.#beyond = new Set(state.exceptions);
    this.#advance();
  }

  /**
   * Marks a number as seen.
   *
   * @param value A whole number.
   */
  add(value: number): void {
    if (value < this.#prefix) return;
    this.#beyond.add(value);
    this.#advance();
  }

  /**
   * Tells whether a number has been seen.
   *
   * @param value A whole number.
   * @returns True if so.
   */
  has(value: number): boolean {
    return value < this.#prefix || this.#beyond.has(value);
  }

  /** How many numbers have been seen. */
  get count(): number {
    return this.#prefix + this.#beyond.size;
  }

  /**
   * The set as plain data.
   *
   * @returns A prefix and the exceptions beyond it, ascending.
   */
  toJSON(): SeenState {
    return { prefix: this.#prefix, exceptions: [...this.#beyond].sort((a, b) => a - b) };
  }

  #advance(): void {
    while (this.#beyond.delete(this.#prefix)) this.#prefix++;
  }
}

/**
 * Counts what has been seen.
 *
 * @param state What has been seen.
 * @returns How many numbers that is.
 */
export function seenCount(state: SeenState): number {
  return state.prefix + state.exceptions.length;
}

/**
 * Finds the k-th number that has not been seen.
 *
 * @param state What has been seen.
 * @param k From 0.
 * @returns That number.
 */
export function unseenAt(state: SeenState, k: number): number {
  const { prefix, exceptions } = state;
  // Exception i has (exceptions[i] − prefix − i) unseen numbers before it, which grows with i.
  let low = 0;
  let high = exceptions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (exceptions[middle] - prefix - middle <= k) low = middle + 1;
    else high = middle;
  }
  return prefix + k + low;
}
