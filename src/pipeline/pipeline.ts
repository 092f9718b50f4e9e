import { lossOr, watchLoss } from "../gpu/lost.ts";
import type { BlobSource } from "../source/source.ts";
import { FetchWindow, type Ordering } from "./fetch_window.ts";
import type { Job } from "./job.ts";
import type { Finisher, Made } from "./finisher.ts";
import type { BatchMaker, Submitted } from "./maker.ts";
import type { PrefetchWindow } from "./prefetch.ts";

/** Batches made ahead of the consumer, which hold GPU memory; so many are fetched ahead at least. */
const AHEAD = 4;
/**
 * Batches whose status is asked for at once. Deno tells of it some 11 ms after the GPU is done: the
 * next group is submitted meanwhile.
 */
const GROUP = AHEAD / 2;

/** What the stages of a pipeline have done, in milliseconds and samples. */
export interface PipelineTimes {
  /** Time spent waiting for blobs with nothing else to do. */
  starved: number;
  /** Time from the first submission of a group of batches to its verification. */
  gpu: number;
  /** Samples decoded and augmented. */
  samples: number;
}

/** What a pipeline is made of. */
export interface PipelineOptions<L> {
  source: BlobSource;
  device: GPUDevice;
  maker: BatchMaker;
  finisher: Finisher<L>;
  window: PrefetchWindow;
  ordering: Ordering;
  times: PipelineTimes;
}

/** Makes batches ahead of the one who takes them. */
export class Pipeline<L> {
  readonly #options: PipelineOptions<L>;
  readonly #fetches: FetchWindow;
  readonly #ready: Made<L>[] = [];
  readonly #pumping: Promise<void>;
  /** Batches that are submitted, but not delivered. */
  #pending = 0;
  #wake = Promise.withResolvers<void>();
  #stopped = false;
  #ended = false;
  #failure: { error: unknown } | undefined;

  /**
   * @param options What the pipeline is made of.
   * @param jobs The batches to make, in order.
   */
  constructor(options: PipelineOptions<L>, jobs: Iterable<Job> | AsyncIterable<Job>) {
    this.#options = options;
    options.window.least = AHEAD;
    this.#fetches = new FetchWindow(options.source, jobs, options.window, options.ordering, true);
    this.#pumping = this.#pump();
  }

  /**
   * Waits for the next batch.
   *
   * @returns The batch, or null after the last one.
   * @throws What a stage threw; all batches before it have been handed out.
   */
  async next(): Promise<Made<L> | null> {
    while (this.#ready.length === 0) {
      if (this.#failure) throw this.#failure.error;
      if (this.#ended) return null;
      await this.#wake.promise;
    }
    const made = this.#ready.shift()!;
    this.#notify();
    return made;
  }

  /**
   * Makes `next` throw, once it has handed out what is ready.
   *
   * @param error What it throws.
   */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#notify();
  }

  /** Stops all stages, waits until they have, and gives back what was made and not taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#notify();
    await Promise.all([this.#fetches.stop(), this.#pumping]);
    for (const made of this.#ready.splice(0)) this.#options.finisher.discard(made);
  }

  async #pump(): Promise<void> {
    const { times, maker, device } = this.#options;
    let delivered: Promise<void> = Promise.resolve();
    const unwatch = watchLoss(device, (error) => {
      this.fail(error);
      this.#fetches.end();
    });
    try {
      while (!this.#stopped && !this.#failure) {
        const start = performance.now();
        const first = await this.#fetches.next();
        times.starved += performance.now() - start;
        if (!first) break;
        const group: Submitted[] = [];
        const submitted = performance.now();
        let next: typeof first | null = first;
        let failure: { error: unknown } | undefined;
        // A failure of one batch must not take those before it: they are handed out first.
        try {
          while (next) {
            group.push(await maker.submit(next));
            this.#pending++;
            const more = group.length < GROUP && this.#ready.length + this.#pending < AHEAD;
            next = !this.#stopped && more && this.#fetches.ready
              ? await this.#fetches.next()
              : null;
          }
        } catch (error) {
          failure = { error };
        }
        delivered = this.#deliver(group, failure, submitted, delivered);
        // It is awaited in its turn; until then its failure is nobody's.
        delivered.catch(() => {});
        if (failure) break;
        while (this.#ready.length + this.#pending >= AHEAD && !this.#stopped && !this.#failure) {
          await this.#wake.promise;
        }
      }
      await delivered;
    } catch (error) {
      await delivered.catch(() => {});
      this.fail(await lossOr(device, error));
    } finally {
      unwatch();
    }
    this.#ended = true;
    this.#notify();
  }

  async #deliver(
    group: Submitted[],
    failure: { error: unknown } | undefined,
    since: number,
    before: Promise<void>,
  ): Promise<void> {
    const { maker, finisher, times, device } = this.#options;
    const verified = maker.verify(group);
    verified.catch(() => {});
    try {
      await before;
      await verified;
      times.gpu += performance.now() - since;
      while (group.length > 0) {
        const submitted = group.shift()!;
        this.#pending--;
        this.#ready.push(await finisher.finish(submitted));
        times.samples += submitted.job.ids.length;
        this.#notify();
      }
    } catch (error) {
      this.fail(await lossOr(device, error));
      throw error;
    } finally {
      for (const submitted of group) finisher.discard(submitted);
      this.#pending -= group.length;
    }
    if (failure) throw failure.error;
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
