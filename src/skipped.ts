import { EmptyEpochError, type SampleError } from "./errors.ts";

/** Errors that are kept: a loop without end may meet a bad sample for ever. */
export const KEPT = 1000;

/** Counts the samples that could not be loaded, and keeps the last of them. */
export class SkippedSamples {
  #count = 0;
  #last: SampleError[] = [];

  /**
   * Takes note of the errors of a batch.
   *
   * @param errors The errors.
   */
  add(errors: readonly SampleError[]): void {
    if (errors.length === 0) return;
    this.#count += errors.length;
    this.#last = [...this.#last, ...errors].slice(-KEPT);
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The last of them, at most {@linkcode KEPT}, in the order in which they came. */
  get last(): SampleError[] {
    return [...this.#last];
  }
}

/** Failures that an error names. */
const NAMED = 3;

/** Notices an epoch of which nothing is left, as a loop without end would go on without a batch. */
export class EmptyEpochs {
  #epoch: number;
  /** Whether a batch of the epoch has been handed out, or may have been before. */
  #given: boolean;
  #failed = 0;
  #first: SampleError[] = [];

  /**
   * @param epoch Number of the epoch that the loop begins with.
   * @param isFresh Whether nothing of it has been handed out.
   */
  constructor(epoch: number, isFresh: boolean) {
    this.#epoch = epoch;
    this.#given = !isFresh;
  }

  /**
   * Takes note of a batch.
   *
   * @param epoch Number of its epoch.
   * @param errors The samples that could not be loaded.
   * @param given Whether anything is left of it.
   * @param ends Whether the epoch ends with it.
   * @throws {EmptyEpochError} If it is the last one of an epoch of which nothing is left.
   */
  add(epoch: number, errors: readonly SampleError[], given: boolean, ends: boolean): void {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#given = false;
      this.#failed = 0;
      this.#first = [];
    }
    this.#given ||= given;
    if (this.#given) return;
    this.#failed += errors.length;
    this.#first = [...this.#first, ...errors].slice(0, NAMED);
    if (!ends) return;
    const [first] = this.#first;
    throw new EmptyEpochError(
      `Cannot go on as an epoch must have a sample that can be loaded: received ${this.#failed} failures and nothing else in epoch ${epoch}, the first of them: ${
        this.#first.map(({ reason }) => reason.message).join("; ")
      }`,
      { option: "onCorrupt", sampleId: first?.id, cause: first?.reason },
    );
  }
}
