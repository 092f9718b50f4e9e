import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames } from "./parameters.ts";

/** What {@linkcode sharpness} makes, for the table of operators. */
export const sharpnessKind: OperatorKind = { name: "sharpness", stream: 23, bind };

/**
 * Blends the image with a smoothed one: sharpness · value + (1 - sharpness) · smoothed, as Pillow's
 * `ImageEnhance.Sharpness` and torchvision's `adjust_sharpness` do. 0 is smooth, 1 the image, 2 sharp.
 *
 * The smoothed one is the mean of 3 × 3 pixels with weights (1 1 1; 1 5 1; 1 1 1) / 13, not rounded
 * (Pillow and torchvision round it to bytes); the outermost pixels stay.
 *
 * @param sharpness Weight of the image, at least 0; `[low, high]` is drawn for each sample.
 * @returns The operator. With `fixed` a drawn one does nothing.
 * @throws {UsageError} If the number is wrong.
 * @example
 * ```ts
 * import { sharpness } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sharpness(2).parameters.sharpness, 2);
 * ```
 */
export function sharpness(sharpness: Drawn): Operator {
  return describe(sharpnessKind, { sharpness });
}

function bind(given: Given): BoundOperator {
  checkNames("sharpness", given, ["sharpness"]);
  const factor = checkDrawn("sharpness", "sharpness", given.sharpness, 1, 0);
  return {
    parameters: { sharpness: factor.value },
    title: "sharpness",
    apply(chain, random) {
      const weight = factor.draw(chain, random);
      if (weight !== 1) chain.pass("sharpen").numbers[0] = weight;
    },
  };
}
