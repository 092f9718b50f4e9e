/** Largest window that `"auto"` chooses, in batches. */
const LARGEST = 256;
/** Room above the bandwidth–delay product, so that a window too small for it grows. */
const HEADROOM = 1.25;
/** Weight of the newest interval in the moving average. */
const WEIGHT = 0.2;

/**
 * How many batches are fetched ahead.
 *
 * A number is kept as it is. `"auto"` sizes the window to the bandwidth–delay product: the shortest
 * fetch seen, times the rate at which batches are consumed (as BBR does it: Cardwell et al., "BBR:
 * Congestion-Based Congestion Control", ACM Queue 2016). `slowStart` widens the window from one
 * batch on by one every so many batches.
 */
export class PrefetchWindow {
  readonly #fixed: number | "auto";
  readonly #slowStart: number;
  #shortest = Infinity;
  #interval = 0;
  #lastConsumed = 0;
  #consumed = 0;

  /**
   * @param prefetch Batches, or `"auto"`.
   * @param slowStart Batches after which the window grows by one at the start; 0 for none.
   */
  constructor(prefetch: number | "auto", slowStart: number) {
    this.#fixed = prefetch;
    this.#slowStart = slowStart;
  }

  /** Batches to have fetched or under way now. */
  get size(): number {
    const full = this.#fixed === "auto" ? this.#product() : this.#fixed;
    if (this.#slowStart === 0) return full;
    return Math.min(full, 1 + Math.floor(this.#consumed / this.#slowStart));
  }

  /**
   * Takes note of a fetch that is complete.
   *
   * @param milliseconds How long it took.
   */
  fetched(milliseconds: number): void {
    this.#shortest = Math.min(this.#shortest, milliseconds);
  }

  /**
   * Takes note of a batch that has left the window.
   *
   * @param now The time, in milliseconds.
   */
  consumed(now: number): void {
    if (this.#consumed++ > 0) {
      const interval = now - this.#lastConsumed;
      this.#interval = this.#interval === 0
        ? interval
        : (1 - WEIGHT) * this.#interval + WEIGHT * interval;
    }
    this.#lastConsumed = now;
  }

  #product(): number {
    if (this.#interval === 0) return 2;
    const product = HEADROOM * this.#shortest / this.#interval;
    return Math.max(2, Math.min(LARGEST, Math.ceil(product) + 1));
  }
}
