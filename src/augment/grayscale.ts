import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames } from "./parameters.ts";

/** ITU-R BT.601. */
const LUMA = [0.299, 0.587, 0.114];
const MOST = 255;

/** What {@linkcode grayscale} makes, for the table of operators. */
export const grayscaleKind: OperatorKind = { name: "grayscale", stream: 17, bind: bindGrayscale };

/** What {@linkcode invert} makes, for the table of operators. */
export const invertKind: OperatorKind = { name: "invert", stream: 18, bind: bindInvert };

/**
 * Makes all channels the luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), as DALI's
 * `fn.color_space_conversion` to grey does; the image keeps three channels. torchvision's
 * `RandomGrayscale(p)` is `sometimes(p, grayscale())`.
 *
 * @returns The operator.
 * @example
 * ```ts
 * import { grayscale, sometimes } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sometimes(0.1, grayscale()).parameters.probability, 0.1);
 * ```
 */
export function grayscale(): Operator {
  return describe(grayscaleKind, {});
}

/**
 * Makes the negative: 255 - value, as Pillow's `ImageOps.invert` and torchvision's `RandomInvert` do.
 *
 * @returns The operator.
 * @example
 * ```ts
 * import { invert } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(invert().name, "invert");
 * ```
 */
export function invert(): Operator {
  return describe(invertKind, {});
}

function bindGrayscale(given: Given): BoundOperator {
  checkNames("grayscale", given, []);
  return {
    parameters: {},
    title: "grayscale",
    apply: (chain) => chain.linear().multiply([...LUMA, ...LUMA, ...LUMA], 0),
  };
}

function bindInvert(given: Given): BoundOperator {
  checkNames("invert", given, []);
  return {
    parameters: {},
    title: "invert",
    apply: (chain) => chain.linear().scale([-1, -1, -1], [MOST, MOST, MOST]),
  };
}
