import { show } from "../check.ts";
import { UsageError } from "../errors.ts";
import type { BlobBatch, BlobSource } from "../source/source.ts";
import type { Job } from "./job.ts";
import { StageMeters } from "./meter.ts";
import { EpochPools } from "./pools.ts";
import type { Launch, PrefetchWindow } from "./prefetch.ts";

/**
 * What comes next: the oldest batch, the first that is complete, or a batch of the samples that
 * arrived first. Samples of two epochs are never in one batch.
 */
export type Ordering = "ordered" | "batches" | "samples";

/**
 * How a fetch ended: with blobs, of which the receiver disposes, and how many bytes they are, or
 * with an error.
 */
export type Outcome = { blobs: BlobBatch; bytes: number; error?: undefined } | {
  blobs?: undefined;
  error: unknown;
};

/** A fetch that has ended, and what it was for. */
export type Fetched = { job: Job } & Outcome;

/** How long an aborted fetch is waited for, in milliseconds; sources need about 100. */
const PATIENCE_MS = 1000;

interface Flight {
  job: Job;
  launch: Launch;
  /** When it ended: 1 for the first of all fetches, and so on; 0 while it is under way. */
  settled: number;
  outcome: Promise<Fetched>;
  /** When it ended, in milliseconds. */
  ended: number;
}

/** Keeps a window of fetches under way and hands out what is complete. */
export class FetchWindow {
  readonly #source: BlobSource;
  readonly #ordering: Ordering;
  readonly #lex: boolean;
  readonly #window: PrefetchWindow;
  readonly #meters: StageMeters;
  readonly #abort = new AbortController();
  readonly #pools = new EpochPools();
  readonly #flights: Flight[] = [];
  readonly #filling: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #settled = 0;
  #exhausted = false;
  #failure: { error: unknown } | undefined;
  #ended = false;
  #stopWaiting: (() => void) | undefined;

  /**
   * @param source Where the blobs come from.
   * @param jobs What to fetch, in order.
   * @param window How many batches to have under way.
   * @param ordering Which complete batch comes next.
   * @param lex Whether the source may have the blobs lexed as JPEG files.
   * @param meters Count what is fetched, and what waits to be handed out.
   */
  constructor(
    source: BlobSource,
    jobs: Iterable<Job> | AsyncIterable<Job>,
    window: PrefetchWindow,
    ordering: Ordering,
    lex = false,
    meters: StageMeters = new StageMeters(),
  ) {
    this.#source = source;
    this.#lex = lex;
    this.#meters = meters;
    this.#window = window;
    this.#ordering = ordering;
    this.#filling = this.#fill(jobs);
  }

  /** Whether {@linkcode FetchWindow.next} would give a batch without waiting. */
  get ready(): boolean {
    return this.#candidates().some(({ settled }) => settled > 0);
  }

  /**
   * Waits for the next batch.
   *
   * @returns The batch with its blobs or its error, or null after the last one.
   * @throws What the iterator of jobs threw.
   */
  async next(): Promise<Fetched | null> {
    let flight: Flight | undefined;
    if (this.#ended) return null;
    while (!(flight = this.#firstSettled())) {
      if (this.#flights.length === 0) {
        if (this.#failure) throw this.#failure.error;
        if (this.#exhausted) return null;
      }
      await this.#wake.promise;
      if (this.#ended) return null;
    }
    this.#flights.splice(this.#flights.indexOf(flight), 1);
    const fetched = await flight.outcome;
    this.#window.consumed(flight.launch, performance.now());
    const { blobs } = fetched;
    if (blobs) this.#meters.fetched.leave(flight.ended, arrivedOf(blobs), fetched.bytes);
    else this.#meters.fetched.drop();
    if (this.#flights.length > 0) this.#pools.forgetBefore(this.#flights[0].job.epoch);
    this.#notify();
    return fetched;
  }

  /** Has {@linkcode FetchWindow.next} give no more batches, also where it is waiting for one. */
  end(): void {
    this.#ended = true;
    this.#notify();
  }

  /**
   * Aborts what is under way and waits until it has ended; not for ever for a source that does not
   * heed its signal: what that one still brings is given back when it comes.
   */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#exhausted = true;
    this.#stopWaiting?.();
    this.#notify();
    await this.#filling;
    const left = this.#flights.splice(0).map(async ({ outcome }) => {
      (await outcome).blobs?.[Symbol.dispose]();
      this.#meters.fetched.drop();
    });
    this.#notify();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    await Promise.race([Promise.all(left), promise]);
    clearTimeout(timer);
  }

  #firstSettled(): Flight | undefined {
    const settled = this.#candidates().filter(({ settled }) => settled > 0);
    return settled.sort((a, b) => a.settled - b.settled)[0];
  }

  /** Flights that may come next: the oldest, or all of the oldest one's epoch; requests in order. */
  #candidates(): Flight[] {
    if (this.#ordering === "ordered" || this.#flights[0]?.job.request) {
      return this.#flights.slice(0, 1);
    }
    return this.#flights.filter(({ job }) => job.epoch === this.#flights[0].job.epoch);
  }

  async #fill(jobs: Iterable<Job> | AsyncIterable<Job>): Promise<void> {
    const iterator = Symbol.asyncIterator in jobs
      ? jobs[Symbol.asyncIterator]()
      : jobs[Symbol.iterator]();
    try {
      while (true) {
        while (!this.#abort.signal.aborted && this.#full()) {
          await this.#wake.promise;
        }
        if (this.#abort.signal.aborted) break;
        const step = await this.#step(iterator);
        if (step === null || step.done) break;
        if (this.#abort.signal.aborted) break;
        await this.#pause();
        if (this.#abort.signal.aborted) break;
        this.#launch(step.value);
      }
      // A caller's iterator that is still busy may never come back: its return is not awaited.
      if (this.#abort.signal.aborted) Promise.resolve(iterator.return?.()).catch(() => {});
    } catch (error) {
      this.#failure = { error };
    }
    this.#exhausted = true;
    this.#notify();
  }

  /** The next job, or null if it is stopped meanwhile; `Promise.race` would keep all jobs alive. */
  #step(iterator: Iterator<Job> | AsyncIterator<Job>): Promise<IteratorResult<Job> | null> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(null);
      Promise.resolve(iterator.next()).then(resolve, reject);
    });
  }

  /** Waits until the next fetch may begin, which may become sooner when something else happens. */
  async #pause(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      const pause = this.#window.pause(performance.now(), this.#underWay());
      if (pause === 0) return;
      const timer = setTimeout(() => this.#notify(), pause);
      await this.#wake.promise;
      clearTimeout(timer);
    }
  }

