/** The rate of fetching alone: what the loader's fetch window hands out, with nothing after it. */
import { FetchWindow, type Ordering } from "../src/pipeline/fetch_window.ts";
import type { Job } from "../src/pipeline/job.ts";
import { type PrefetchChoice, PrefetchWindow } from "../src/pipeline/prefetch.ts";
import type { BlobSource } from "../src/source/source.ts";
import type { IdList } from "../src/ids.ts";

/** How a rate is measured. */
export interface RateOptions {
  /** Samples in a batch. */
  batch: number;
  /** What comes next. */
  ordering: Ordering;
  /** Batches ahead. */
  prefetch?: number | "auto";
  /** Batches after which the window grows by one at the start. */
  slowStart?: number;
  /** Time before counting, in milliseconds. */
  warmUp: number;
  /** Time of counting, in milliseconds. */
  time: number;
}

/** What was measured. */
export interface Rate {
  /** Samples a second. */
  rate: number;
  /** Milliseconds until the first batch. */
  first: number;
  /** What the window chose at the end. */
  choice: PrefetchChoice;
}

/**
 * Fetches the ids again and again, as one long epoch, for some time.
 *
 * @param source Where the blobs come from.
 * @param ids What is fetched.
 * @param options How.
 * @returns The rate after the warm-up.
 */
export async function fetchRate(
  source: BlobSource,
  ids: IdList,
  options: RateOptions,
): Promise<Rate> {
  const { batch, ordering, prefetch = "auto", slowStart = 0, warmUp, time } = options;
  const window = new PrefetchWindow(prefetch, slowStart);
  const begin = performance.now();
  const fetches = new FetchWindow(source, endless(ids, batch), window, ordering);
  let [first, from, samples] = [0, 0, 0];
  for (let now = begin; now < begin + warmUp + time;) {
    const fetched = await fetches.next();
    if (!fetched!.blobs) throw fetched!.error;
    if (fetched!.blobs.failures > 0) throw fetched!.blobs.error(0) ?? new Error("a sample failed");
    fetched!.blobs[Symbol.dispose]();
    now = performance.now();
    first ||= now - begin;
    if (now < begin + warmUp) continue;
    if (from === 0) from = now;
    else samples += fetched!.job.ids.length;
  }
  const elapsed = performance.now() - from;
  const { choice } = window;
  await fetches.stop();
  return { rate: samples / elapsed * 1000, first, choice };
}

function* endless(ids: IdList, batch: number): Generator<Job> {
  for (let at = 0;; at += batch) {
    const positions = Float64Array.from({ length: batch }, (_, i) => at + i);
    yield {
      ids: ids.pick(positions.map((position) => position % ids.length)),
      positions,
      ordinals: positions,
      valid: new Uint8Array(batch).fill(1),
      epoch: 0,
      batches: 0,
    };
  }
}
