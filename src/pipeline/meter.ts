import { type Latency, LatencyHistogram } from "../latency.ts";

/** What one stage of a loader has done since the loader was made. */
export interface StageStats {
  /** Batches that have come out of it. */
  batches: number;
  /** Samples in them. */
  samples: number;
  /** Bytes in them: of blobs up to `submit`, of images and masks from `gpu` on. */
  bytes: number;
  /** Time in which at least one batch was in it, in milliseconds. */
  busy: number;
  /** Samples a second of that time; 0 while there are none. */
  rate: number;
  /** How long a batch was in it; 0 while none has come out. */
  latency: Latency;
  /** Batches in it now. */
  depth: number;
}

/** Counts what passes through one stage. */
export class StageMeter {
  readonly #now: () => number;
  readonly #histogram = new LatencyHistogram();
  #batches = 0;
  #samples = 0;
  #bytes = 0;
  #busy = 0;
  #depth = 0;
  /** When the first of those that are in it came in. */
  #since = 0;

  /** @param now Tells the time, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Takes note of a batch that comes in.
   *
   * @returns When it did, for {@linkcode StageMeter.leave}.
   */
  enter(): number {
    const now = this.#now();
    if (this.#depth++ === 0) this.#since = now;
    return now;
  }

  /**
   * Takes note of a batch that comes out.
   *
   * @param entered When it came in.
   * @param samples How many samples it has.
   * @param bytes How long they are.
   */
  leave(entered: number, samples: number, bytes: number): void {
    this.#histogram.add(this.#now() - entered);
    this.#batches++;
    this.#samples += samples;
    this.#bytes += bytes;
    this.drop();
  }

  /** Takes note of a batch that will not come out, as it failed or was given up. */
  drop(): void {
    if (--this.#depth === 0) this.#busy += this.#now() - this.#since;
  }

  /** What was counted so far. */
  get stats(): StageStats {
    const busy = this.#busy + (this.#depth > 0 ? this.#now() - this.#since : 0);
    return {
      batches: this.#batches,
      samples: this.#samples,
      bytes: this.#bytes,
      busy,
      rate: busy > 0 ? this.#samples / busy * 1000 : 0,
      latency: this.#histogram.latency,
      depth: this.#depth,
    };
  }
}

/** What the stages of a loader have done, in the order in which a batch passes them. */
export interface LoaderStages {
  /** Asked of the source and not there yet. Samples that failed are not counted. */
  fetch: StageStats;
  /** Fetched, and waiting until the GPU has room for it. */
  fetched: StageStats;
  /** On the JavaScript thread: labels and blobs are parsed, decoding and augmentation submitted. */
  submit: StageStats;
  /**
   * Submitted and not known to be done. Decoding and augmentation are one submission and not told
   * apart; the time includes the batches before it on the GPU, and that until Deno tells (11 ms or
   * more).
   */
  gpu: StageStats;
  /** Done, and waiting for the consumer. */
  ready: StageStats;
}

/** A meter for each stage. */
export class StageMeters {
  readonly fetch: StageMeter = new StageMeter();
  readonly fetched: StageMeter = new StageMeter();
  readonly submit: StageMeter = new StageMeter();
  readonly gpu: StageMeter = new StageMeter();
  readonly ready: StageMeter = new StageMeter();

  /** What they have counted so far. */
  get stats(): LoaderStages {
    return {
      fetch: this.fetch.stats,
      fetched: this.fetched.stats,
      submit: this.submit.stats,
      gpu: this.gpu.stats,
      ready: this.ready.stats,
    };
  }
}
