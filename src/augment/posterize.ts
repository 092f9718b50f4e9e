import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkInteger, checkNames } from "./parameters.ts";

const BYTE_BITS = 8;
const MOST = 255;
const HALF_RANGE = 128;

/** What {@linkcode posterize} makes, for the table of operators. */
export const posterizeKind: OperatorKind = { name: "posterize", stream: 19, bind: bindPosterize };

/** What {@linkcode solarize} makes, for the table of operators. */
export const solarizeKind: OperatorKind = { name: "solarize", stream: 20, bind: bindSolarize };

/**
 * Keeps the upper bits of each channel and clears the others, as Pillow's `ImageOps.posterize` and
 * torchvision's `RandomPosterize` do. Defined on bytes: values are rounded and clamped first.
 *
 * @param bits How many bits stay, from 0 to 8.
 * @returns The operator.
 * @throws {UsageError} If the number is wrong.
 * @example
 * ```ts
 * import { posterize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(posterize(4).parameters.bits, 4);
 * ```
 */
export function posterize(bits: number): Operator {
  return describe(posterizeKind, { bits });
}

/**
 * Makes the negative of what is at or above a threshold, as Pillow's `ImageOps.solarize` and
 * torchvision's `RandomSolarize` do. Defined on bytes: values are rounded and clamped first.
 *
 * @param threshold Least value that is inverted; 128 when left out; `[low, high]` is drawn for each
 * sample.
 * @returns The operator. With `fixed` a drawn threshold is 256, which inverts nothing.
 * @throws {UsageError} If the number is wrong.
 * @example
 * ```ts
 * import { solarize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(solarize().parameters.threshold, 128);
 * ```
 */
export function solarize(threshold: Drawn = HALF_RANGE): Operator {
  return describe(solarizeKind, { threshold });
}

function bindPosterize(given: Given): BoundOperator {
  checkNames("posterize", given, ["bits"]);
  const bits = checkInteger("posterize", "bits", given.bits, 0, BYTE_BITS);
  return {
    parameters: { bits },
    title: "posterize",
    apply(chain) {
      chain.step("posterize").numbers[0] = 2 ** (BYTE_BITS - bits);
    },
  };
}

function bindSolarize(given: Given): BoundOperator {
  checkNames("solarize", given, ["threshold"]);
  const threshold = checkDrawn("solarize", "threshold", given.threshold, MOST + 1, 0, MOST + 1);
  return {
    parameters: { threshold: threshold.value },
    title: "solarize",
    apply(chain, random) {
      chain.step("solarize").numbers[0] = threshold.draw(chain, random);
    },
  };
}
