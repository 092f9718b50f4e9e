import { Batch, type BatchOwner } from "./batch.ts";
import { BatchesOut } from "./batches_out.ts";
import { show } from "./check.ts";
import { BusyError, DisposedError, UsageError } from "./errors.ts";
import { BufferPool } from "./gpu/pool.ts";
import { IdList } from "./ids.ts";
import { LoaderStages, type Stages } from "./loader_stages.ts";
import {
  checkEndless,
  checkOptions,
  checkRequestOptions,
  type LoaderOptions,
  type RequestOptions,
} from "./options.ts";
import { Sampler, samplerOptions } from "./order/sampler.ts";
import type { Ordering } from "./pipeline/fetch_window.ts";
import type { Job } from "./pipeline/job.ts";
import type { Made } from "./pipeline/finisher.ts";
import { StageMeters } from "./pipeline/meter.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import { PrefetchWindow } from "./pipeline/prefetch.ts";
import { checkRequest, type RequestIds, requestJobs } from "./pipeline/requests.ts";
import { ProgressTracker } from "./progress.ts";
import { EmptyEpochs, SkippedSamples } from "./skipped.ts";
import type { LoaderState } from "./state.ts";
import type { LoaderStats } from "./stats.ts";

/** A pipeline that is running, and what ends it. */
interface Run<L> {
  pipeline: Pipeline<L>;
  end: AbortController;
}

/** A batch with what takes its buffers back; null for one of which nothing is left. */
interface Admitted<L> {
  made: Made<L>;
  owner: BatchOwner | null;
}

/**
 * Loads batches of images into GPU memory: an async iterable that fetches ahead.
 *
 * A loop over the loader gives `epochs` epochs. After `break`, a later loop goes on with the next
 * unseen sample; after its end, a later loop begins the next epochs.
 *
 * @typeParam L What `batch.labels` holds.
 * @example
 * ```ts
 * import { IdList, Loader, requestDevice, resize, SqliteSource } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 * import jpeg from "jpeg-js";
 *
 * const path = await Deno.makeTempFile();
 * const db = new DatabaseSync(path);
 * db.exec("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB)");
 * const ids = IdList.from([crypto.randomUUID()]);
 * const picture = { width: 32, height: 24, data: new Uint8Array(32 * 24 * 4).fill(128) };
 * db.prepare("INSERT INTO data VALUES (?, ?, ?)").run(ids.bytes, 7, jpeg.encode(picture).data);
 * db.close();
 *
 * await using source = await SqliteSource.open({ path });
 * const device = await requestDevice();
 * {
 *   await using loader = new Loader({ source, device, ids, batchSize: 1, augment: [resize(16)] });
 *   for await (using batch of loader) {
 *     assertEquals(batch.images.shape, [1, 3, 16, 16]);
 *     assertEquals(batch.ids.at(0), ids.at(0));
 *   }
 * }
 * device.destroy();
 * ```
 */
export class Loader<L = unknown> implements AsyncDisposable, AsyncIterable<Batch<L>> {
  readonly #options: LoaderOptions<L>;
  readonly #ids: IdList;
  readonly #sampler: Sampler;
  readonly #progress: ProgressTracker;
  readonly #pool: BufferPool;
  readonly #ownsPool: boolean;
  readonly #stages: LoaderStages<L>;
  readonly #meters = new StageMeters();
  readonly #skipped = new SkippedSamples();
  readonly #runs = new Set<Run<L>>();
  /** Batches of loops, whose consumers alone can make room for the next. */
  readonly #looped: BatchesOut;
  /** Batches of requests, for which others may make room. */
  readonly #requested: BatchesOut;
  #window: PrefetchWindow;
  #completed = false;
  #iterating = false;
  #disposed = false;
  #batches = 0;
  #samples = 0;

  /**
   * Makes a loader; it fetches nothing before the first loop or request.
   *
   * @param options Source, device, ids, and how to make batches of them.
   * @throws {UsageError} If an option is wrong.
   * @throws {ResumeMismatchError} If the state to resume from does not fit.
   */
  constructor(options: LoaderOptions<L>) {
    checkOptions(options as LoaderOptions<unknown>);
    this.#options = options;
    this.#ids = IdList.from(options.ids ?? []);
    if (options.ids !== undefined && this.#ids.length === 0) {
      throw new UsageError("Cannot make a loader as ids must not be empty: received 0 ids", {
        option: "ids",
      });
    }
    const { device, onWarning } = options;
    this.#sampler = new Sampler(samplerOptions(this.#ids.length, options));
    if (options.ids !== undefined) checkEndless(options.epochs, this.batchesPerEpoch);
    this.#progress = new ProgressTracker(this.#ids, this.#sampler, options);
    this.#window = this.#newWindow();
    this.#ownsPool = options.pool === undefined;
    this.#pool = options.pool ?? new BufferPool(device);
    const pool = this.#pool;
    const warn = onWarning ?? console.warn;
    const out = { pool, most: options.maxBatchesOut, warn };
    this.#looped = new BatchesOut({ ...out, refuses: true });
    this.#requested = new BatchesOut({ ...out, refuses: false });
    this.#stages = new LoaderStages(options, pool, this.#sampler.options.seed);
  }

