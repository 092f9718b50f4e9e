import { NARROW_SPACE } from "./auto_augment.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkInteger, checkNames, optionsOf } from "./parameters.ts";
import {
  checkPolicy,
  operate,
  POLICY_OPTIONS,
  type PolicyOperation,
  type PolicyOptions,
  type PolicySpace,
} from "./policy.ts";

/** Options of {@linkcode randAugment}. */
export interface RandAugmentOptions extends PolicyOptions {
  /** How many operations are done one after the other; 2 when left out. */
  numOps?: number;
  /** Magnitude of all of them, below `numMagnitudeBins`; 9 when left out. */
  magnitude?: number;
  /** How many magnitudes there are; 31 when left out. */
  numMagnitudeBins?: number;
}

/** Options of {@linkcode trivialAugmentWide}. */
export interface TrivialAugmentWideOptions extends PolicyOptions {
  /** How many magnitudes there are; 31 when left out. */
  numMagnitudeBins?: number;
}

const OPERATIONS: readonly PolicyOperation[] = [
  "identity",
  "shearX",
  "shearY",
  "translateX",
  "translateY",
  "rotate",
  "brightness",
  "color",
  "contrast",
  "sharpness",
  "posterize",
  "solarize",
  "autoContrast",
  "equalize",
];
const WIDE_SPACE: PolicySpace = {
  shear: 0.99,
  translate: { pixels: 32 },
  rotate: 135,
  enhance: 0.99,
  posterize: 6,
};
const DEFAULT_OPS = 2;
const DEFAULT_MAGNITUDE = 9;
const DEFAULT_BINS = 31;
const MOST_OPS = 16;
const MOST_BINS = 1000;
const WIDE = "trivialAugmentWide";

/** What {@linkcode randAugment} makes, for the table of operators. */
export const randAugmentKind: OperatorKind = { name: "randAugment", stream: 31, bind: bindRand };

/** What {@linkcode trivialAugmentWide} makes, for the table of operators. */
export const trivialAugmentWideKind: OperatorKind = { name: WIDE, stream: 32, bind: bindTrivial };

/**
 * Does some operations of one magnitude, drawn from fourteen, to each sample (Cubuk et al., "RandAugment:
 * Practical Automated Data Augmentation with a Reduced Search Space", 2020), with the operations and
 * defaults of torchvision's `RandAugment`. On bytes: colours are rounded and clamped after each.
 *
 * @param options How many, how strong, filter, and colour beyond the image.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { randAugment } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(randAugment({ numOps: 3 }).parameters.magnitude, 9);
 * ```
 */
export function randAugment(options: RandAugmentOptions = {}): Operator {
  return describe(randAugmentKind, { ...optionsOf("randAugment", options, "{ n: 2 }") });
}

/**
 * Does one operation of a random magnitude, drawn from fourteen, to each sample (Müller and Hutter,
 * "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation", ICCV 2021), with the operations
 * of torchvision's `TrivialAugmentWide`. On bytes: colours are rounded and clamped after it.
 *
 * @param options Filter, colour beyond the image, number of magnitudes.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { trivialAugmentWide } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trivialAugmentWide().parameters.numMagnitudeBins, 31);
 * ```
 */
export function trivialAugmentWide(options: TrivialAugmentWideOptions = {}): Operator {
  return describe(trivialAugmentWideKind, { ...optionsOf("trivialAugmentWide", options) });
}

function bindRand(given: Given): BoundOperator {
  const maker = "randAugment";
  checkNames(maker, given, ["numOps", "magnitude", "numMagnitudeBins", ...POLICY_OPTIONS]);
  const numOps = checkInteger(maker, "numOps", given.numOps ?? DEFAULT_OPS, 1, MOST_OPS);
  const bins = given.numMagnitudeBins ?? DEFAULT_BINS;
  const numMagnitudeBins = checkInteger(maker, "numMagnitudeBins", bins, 2, MOST_BINS);
  const wanted = given.magnitude ?? DEFAULT_MAGNITUDE;
  const magnitude = checkInteger(maker, "magnitude", wanted, 0, numMagnitudeBins - 1);
  const settings = checkPolicy(maker, given);
  return {
    parameters: { numOps, magnitude, numMagnitudeBins, ...settings.parameters },
    title: maker,
    apply(chain, random) {
      if (chain.fixed) return;
      const level = magnitude / (numMagnitudeBins - 1);
      for (let i = 0; i < numOps; i++) {
        const operation = OPERATIONS[random.below(OPERATIONS.length)];
        operate(chain, random, operation, NARROW_SPACE, level, settings);
      }
    },
  };
}

function bindTrivial(given: Given): BoundOperator {
  checkNames(WIDE, given, ["numMagnitudeBins", ...POLICY_OPTIONS]);
  const bins = given.numMagnitudeBins ?? DEFAULT_BINS;
  const numMagnitudeBins = checkInteger(WIDE, "numMagnitudeBins", bins, 2, MOST_BINS);
  const settings = checkPolicy(WIDE, given);
  return {
    parameters: { numMagnitudeBins, ...settings.parameters },
    title: WIDE,
    apply(chain, random) {
      if (chain.fixed) return;
      const operation = OPERATIONS[random.below(OPERATIONS.length)];
      const level = random.below(numMagnitudeBins) / (numMagnitudeBins - 1);
      operate(chain, random, operation, WIDE_SPACE, level, settings);
    },
  };
}
