import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, optionsOf } from "./parameters.ts";

/** Options of {@linkcode gaussianNoise}. */
export interface GaussianNoiseOptions {
  /** Mean of what is added, in the image's units (0–255); 0 when left out. */
  mean?: Drawn;
}

const TWO_TO_32 = 2 ** 32;

/** What {@linkcode gaussianNoise} makes, for the table of operators. */
export const gaussianNoiseKind: OperatorKind = { name: "gaussianNoise", stream: 25, bind };

/**
 * Adds independent normal numbers to every channel of every pixel, as DALI's `fn.noise.gaussian` does.
 *
 * They come from pcg4d (Jarzynski and Olano, JCGT 9(3), 2020) of column, row and two words that are
 * drawn for the sample, and from Box and Muller's transform, so they are the same in every run.
 *
 * @param stddev Standard deviation in the image's units (0–255); 1 when left out; `[low, high]` is drawn
 * for each sample.
 * @param options Their mean, which may be drawn as well.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { gaussianNoise } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gaussianNoise(8).parameters, { mean: 0, stddev: 8 });
 * ```
 */
export function gaussianNoise(stddev: Drawn = 1, options: GaussianNoiseOptions = {}): Operator {
  return describe(gaussianNoiseKind, { stddev, ...optionsOf("gaussianNoise", options) });
}

function bind(given: Given): BoundOperator {
  checkNames("gaussianNoise", given, ["stddev", "mean"]);
  const stddev = checkDrawn("gaussianNoise", "stddev", given.stddev ?? 1, 0, 0);
  const mean = checkDrawn("gaussianNoise", "mean", given.mean, 0);
  return {
    parameters: { mean: mean.value, stddev: stddev.value },
    title: "gaussianNoise",
    apply(chain, random) {
      if (chain.fixed) return;
      const step = chain.step("noise");
      step.numbers[0] = mean.draw(chain, random);
      step.numbers[1] = stddev.draw(chain, random);
      step.seeds[0] = random.below(TWO_TO_32);
      step.seeds[1] = random.below(TWO_TO_32);
    },
  };
}
