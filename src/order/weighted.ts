import { OptionCheck, show } from "../check.ts";
import { UsageError } from "../errors.ts";
import { keySchedule, mix } from "./mix.ts";

/**
 * Draws samples with replacement, each as often as its weight says, computing each place on its own.
 *
 * A place's uniform number comes from a hash of (seed, epoch, place); it is looked up in the
 * cumulative weights (inversion: Devroye, "Non-Uniform Random Variate Generation", 1986, III.2.1).
 */
export class WeightedDraw {
  readonly #cumulative: Float64Array;
  readonly #keys: Uint32Array;

  /**
   * Prepares the draw of one epoch.
   *
   * @param cumulative Sums of the weights up to each sample, from {@linkcode cumulate}.
   * @param seed Any integer.
   * @param epoch Number of the epoch, from 0.
   */
  constructor(cumulative: Float64Array, seed: number, epoch: number) {
    this.#cumulative = cumulative;
    this.#keys = keySchedule(seed, epoch, 2);
  }

  /**
   * Which sample is drawn at one place.
   *
   * @param place From 0 on.
   * @returns Number of the sample; never one whose weight is 0.
   */
  at(place: number): number {
    const high = mix(mix(place ^ this.#keys[0]) + Math.floor(place / 2 ** 32));
    const low = mix(high ^ mix(place + this.#keys[1]));
    const sums = this.#cumulative;
    const target = (high + low / 2 ** 32) / 2 ** 32 * sums[sums.length - 1];
    let first = 0;
    let last = sums.length - 1;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (sums[middle] > target) last = middle;
      else first = middle + 1;
    }
    return first;
  }
}

/**
 * Sums weights up.
 *
 * @param weights One for each sample.
 * @param count Number of samples.
 * @returns Sums up to and with each sample.
 * @throws {UsageError} If there are not as many weights as samples, one is negative or not finite, or all are 0.
 */
export function cumulate(weights: ArrayLike<number>, count: number): Float64Array {
  const refuse = (expected: string, received: unknown) => {
    throw new UsageError(
      `Cannot make a loader as weights must ${expected}: received ${received}`,
      { option: "weights" },
    );
  };
  if (weights.length !== count) refuse(`be as many as ids, ${count}`, weights.length);
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const weight: unknown = weights[i];
    if (!(typeof weight === "number" && weight >= 0 && weight < Infinity)) {
      refuse("be finite and at least 0", `${show(weight)} at place ${i}`);
    }
    sums[i] = sum += weights[i];
  }
  if (sum === 0) refuse("have one above 0", "only zeros");
  return sums;
}

/**
 * Weights that draw all classes equally often.
 *
 * @param labels Class of each sample.
 * @returns One weight a sample: 1 divided by the number of samples of its class.
 * @throws {UsageError} If they are no list.
 * @example
 * ```ts
 * import { classWeights } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(classWeights([0, 0, 1]), new Float64Array([0.5, 0.5, 1]));
 * ```
 */
export function classWeights(labels: ArrayLike<number>): Float64Array {
  const isList = typeof labels === "object" && Number.isInteger(labels?.length);
  new OptionCheck("weigh classes").that(isList, "labels", "a list of numbers", labels);
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) {
    counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  }
  return Float64Array.from(labels, (label) => 1 / counts.get(label)!);
}
