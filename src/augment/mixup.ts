import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, checkNumber, optionsOf } from "./parameters.ts";
import type { SampleRandom } from "./philox.ts";

/** Options of {@linkcode mixup} and {@linkcode cutmix}. */
export interface MixOptions {
  /** Both parameters of the Beta distribution of the weights, above 0; 1 (uniform) when left out. */
  alpha?: number;
}

const LEAST_ALPHA = 1e-3;
const MOST_ALPHA = 1e3;

/** What {@linkcode mixup} makes, for the table of operators. */
export const mixupKind: OperatorKind = {
  name: "mixup",
  stream: 28,
  bind: (given) => bind("mixup", given),
};

/** What {@linkcode cutmix} makes, for the table of operators. */
export const cutmixKind: OperatorKind = {
  name: "cutmix",
  stream: 29,
  bind: (given) => bind("cutmix", given),
};

/**
 * Blends each sample with another one of its batch: w · own + (1 - w) · partner, with w from Beta(alpha,
 * alpha), drawn for each sample (Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018).
 *
 * It comes after all operators that do not mix. What was done is in what `Augmenter.apply` returns, and
 * in `batch.mix`. The partner is drawn among the others that are there, so unlike all else it depends on
 * which samples are in the batch. Masks stay as they are.
 *
 * @param options The distribution of the weights.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { IMAGENET, mixup, normalize, randomResizedCrop } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const augment = [randomResizedCrop(224), normalize(IMAGENET), mixup({ alpha: 0.2 })];
 * assertEquals(augment[2].parameters.alpha, 0.2);
 * ```
 */
export function mixup(options: MixOptions = {}): Operator {
  return describe(mixupKind, { ...optionsOf("mixup", options, "{ alpha: 0.2 }") });
}

/**
 * Pastes a rectangle of another sample of the batch into each (Yun et al., "CutMix: Regularization
 * Strategy to Train Strong Classifiers with Localizable Features", ICCV 2019).
 *
 * With w from Beta(alpha, alpha) the rectangle has sides √(1 - w) of the image's, about a centre that is
 * uniform over all pixels, cut off at the border, as torchvision's `CutMix` has it. The weight that is
 * reported is the share of the image that remains. Masks have the partner's mask in the rectangle.
 * Otherwise it is as {@linkcode mixup}.
 *
 * @param options The distribution of the weights.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { cutmix, mixup, oneOf } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(oneOf([mixup({ alpha: 0.2 }), cutmix()]).name, "oneOf");
 * ```
 */
export function cutmix(options: MixOptions = {}): Operator {
  return describe(cutmixKind, { ...optionsOf("cutmix", options, "{ alpha: 1 }") });
}

function bind(maker: "mixup" | "cutmix", given: Given): BoundOperator {
  checkNames(maker, given, ["alpha"]);
  const alpha = checkNumber(maker, "alpha", given.alpha ?? 1, LEAST_ALPHA, MOST_ALPHA);
  return {
    parameters: { alpha },
    title: maker,
    mixes: true,
    apply(chain, random) {
      if (chain.fixed) return;
      const mixing = chain.mix();
      mixing.kind = maker;
      mixing.choice = random.uniform();
      const weight = beta(alpha, random);
      if (maker === "mixup") {
        mixing.weight = weight;
        return;
      }
      const { width, height } = chain;
      const x = random.below(width), y = random.below(height);
      const half = 0.5 * Math.sqrt(1 - weight);
      const across = Math.floor(half * width), down = Math.floor(half * height);
      mixing.box[0] = Math.max(0, x - across);
      mixing.box[1] = Math.max(0, y - down);
      mixing.box[2] = Math.min(width, x + across);
      mixing.box[3] = Math.min(height, y + down);
    },
  };
}

/** Beta(alpha, alpha), as the ratio of two Gamma variates. */
function beta(alpha: number, random: SampleRandom): number {
  if (alpha === 1) return random.uniform();
  const a = logGamma(alpha, random), b = logGamma(alpha, random);
  return 1 / (1 + Math.exp(b - a));
}

/**
 * The logarithm of a Gamma(alpha) variate: Marsaglia and Tsang, "A Simple Method for Generating Gamma
 * Variables", ACM TOMS 26(3), 2000. Below 1 a Gamma(alpha + 1) is multiplied by U^(1 / alpha), which as
 * a logarithm does not vanish.
 */
function logGamma(alpha: number, random: SampleRandom): number {
  const boost = alpha < 1 ? Math.log(1 - random.uniform()) / alpha : 0;
  const d = (alpha < 1 ? alpha + 1 : alpha) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v) + boost;
  }
}

function normal(random: SampleRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}
