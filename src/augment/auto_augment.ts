import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, optionsOf } from "./parameters.ts";
import {
  checkPolicy,
  operate,
  POLICY_OPTIONS,
  type PolicyOperation,
  type PolicyOptions,
  type PolicySpace,
} from "./policy.ts";

/** Operation, probability, magnitude from 0 to 9. */
type Entry = readonly [PolicyOperation, number, number?];

/** The sub-policies that were found for ImageNet: Cubuk et al. 2019, appendix. */
const IMAGENET_POLICY: readonly (readonly [Entry, Entry])[] = [
  [["posterize", 0.4, 8], ["rotate", 0.6, 9]],
  [["solarize", 0.6, 5], ["autoContrast", 0.6]],
  [["equalize", 0.8], ["equalize", 0.6]],
  [["posterize", 0.6, 7], ["posterize", 0.6, 6]],
  [["equalize", 0.4], ["solarize", 0.2, 4]],
  [["equalize", 0.4], ["rotate", 0.8, 8]],
  [["solarize", 0.6, 3], ["equalize", 0.6]],
  [["posterize", 0.8, 5], ["equalize", 1]],
  [["rotate", 0.2, 3], ["solarize", 0.6, 8]],
  [["equalize", 0.6], ["posterize", 0.4, 6]],
  [["rotate", 0.8, 8], ["color", 0.4, 0]],
  [["rotate", 0.4, 9], ["equalize", 0.6]],
  [["equalize", 0], ["equalize", 0.8]],
  [["invert", 0.6], ["equalize", 1]],
  [["color", 0.6, 4], ["contrast", 1, 8]],
  [["rotate", 0.8, 8], ["color", 1, 2]],
  [["color", 0.8, 8], ["solarize", 0.8, 7]],
  [["sharpness", 0.4, 7], ["invert", 0.6]],
  [["shearX", 0.6, 5], ["equalize", 1]],
  [["color", 0.4, 0], ["equalize", 0.6]],
  [["equalize", 0.4], ["solarize", 0.2, 4]],
  [["solarize", 0.6, 5], ["autoContrast", 0.6]],
  [["invert", 0.6], ["equalize", 1]],
  [["color", 0.6, 4], ["contrast", 1, 8]],
  [["equalize", 0.8], ["equalize", 0.6]],
];
const MOST_LEVEL = 9;

/** Magnitudes of AutoAugment and RandAugment. */
export const NARROW_SPACE: PolicySpace = {
  shear: 0.3,
  translate: { share: 150 / 331 },
  rotate: 30,
  enhance: 0.9,
  posterize: 4,
};

/** What {@linkcode autoAugment} makes, for the table of operators. */
export const autoAugmentKind: OperatorKind = { name: "autoAugment", stream: 30, bind };

/**
 * Does one of the 25 pairs of operations that were found for ImageNet to each sample (Cubuk et al.,
 * "AutoAugment: Learning Augmentation Strategies from Data", CVPR 2019), with the operations of
 * torchvision's `AutoAugment`. Each operation of a pair has a probability and a magnitude; those with a
 * direction take either one. On bytes: colours are rounded and clamped after each operation.
 *
 * @param options Filter, and colour beyond the image.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { autoAugment, IMAGENET, normalize, randomResizedCrop } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const augment = [randomResizedCrop(224), autoAugment(), normalize(IMAGENET)];
 * assertEquals(augment[1].parameters.interpolation, "nearest");
 * ```
 */
export function autoAugment(options: PolicyOptions = {}): Operator {
  return describe(autoAugmentKind, { ...optionsOf("autoAugment", options) });
}

function bind(given: Given): BoundOperator {
  checkNames("autoAugment", given, POLICY_OPTIONS);
  const settings = checkPolicy("autoAugment", given);
  return {
    parameters: settings.parameters,
    title: "autoAugment",
    apply(chain, random) {
      if (chain.fixed) return;
      const pair = IMAGENET_POLICY[random.below(IMAGENET_POLICY.length)];
      for (const [operation, probability, level = 0] of pair) {
        if (random.uniform() >= probability) continue;
        operate(chain, random, operation, NARROW_SPACE, level / MOST_LEVEL, settings);
      }
    },
  };
}
