/** The rate of fetching alone: what the loader's fetch window hands out, with nothing after it. */
import { FetchWindow, type Ordering } from "../src/pipeline/fetch_window.ts";
import type { Job } from "../src/pipeline/job.ts";
import { type PrefetchChoice, PrefetchWindow } from "../src/pipeline/prefetch.ts";
import type { BlobSource } from "../src/source/source.ts";
import type { IdList } from "../src/ids.ts";

/** How a stream fetches. */
export interface StreamOptions {
  /** Samples in a batch. */
  batch: number;
  /** What comes next. */
  ordering: Ordering;
  /** Batches ahead; `"auto"` when left out. */
  prefetch?: number | "auto";
  /** Batches after which the window grows by one at the start; 0 when left out. */
  slowStart?: number;
}

/** Fetches the same ids again and again, as one long epoch, while somebody takes what arrives. */
export class FetchStream implements AsyncDisposable {
  readonly #window: PrefetchWindow;
  readonly #fetches: FetchWindow;

  /**
   * @param source Where the blobs come from.
   * @param ids What is fetched.
   * @param options How.
   */
  constructor(source: BlobSource, ids: IdList, options: StreamOptions) {
    const { batch, ordering, prefetch = "auto", slowStart = 0 } = options;
    this.#window = new PrefetchWindow(prefetch, slowStart);
    this.#fetches = new FetchWindow(source, endless(ids, batch), this.#window, ordering);
  }

  /** What the window has chosen by now. */
  get choice(): PrefetchChoice {
    return this.#window.choice;
  }

  /**
   * Waits for the next batch, which must be whole, and gives it back.
   *
   * @returns Samples in it.
   */
  async next(): Promise<number> {
    const { blobs, error } = (await this.#fetches.next())!;
    if (!blobs) throw error;
    using batch = blobs;
    if (batch.failures > 0) throw new Error("a sample failed");
    if (batch.bytes.length === 0) throw new Error("there are no blobs");
    return batch.length;
  }

  /**
   * Takes what arrives for some time. Between two such times at most a window is fetched.
   *
   * @param time How long, in milliseconds.
   * @returns Samples a second.
   */
  async run(time: number): Promise<number> {
    const begin = performance.now();
    let [samples, now] = [0, begin];
    while (now < begin + time) {
      samples += await this.next();
      now = performance.now();
    }
    return samples / (now - begin) * 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetches.stop();
  }
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
