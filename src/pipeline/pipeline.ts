import { lossOr, watchLoss } from "../gpu/lost.ts";
import type { BlobSource } from "../source/source.ts";
import { type Fetched, FetchWindow, type Ordering } from "./fetch_window.ts";
import type { Job } from "./job.ts";
import type { Finisher, Made } from "./finisher.ts";
import type { BatchMaker, Submitted } from "./maker.ts";
import type { StageMeters } from "./meter.ts";
import type { PrefetchWindow } from "./prefetch.ts";

/** Batches made ahead of the consumer, which hold GPU memory; so many are fetched ahead at least. */
const AHEAD = 4;
/**
 * Batches whose status is asked for at once. Deno tells of it some 11 ms after the GPU is done: the
 * next group is submitted meanwhile.
 */
const GROUP = AHEAD / 2;

/** What a pipeline is made of. */
export interface PipelineOptions<L> {
  source: BlobSource;
  device: GPUDevice;
  maker: BatchMaker;
  finisher: Finisher<L>;
  window: PrefetchWindow;
  ordering: Ordering;
  meters: StageMeters;
}

/** Something in a stage, and when it came into it. */
interface Passing<T> {
  item: T;
  entered: number;
}

/** Makes batches ahead of the one who takes them. */
export class Pipeline<L> {
  readonly #options: PipelineOptions<L>;
  readonly #fetches: FetchWindow;
  readonly #ready: Passing<Made<L>>[] = [];
  readonly #pumping: Promise<void>;
  /** Batches that are submitted, but not delivered. */
  #pending = 0;
  #wake = Promise.withResolvers<void>();
  /** Ends what is being submitted. */
  readonly #abort = new AbortController();
  #stopped = false;
  #ended = false;
  #failure: { error: unknown } | undefined;

  /**
   * @param options What the pipeline is made of.
   * @param jobs The batches to make, in order.
   */
  constructor(options: PipelineOptions<L>, jobs: Iterable<Job> | AsyncIterable<Job>) {
    this.#options = options;
    const { source, window, ordering, meters } = options;
    window.least = AHEAD;
    this.#fetches = new FetchWindow(source, jobs, window, ordering, true, meters);
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
    const { item: made, entered } = this.#ready.shift()!;
    this.#options.meters.ready.leave(entered, made.ids.length, bytesOf(made));
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
    this.#abort.abort();
    this.#notify();
    await Promise.all([this.#fetches.stop(), this.#pumping]);
    for (const { item } of this.#ready.splice(0)) {
      this.#options.finisher.discard(item);
      this.#options.meters.ready.drop();
    }
  }

  async #pump(): Promise<void> {
    const { device } = this.#options;
    let delivered: Promise<void> = Promise.resolve();
    const unwatch = watchLoss(device, (error) => {
      this.fail(error);
      this.#fetches.end();
    });
    try {
      while (!this.#stopped && !this.#failure) {
        const first = await this.#fetches.next();
        if (!first) break;
        const group: Passing<Submitted>[] = [];
        let next: typeof first | null = first;
        let failure: { error: unknown } | undefined;
        // A failure of one batch must not take those before it: they are handed out first.
        try {
          while (next) {
            group.push(await this.#submit(next));
            this.#pending++;
            const more = group.length < GROUP && this.#ready.length + this.#pending < AHEAD;
            next = !this.#stopped && more && this.#fetches.ready
              ? await this.#fetches.next()
              : null;
          }
        } catch (error) {
          failure = { error };
        }
        delivered = this.#deliver(group, failure, delivered);
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

  async #submit(fetched: Fetched): Promise<Passing<Submitted>> {
    const { maker, meters } = this.#options;
    const entered = meters.submit.enter();
    // It is disposed of when it has been submitted.
    const [samples, bytes] = fetched.blobs
      ? [fetched.blobs.length - fetched.blobs.failures, fetched.bytes]
      : [0, 0];
    try {
      const item = await maker.submit(fetched, this.#abort.signal);
      meters.submit.leave(entered, samples, bytes);
      return { item, entered: meters.gpu.enter() };
    } catch (error) {
      meters.submit.drop();
      throw error;
    }
  }

  async #deliver(
    group: Passing<Submitted>[],
    failure: { error: unknown } | undefined,
    before: Promise<void>,
  ): Promise<void> {
    const { maker, finisher, meters, device } = this.#options;
    const verified = maker.verify(group.map(({ item }) => item));
    verified.catch(() => {});
    try {
      await before;
      await verified;
      while (group.length > 0) {
        const { item, entered } = group.shift()!;
        try {
          const made = await finisher.finish(item);
          meters.gpu.leave(entered, made.ids.length, bytesOf(made));
          this.#ready.push({ item: made, entered: meters.ready.enter() });
        } catch (error) {
          meters.gpu.drop();
          throw error;
        } finally {
          this.#pending--;
        }
        this.#notify();
      }
    } catch (error) {
      this.fail(await lossOr(device, error));
      throw error;
    } finally {
      // Where batches before have failed it is not done: what it reads back lies in lent buffers.
      await verified.catch(() => {});
      for (const { item } of group) {
        finisher.discard(item);
        meters.gpu.drop();
      }
      this.#pending -= group.length;
    }
    if (failure) throw failure.error;
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** Bytes of images and masks. */
function bytesOf({ images, ragged, masks }: Made<unknown>): number {
  const tensors = [images, masks, ...ragged?.tensors ?? [], ...ragged?.masks ?? []];
  return tensors.reduce((sum, tensor) => sum + (tensor?.byteLength ?? 0), 0);
}
