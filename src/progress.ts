import type { IdList } from "./ids.ts";
import type { SamplerOptions } from "./order/sampler.ts";
import { NOTHING_SEEN, Seen } from "./order/seen.ts";
import type { Job } from "./pipeline/job.ts";
import { hashIds, type LoaderState, makeState, type Progress, resumeFrom } from "./state.ts";

/** Keeps track of which samples have been handed out. */
export class ProgressTracker {
  readonly #idsHash: string;
  readonly #options: Readonly<SamplerOptions>;
  #progress: Progress;
  #done: Seen;
  #batches = 0;

  /**
   * Begins at the first epoch, or where a state says.
   *
   * @param ids The ids of the loader.
   * @param options What decides the order.
   * @param resume State from which to go on.
   * @throws {ResumeMismatchError} If the state does not fit.
   */
  constructor(
    ids: IdList,
    options: Readonly<SamplerOptions>,
    resume?: LoaderState | readonly LoaderState[],
  ) {
    this.#idsHash = hashIds(ids);
    this.#options = options;
    this.#progress = resume
      ? resumeFrom(resume, this.#idsHash, options)
      : { epoch: 0, base: NOTHING_SEEN, done: NOTHING_SEEN };
    this.#done = new Seen(this.#progress.done);
  }

  /** Where the loader stands now. */
  get current(): Readonly<Progress> {
    return this.#progress;
  }

  /** Takes note that a loop begins: the batches of what is left of the epoch are counted anew. */
  beginLoop(): void {
    this.#batches = 0;
  }

  /**
   * Takes note of a batch that is handed out.
   *
   * @param job What the batch was made for.
   * @returns From where to resume after it.
   */
  advance(job: Job): LoaderState {
    if (job.epoch !== this.#progress.epoch) this.#beginEpoch(job.epoch);
    job.ordinals.forEach((ordinal, i) => job.valid[i] && this.#done.add(ordinal));
    if (++this.#batches === job.batches) this.#beginEpoch(job.epoch + 1);
    else this.#progress = { ...this.#progress, done: this.#done.toJSON() };
    return makeState(this.#idsHash, this.#options, this.#progress);
  }

  #beginEpoch(epoch: number): void {
    this.#progress = { epoch, base: NOTHING_SEEN, done: NOTHING_SEEN };
    this.#done = new Seen();
    this.#batches = 0;
  }
}
