/** How long something took that was done often, in milliseconds. */
export interface Latency {
  /** The median. */
  p50: number;
  /** The 99th percentile. */
  p99: number;
}

/** Buckets of a histogram; bucket b counts from 2^(b/4) to 2^((b+1)/4) microseconds. */
export const LATENCY_BUCKETS = 96;

/** Counts latencies in buckets whose width is a quarter of a power of 2. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(LATENCY_BUCKETS);

  /**
   * Counts one latency.
   *
   * @param milliseconds The latency.
   */
  add(milliseconds: number): void {
    this.#counts[latencyBucket(milliseconds)]++;
  }

  /** The median and the 99th percentile of what was counted. */
  get latency(): Latency {
    return latencyOf(this.#counts);
  }
}

/**
 * Finds the bucket of a latency.
 *
 * @param milliseconds The latency.
 * @returns The bucket; the last one for all that are longer.
 */
export function latencyBucket(milliseconds: number): number {
  const bucket = Math.floor(4 * Math.log2(Math.max(1, milliseconds * 1000)));
  return Math.min(bucket, LATENCY_BUCKETS - 1);
}

/**
 * Reads percentiles from a histogram.
 *
 * @param counts Of each bucket.
 * @returns Percentiles in milliseconds, at most a tenth off; 0 where nothing was counted.
 */
export function latencyOf(counts: Float64Array): Latency {
  return { p50: percentile(counts, 0.5), p99: percentile(counts, 0.99) };
}

function percentile(counts: Float64Array, part: number): number {
  const bucket = percentileBucket(counts, part);
  // The geometric middle of the bucket.
  return bucket === undefined ? 0 : 2 ** ((bucket + 0.5) / 4) / 1000;
}

/**
 * Finds the bucket in which a percentile lies.
 *
 * @param counts Of each bucket.
 * @param part Which percentile, from 0 to 1.
 * @returns The bucket; undefined where nothing was counted.
 */
export function percentileBucket(counts: Float64Array, part: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  let bucket = 0;
  while ((below += counts[bucket]) < part * total) bucket++;
  return bucket;
}
