import type { IdList } from "./ids.ts";
import { deal, type EpochOrder, type Left, ownSamples, type Sampler } from "./order/sampler.ts";
import { Seen, seenCount } from "./order/seen.ts";
import type { Ordering } from "./pipeline/fetch_window.ts";
import type { Job } from "./pipeline/job.ts";
import { hashIds, type LoaderState, makeState, type Progress, resumeFrom } from "./state.ts";

/** What a {@linkcode ProgressTracker} begins with. */
export interface ProgressOptions {
  /** State from which to go on, or those of all shards. */
  resume?: LoaderState | readonly LoaderState[];
  /** Epochs of a loop; 1 when left out, or what is left of the one that is resumed. */
  epochs?: number;
  /** In which order batches come; `ordered` when left out. */
  ordering?: Ordering;
}

/** Says which batches come next, and keeps track of which samples have been handed out. */
export class ProgressTracker {
  readonly #ids: IdList;
  readonly #idsHash: string;
  readonly #sampler: Sampler;
  readonly #ordered: boolean;
  readonly #epochs: number;
  #endEpoch: number;
  #progress: Progress;
  #done: Seen;
  /** Batches of the epoch that were handed out in this loop. */
  #batches = 0;
  /** How many samples each shard had left when the loop, or the epoch, began. */
  #left: Left;

  /**
   * Begins at the first epoch, or where a state says.
   *
   * @param ids The ids of the loader.
   * @param sampler Says which samples make which batch.
   * @param options Where to begin, and how far one loop goes.
   * @throws {ResumeMismatchError} If the state does not fit.
   */
  constructor(
    ids: IdList,
    sampler: Sampler,
    { resume, epochs, ordering = "ordered" }: ProgressOptions = {},
  ) {
    this.#ids = ids;
    this.#idsHash = hashIds(ids);
    this.#sampler = sampler;
    this.#ordered = ordering === "ordered";
    this.#epochs = epochs ?? 1;
    const { options } = sampler;
    const start = resume && resumeFrom(resume, this.#idsHash, options);
    this.#progress = start ?? this.#begin(0, true);
    // What was too little for a batch is no epoch of its own.
    if (start && sampler.epoch(start.epoch, start).batches === 0) {
      this.#progress = this.#begin(start.epoch + 1, start.shared);
    }
    this.#endEpoch = epochs ?? this.#progress.epoch + 1;
    this.#done = new Seen(this.#progress.done);
    this.#left = this.#progress.left;
  }

  /** Where the loader stands now. */
  get current(): Readonly<Progress> {
    return this.#progress;
  }

  /** Whether nothing of the current epoch has been handed out. */
  get isFresh(): boolean {
    return seenCount(this.#progress.base) + seenCount(this.#progress.done) === 0;
  }

  /** Whether all epochs of the loop have been handed out; a later loop then gives the next ones. */
  get isComplete(): boolean {
    return this.#progress.epoch >= this.#endEpoch;
  }

  /**
   * The batches that one loop has to give: what is left of the current epoch, and the next ones.
   *
   * @param again Whether a loop has come to its end before.
   * @returns What to make of each, in order.
   */
  jobs(again: boolean): Iterable<Job> {
    if (again) this.#endEpoch = Math.max(this.#endEpoch, this.#progress.epoch) + this.#epochs;
    this.#batches = 0;
    this.#left = this.#progress.left;
    return this.#jobs();
  }

  *#jobs(): Generator<Job> {
    const whole = this.#sampler.epoch(0).batches;
    for (let next = this.#progress; next.epoch < this.#endEpoch;) {
      const order = this.#sampler.epoch(next.epoch, next);
      for (let batch = 0; batch < order.batches; batch++) yield this.job(order, batch);
      if (whole === 0) return;
      next = this.#begin(next.epoch + 1, true);
    }
  }

  /**
   * What to make of one batch.
   *
   * @param order The batches of its epoch.
   * @param batch Its number among them.
   * @returns The job.
   */
  job(order: EpochOrder, batch: number): Job {
    const { indices, ...plan } = order.plan(batch);
    return { ...plan, ids: this.#ids.pick(indices), batches: order.batches };
  }

  /**
   * Takes note of a batch that is handed out.
   *
   * @param job What the batch was made for.
   * @returns From where to resume after it.
   */
  advance(job: Job): LoaderState {
    if (job.epoch !== this.#progress.epoch) this.#enter(job.epoch);
    job.ordinals.forEach((ordinal, i) => job.valid[i] && this.#done.add(ordinal));
    if (++this.#batches === job.batches) this.#enter(job.epoch + 1);
    else {
      const { base, shared } = this.#progress;
      this.#progress = {
        epoch: job.epoch,
        base,
        done: this.#done.toJSON(),
        left: this.#leftNow(),
        shared: shared && this.#ordered,
      };
    }
    return makeState(this.#idsHash, this.#sampler.options, this.#progress);
  }

  #begin(epoch: number, shared: boolean): Progress {
    return { epoch, ...deal(this.#sampler.options), shared };
  }

  #enter(epoch: number): void {
    const { lastBatch, batchSize } = this.#sampler.options;
    const { least, most } = this.#left;
    // Where shards have unequally many batches, one begins the next epoch before the other.
    const apart = lastBatch === "partial" &&
      Math.ceil(least / batchSize) !== Math.ceil(most / batchSize);
    this.#progress = this.#begin(epoch, this.#progress.shared && this.#ordered && !apart);
    this.#done = new Seen();
    this.#batches = 0;
    this.#left = this.#progress.left;
  }

  /** What shards that have handed out as many batches as this one agree on. */
  #leftNow(): Left {
    const { options } = this.#sampler;
    const { batchSize, lastBatch, shard } = options;
    const handed = this.#batches * batchSize;
    if (shard.count === 1) {
      const own = ownSamples(options, this.#progress.base) - this.#done.count;
      return { least: own, most: own };
    }
    // Unless batches come in order, the one that is not full may have been any of them.
    const exact = this.#ordered || lastBatch === "drop";
    const places = exact ? this.#left.most : Math.ceil(this.#left.most / batchSize) * batchSize;
    return {
      least: Math.max(0, this.#left.least - handed),
      most: Math.max(0, places - handed),
    };
  }
}
