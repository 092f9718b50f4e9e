import type { BlobBatch, BlobSource } from "../source/source.ts";
import type { Job } from "./job.ts";
import type { PrefetchWindow } from "./prefetch.ts";

/** Which complete batch comes next: the oldest, or the first that is complete. */
export type Ordering = "ordered" | "batches";

/** How a fetch ended: with blobs, of which the receiver disposes, or with an error. */
export type Outcome = { blobs: BlobBatch; error?: undefined } | {
  blobs?: undefined;
  error: unknown;
};

/** A fetch that has ended, and what it was for. */
export type Fetched = { job: Job } & Outcome;

interface Flight {
  job: Job;
  /** When it ended: 1 for the first of all fetches, and so on; 0 while it is under way. */
  settled: number;
  outcome: Promise<Outcome>;
}

/** Keeps a window of fetches under way and hands out what is complete. */
export class FetchWindow {
  readonly #source: BlobSource;
  readonly #ordering: Ordering;
  readonly #window: PrefetchWindow;
  readonly #abort = new AbortController();
  readonly #flights: Flight[] = [];
  readonly #filling: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #settled = 0;
  #exhausted = false;
  #failure: { error: unknown } | undefined;

  /**
   * @param source Where the blobs come from.
   * @param jobs What to fetch, in order.
   * @param window How many batches to have under way.
   * @param ordering Which complete batch comes next.
   */
  constructor(
    source: BlobSource,
    jobs: Iterable<Job> | AsyncIterable<Job>,
    window: PrefetchWindow,
    ordering: Ordering,
  ) {
    this.#source = source;
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
    while (!(flight = this.#firstSettled())) {
      if (this.#flights.length === 0) {
        if (this.#failure) throw this.#failure.error;
        if (this.#exhausted) return null;
      }
      await this.#wake.promise;
    }
    this.#flights.splice(this.#flights.indexOf(flight), 1);
    const outcome = await flight.outcome;
    this.#window.consumed(performance.now());
    this.#notify();
    return { job: flight.job, ...outcome };
  }

  /** Aborts what is under way and waits until it has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#exhausted = true;
    this.#notify();
    await this.#filling;
    for (const { outcome } of this.#flights.splice(0)) {
      (await outcome).blobs?.[Symbol.dispose]();
    }
  }

  #firstSettled(): Flight | undefined {
    const settled = this.#candidates().filter(({ settled }) => settled > 0);
    return settled.sort((a, b) => a.settled - b.settled)[0];
  }

  /** Flights that may come next: the oldest, or all of the oldest one's epoch. */
  #candidates(): Flight[] {
    if (this.#ordering === "ordered") return this.#flights.slice(0, 1);
    return this.#flights.filter(({ job }) => job.epoch === this.#flights[0].job.epoch);
  }

  async #fill(jobs: Iterable<Job> | AsyncIterable<Job>): Promise<void> {
    const stopped = new Promise<null>((resolve) => {
      this.#abort.signal.addEventListener("abort", () => resolve(null), { once: true });
    });
    const iterator = Symbol.asyncIterator in jobs
      ? jobs[Symbol.asyncIterator]()
      : jobs[Symbol.iterator]();
    try {
      while (true) {
        while (!this.#abort.signal.aborted && this.#flights.length >= this.#window.size) {
          await this.#wake.promise;
        }
        if (this.#abort.signal.aborted) break;
        const step = await Promise.race([iterator.next(), stopped]);
        if (step === null || step.done) break;
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

  #launch(job: Job): void {
    const start = performance.now();
    const flight: Flight = {
      job,
      settled: 0,
      outcome: this.#fetch(job, start).finally(() => {
        flight.settled = ++this.#settled;
        this.#notify();
      }),
    };
    this.#flights.push(flight);
  }

  async #fetch(job: Job, start: number): Promise<Outcome> {
    if (job.invalid) return { error: job.invalid };
    try {
      const blobs = await this.#source.fetch(job.ids, { signal: this.#abort.signal });
      this.#window.fetched(performance.now() - start);
      return { blobs };
    } catch (error) {
      return { error };
    }
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
