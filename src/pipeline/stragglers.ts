import { LATENCY_BUCKETS, latencyBucket, percentileBucket } from "../latency.ts";

/** Latencies of samples: how many there are in each bucket of a histogram, and their sum. */
class Latencies {
  readonly counts = new Float64Array(LATENCY_BUCKETS);
  readonly sums = new Float64Array(LATENCY_BUCKETS);
}

/**
 * How much longer samples take in the mean than most of them do: their mean less their median, over
 * the last one or two periods.
 *
 * Single batches do not tell: stragglers of a burst come together, much later, and fill batches of
 * their own. A window that shrank between bursts would make the next one.
 */
export class Stragglers {
  #older = new Latencies();
  #newer = new Latencies();
  #excess = 0;

  /** Mean less median, in milliseconds; 0 while nothing is known. */
  get excess(): number {
    return this.#excess;
  }

  /**
   * Takes note of samples that have come.
   *
   * @param latencies How long each took, in milliseconds.
   */
  add(latencies: Float64Array): void {
    const { counts, sums } = this.#newer;
    for (const latency of latencies) {
      const bucket = latencyBucket(latency);
      counts[bucket]++;
      sums[bucket] += latency;
    }
    this.#excess = this.#measure();
  }

  /** Forgets what is older than the period that ends now. */
  beginPeriod(): void {
    this.#older = this.#newer;
    this.#newer = new Latencies();
  }

  #measure(): number {
    const counts = this.#newer.counts.map((count, i) => count + this.#older.counts[i]);
    const sums = this.#newer.sums.map((sum, i) => sum + this.#older.sums[i]);
    const middle = percentileBucket(counts, 0.5);
    if (middle === undefined) return 0;
    const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
    return Math.max(0, total(sums) / total(counts) - sums[middle] / counts[middle]);
  }
}
