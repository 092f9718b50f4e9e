import type { Statistic } from "./placement.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames } from "./parameters.ts";

/** What {@linkcode equalize} makes, for the table of operators. */
export const equalizeKind: OperatorKind = {
  name: "equalize",
  stream: 21,
  bind: (given) => bind("equalize", given),
};

/** What {@linkcode autoContrast} makes, for the table of operators. */
export const autoContrastKind: OperatorKind = {
  name: "autoContrast",
  stream: 22,
  bind: (given) => bind("autoContrast", given),
};

/**
 * Spreads each channel so that all levels are about as frequent, as Pillow's `ImageOps.equalize` and
 * torchvision's `RandomEqualize` do. Defined on bytes: values are rounded and clamped first.
 *
 * With h the histogram of a channel, step = (pixels - h[last level that occurs]) div 255, and the new
 * level of i is (step div 2 + Σ h[k < i]) div step; a channel with step 0 stays. The histogram is that
 * of the image as it is by then, which takes a pass over it first.
 *
 * @returns The operator.
 * @example
 * ```ts
 * import { equalize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(equalize().name, "equalize");
 * ```
 */
export function equalize(): Operator {
  return describe(equalizeKind, {});
}

/**
 * Stretches each channel so that its least value becomes 0 and its largest 255: (value - least) · 255 /
 * (largest - least), as torchvision's `RandomAutocontrast` and Pillow's `ImageOps.autocontrast` do; a
 * channel of one value stays. Defined on bytes: values are rounded and clamped first; the result is
 * not rounded (Pillow's is, downwards).
 *
 * @returns The operator.
 * @example
 * ```ts
 * import { autoContrast } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(autoContrast().name, "autoContrast");
 * ```
 */
export function autoContrast(): Operator {
  return describe(autoContrastKind, {});
}

function bind(maker: Statistic & ("equalize" | "autoContrast"), given: Given): BoundOperator {
  checkNames(maker, given, []);
  return {
    parameters: {},
    title: maker,
    apply(chain) {
      chain.measured(maker, "table");
    },
  };
}