  /** Number of samples of this shard in a whole epoch. */
  get size(): number {
    return this.#sampler.epoch(0).samples;
  }

  /** Number of batches of this shard in a whole epoch. */
  get batchesPerEpoch(): number {
    return this.#sampler.epoch(0).batches;
  }

  /**
   * What the loader has done so far.
   *
   * @returns A copy of the counters.
   */
  stats(): LoaderStats {
    return {
      batches: this.#batches,
      samples: this.#samples,
      skipped: this.#skipped.last,
      skippedCount: this.#skipped.count,
      prefetch: this.#window.size,
      window: this.#window.choice,
      stages: this.#meters.stats,
      source: this.#options.source.stats(),
      pool: this.#pool.stats(),
    };
  }

  /**
   * Compiles all kernels, so that the first batch does not wait for them.
   *
   * @returns When they are compiled.
   * @throws {DisposedError} If the loader is disposed of.
   * @throws {DeviceLostError} If the device is lost.
   */
  async warmUp(): Promise<void> {
    this.#alive();
    await this.#stages.warmUp();
  }

  /**
   * Loops over the batches. One loop at a time.
   *
   * @returns The batches; each is to be disposed of.
   * @throws {BusyError} If a loop is going on, or `maxBatchesOut` of its batches are out.
   * @throws {DisposedError} If the loader is disposed of.
   * @throws {EmptyEpochError} If no sample of a whole epoch could be loaded.
   * @throws The reason of an aborted signal, and with `onCorrupt: "throw"` a sample's error.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<L>, void, undefined> {
    this.#alive();
    const { requests, signal } = this.#options;
    if (this.#ids.length === 0 && !requests) {
      throw new UsageError(
        "Cannot loop over a loader as ids or requests must be given: received neither",
        { option: "ids" },
      );
    }
    if (this.#iterating) {
      throw new BusyError(
        "Cannot loop over a loader as one loop must have ended before the next: received a second one",
      );
    }
    this.#iterating = true;
    try {
      if (requests) {
        const { fixed = true } = this.#options;
        yield* this.#serve(requests, signal, this.#stages.get({ fixed, isolate: true }));
        return;
      }
      const jobs = this.#progress.jobs(this.#completed);
      this.#completed = false;
      this.#window = this.#newWindow();
      const empty = new EmptyEpochs(this.#progress.current.epoch, this.#progress.isFresh);
      for await (const { made, owner } of this.#run(jobs, this.#window, { signal })) {
        if (this.#options.onCorrupt !== "throw") this.#skipped.add(made.errors);
        const state = this.#progress.advance(made.job);
        // A break at the last batch is an end, too.
        this.#completed = this.#progress.isComplete;
        const ends = this.#progress.current.epoch > made.job.epoch;
        empty.add(made.job.epoch, made.errors, owner !== null, ends);
        if (owner) yield this.#batch(made, state, owner);
      }
      this.#completed = true;
    } finally {
      this.#iterating = false;
    }
  }

  /**
   * Loads some samples at once, for inference: in order, in parts of at most `batchSize`. Operators
   * leave out all chance, whatever a loop of this loader does, unless `fixed` is false.
   *
   * Any number of requests may be under way, beside a loop; a failure stays in its request. With
   * `maxBatchesOut` batches of requests out, the next one waits until one of them is given back.
   *
   * @param ids Ids of the samples.
   * @param options A signal that aborts, and whether chance is left out.
   * @returns The parts; each is to be disposed of, and says in `request` which part it is.
   * @throws {UsageError} If there are no ids, one is no UUID, or an option is wrong.
   * @throws {DisposedError} If the loader is disposed of.
   */
  request(
    ids: RequestIds,
    options: RequestOptions = {},
  ): AsyncGenerator<Batch<L>, void, undefined> {
    this.#alive();
    checkRequestOptions(options);
    const { signal, fixed = true } = options;
    return this.#serve([checkRequest(ids)], signal, this.#stages.get({ fixed, isolate: false }));
  }

