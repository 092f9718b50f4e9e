import type { SampleError } from "./errors.ts";

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
