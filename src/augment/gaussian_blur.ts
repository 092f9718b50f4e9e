import { UsageError } from "../errors.ts";
import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkInteger, checkNames, optionsOf } from "./parameters.ts";

/** Options of {@linkcode gaussianBlur}; one of them must be given. */
export interface GaussianBlurOptions {
  /** Standard deviation in pixels, up to 100; `[low, high]` is drawn for each sample. */
  sigma?: Drawn;
  /** Pixels of the window across and down, odd. */
  windowSize?: number;
}

const MOST_SIGMA = 100;
const MOST_WINDOW = 601;
const SIGMAS_TO_A_SIDE = 3;
/** Of the weights' exponent: all pixels but the one in the middle have none left. */
const MOST_SHARPNESS = 1e6;

/** What {@linkcode gaussianBlur} makes, for the table of operators. */
export const gaussianBlurKind: OperatorKind = { name: "gaussianBlur", stream: 24, bind };

/**
 * Blurs with a Gaussian, by the rules of DALI's `fn.gaussian_blur`.
 *
 * Weights exp(-x² / (2 · sigma²)) over the window, divided by their sum, along rows and then along
 * columns. Where only sigma is given the window is 2 · ⌈3 · sigma⌉ + 1; where only the window is given,
 * sigma is 0.3 · ((windowSize - 1) / 2 - 1) + 0.8. Beyond the border the image is mirrored without its
 * outermost pixel.
 *
 * @param options Sigma, window, or both.
 * @returns The operator. With `fixed` a drawn sigma does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { gaussianBlur } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gaussianBlur({ sigma: [0.1, 2] }).parameters.sigma, [0.1, 2]);
 * ```
 */
export function gaussianBlur(options: GaussianBlurOptions): Operator {
  return describe(gaussianBlurKind, { ...optionsOf("gaussianBlur", options, "{ sigma: 1 }") });
}

function bind(given: Given): BoundOperator {
  checkNames("gaussianBlur", given, ["sigma", "windowSize"]);
  const sigma = checkDrawn("gaussianBlur", "sigma", given.sigma, 0, 0, MOST_SIGMA);
  const window = checkInteger("gaussianBlur", "windowSize", given.windowSize ?? 0, 0, MOST_WINDOW);
  if (window % 2 === 0 && window > 0 || (window === 0 && sigma.value === 0)) {
    throw new UsageError(
      "Cannot make gaussianBlur as sigma must be above 0 or windowSize be odd: " +
        `received sigma ${sigma.value}, windowSize ${window}`,
      { option: window === 0 ? "sigma" : "windowSize" },
    );
  }
  return {
    parameters: { sigma: sigma.value, windowSize: window },
    title: "gaussianBlur",
    apply(chain, random) {
      const drawn = sigma.draw(chain, random);
      if (drawn === 0 && (window === 0 || Array.isArray(sigma.value))) return;
      const radius = window > 0 ? (window - 1) / 2 : Math.ceil(SIGMAS_TO_A_SIDE * drawn);
      const deviation = drawn > 0 ? drawn : 0.3 * (radius - 1) + 0.8;
      for (const kind of ["blurAcross", "blurDown"] as const) {
        const { numbers } = chain.pass(kind);
        numbers[0] = radius;
        // Bounded, as zero times infinity is no weight for the pixel in the middle.
        numbers[1] = Math.min(1 / (2 * deviation * deviation), MOST_SHARPNESS);
      }
    },
  };
}