  /**
   * Loads one batch of the whole sequence of epochs, beside a loop and without moving it.
   *
   * @param index Number of the batch, from 0: batch `index % batchesPerEpoch` of its epoch.
   * @returns The batch as a loop that begins with the first epoch yields it, but for its state.
   * @throws {UsageError} If the index is not a whole number, or an epoch has no batches.
   * @throws The error of a sample, if none of the batch could be loaded.
   */
  async at(index: number): Promise<Batch<L>> {
    this.#alive();
    const batches = this.batchesPerEpoch;
    if (!Number.isSafeInteger(index) || index < 0 || batches === 0) {
      throw new UsageError(
        batches === 0
          ? "Cannot load a batch as an epoch must have one: received an epoch of 0 batches"
          : `Cannot load a batch as its index must be a whole number from 0 on: received ${
            show(index)
          }`,
        { option: "index" },
      );
    }
    const order = this.#sampler.epoch(Math.floor(index / batches));
    const job = this.#progress.job(order, index % batches);
    const { signal } = this.#options;
    const out = this.#requested;
    const run = this.#run([job], this.#newWindow(), { signal, out, ordering: "ordered" });
    for await (const { made, owner } of run) {
      if (owner) return this.#batch(made, null, owner);
      throw made.errors[0].reason;
    }
    throw new DisposedError("Cannot load a batch as the loader must not have been disposed of");
  }

  /** Stops all loops and waits until they have ended. Batches that are out stay valid. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const error = new DisposedError(
      "Cannot load the next batch as the loader must not have been disposed of",
    );
    await Promise.all([...this.#runs].map(({ pipeline, end }) => {
      end.abort(error);
      return pipeline.stop();
    }));
    this.#stages[Symbol.dispose]();
    if (this.#ownsPool) this.#pool[Symbol.dispose]();
  }

  async *#serve(
    requests: Iterable<RequestIds> | AsyncIterable<RequestIds>,
    signal: AbortSignal | undefined,
    stages: Stages<L>,
  ): AsyncGenerator<Batch<L>, void, undefined> {
    const jobs = requestJobs(requests, this.#options.batchSize);
    const run = this.#run(jobs, this.#newWindow(), { signal, stages, out: this.#requested });
    for await (const { made, owner } of run) {
      if (this.#options.onCorrupt !== "throw") this.#skipped.add(made.errors);
      if (owner) yield this.#batch(made, null, owner);
    }
  }

  /** Runs jobs through a pipeline of their own, which ends when the consumer does. */
  async *#run(
    jobs: Iterable<Job> | AsyncIterable<Job>,
    window: PrefetchWindow,
    { signal, stages = this.#ownStages, ordering = this.#options.ordering ?? "ordered", out }: {
      signal?: AbortSignal;
      stages?: Stages<L>;
      ordering?: Ordering;
      out?: BatchesOut;
    },
  ): AsyncGenerator<Admitted<L>, void, undefined> {
    // A request may have been made before, and be asked for its first part only now.
    this.#alive();
    signal?.throwIfAborted();
    const { source, device } = this.#options;
    const pipeline = new Pipeline<L>(
      { source, device, ...stages, window, ordering, meters: this.#meters },
      jobs,
    );
    const end = new AbortController();
    const run = { pipeline, end };
    this.#runs.add(run);
    end.signal.addEventListener("abort", () => pipeline.fail(end.signal.reason), { once: true });
    const abort = () => end.abort(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      for (let made; (made = await pipeline.next());) {
        yield { made, owner: await this.#admit(made, stages, out ?? this.#looped, end.signal) };
        signal?.throwIfAborted();
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#runs.delete(run);
      await pipeline.stop();
    }
  }

  async #admit(
    made: Made<L>,
    { finisher }: Stages<L>,
    out: BatchesOut,
    signal: AbortSignal,
  ): Promise<BatchOwner | null> {
    if (!made.images && !made.ragged && !made.failure) return null;
    try {
      return await out.admit(signal);
    } catch (error) {
      finisher.discard(made);
      throw error;
    }
  }

  #batch(made: Made<L>, state: LoaderState | null, owner: BatchOwner): Batch<L> {
    const { job: { epoch, request }, ...rest } = made;
    this.#batches++;
    this.#samples += made.ids.length;
    return new Batch({ ...rest, epoch, request, state }, owner);
  }

  /** What makes the batches of epochs. */
  get #ownStages(): Stages<L> {
    return this.#stages.get({ fixed: this.#options.fixed ?? false, isolate: false });
  }

  #newWindow(): PrefetchWindow {
    const { prefetch = "auto", slowStart = 0 } = this.#options;
    return new PrefetchWindow(prefetch, slowStart);
  }

  #alive(): void {
    if (!this.#disposed) return;
    throw new DisposedError("Cannot use a loader as it must not have been disposed of");
  }
}