  #full(): boolean {
    const count = this.#flights.length;
    if (count < this.#window.size) return false;
    // Nothing waits for an older one if the oldest is complete.
    if (this.ready || count >= this.#window.most) return true;
    return this.#underWay() >= this.#window.size;
  }

  #underWay(): number {
    return this.#flights.filter(({ settled }) => settled === 0).length;
  }

  #launch(job: Job): void {
    const launch = this.#window.launched(performance.now());
    const flight: Flight = {
      job,
      launch,
      settled: 0,
      ended: 0,
      outcome: this.#fetch(job, launch).finally(() => {
        flight.settled = ++this.#settled;
        flight.ended = this.#meters.fetched.enter();
        this.#notify();
      }),
    };
    this.#flights.push(flight);
  }

  async #fetch(job: Job, launch: Launch): Promise<Fetched> {
    if (job.invalid) return { job, error: job.invalid };
    const { signal } = this.#abort;
    const lex = this.#lex;
    const pooled = this.#ordering === "samples" && !job.request;
    const entered = this.#meters.fetch.enter();
    let fetched: BlobBatch | undefined;
    try {
      const pool = pooled ? this.#pools.join(job, launch.at) : undefined;
      const blobs = await this.#source.fetch(job.ids, { signal, lex, pool });
      checkBlobs(blobs, this.#source, job);
      fetched = blobs;
      const now = performance.now();
      const { job: got, latencies } = pooled
        ? this.#pools.take(job, blobs.places, now)
        : { job, latencies: undefined };
      const latency = latencies?.[latencies.length >> 1] ?? now - launch.at;
      this.#window.fetched(latency, now, latencies);
      const bytes = blobs.lengths.reduce((sum, length) => sum + length, 0);
      this.#meters.fetch.leave(entered, arrivedOf(blobs), bytes);
      return { job: got, blobs, bytes };
    } catch (error) {
      fetched?.[Symbol.dispose]();
      this.#meters.fetch.drop();
      return { job, error };
    }
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** Samples that have not failed. */
function arrivedOf(blobs: BlobBatch): number {
  return blobs.length - blobs.failures;
}

/** Refuses what a source of a caller's own hands out by mistake: it would be taken for pictures. */
function checkBlobs(
  blobs: unknown,
  { name }: BlobSource,
  { ids }: Job,
): asserts blobs is BlobBatch {
  const batch = (typeof blobs === "object" && blobs !== null ? blobs : {}) as Partial<BlobBatch>;
  const methods = [batch.blob, batch.label, batch.error, batch[Symbol.dispose]];
  if (!methods.every((method) => typeof method === "function")) {
    throw new UsageError(
      `Cannot use what source ${name} has fetched as it must be a BlobBatch: received ${
        show(blobs)
      }`,
      { option: "source" },
    );
  }
  const [samples, lengths] = [batch.length, batch.lengths?.length];
  if (samples === ids.length && lengths === samples) return;
  batch[Symbol.dispose]!();
  throw new UsageError(
    `Cannot use what source ${name} has fetched as it must have ${ids.length} samples, as many as ids: received ${samples} with ${lengths} lengths`,
    { option: "source" },
  );
}
