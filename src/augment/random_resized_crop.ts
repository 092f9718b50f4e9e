import { checkResampling, RESAMPLE_OPTIONS, type ResampleOptions } from "./geometry.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
  type Size,
} from "./operator.ts";
import { checkInteger, checkNames, checkRange, checkSize, optionsOf } from "./parameters.ts";
import type { SampleRandom } from "./philox.ts";

/** Options of {@linkcode randomResizedCrop}. */
export interface RandomResizedCropOptions extends ResampleOptions {
  /** Least and largest share of the image's area; `[0.08, 1]` when left out. */
  randomArea?: readonly [number, number];
  /** Least and largest width / height of the window; `[3 / 4, 4 / 3]` when left out. */
  randomAspectRatio?: readonly [number, number];
  /** How often area and aspect ratio are drawn before the window is taken from the limits; 10 when left out. */
  numAttempts?: number;
}

const MAKER = "randomResizedCrop";
const OPTIONS = ["randomArea", "randomAspectRatio", "numAttempts", ...RESAMPLE_OPTIONS];
const MOST_ATTEMPTS = 1000;

/** What {@linkcode randomResizedCrop} makes, for the table of operators. */
export const randomResizedCropKind: OperatorKind = { name: MAKER, stream: 4, bind };

/**
 * Cuts a random window out and resizes it, by the rules of DALI's `fn.random_resized_crop`.
 *
 * The area is drawn uniformly, the aspect ratio uniformly by its logarithm; the window's sides are
 * √(area · ratio) and √(area / ratio), rounded. It is drawn again until it fits into the image and its
 * rounded ratio is within the limits. After `numAttempts` the window is the largest one that the
 * limits allow. Its place is uniform over all pixels where it fits.
 *
 * The filter reads beyond the window where there is more of the image, as in DALI; torchvision stops
 * at the window. Filters are as for {@linkcode resize}. With `fixed` the window is in the middle, has
 * the result's aspect ratio, and 7/8 of the largest such window's sides.
 *
 * @param size Width and height of the result in pixels; one number is both.
 * @param options Limits of the window, and the filters.
 * @returns The operator.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { randomResizedCrop } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const operator = randomResizedCrop(224, { randomArea: [0.35, 1] });
 * assertEquals(operator.parameters.numAttempts, 10);
 * ```
 */
export function randomResizedCrop(size: Size, options: RandomResizedCropOptions = {}): Operator {
  checkNames(MAKER, options, OPTIONS);
  return describe(randomResizedCropKind, {
    ...optionsOf("randomResizedCrop", options),
    ...checkSize(MAKER, size),
  });
}

function bind(given: Given): BoundOperator {
  checkNames(MAKER, given, ["width", "height", ...OPTIONS]);
  const { width, height } = checkSize(MAKER, { width: given.width, height: given.height });
  const randomArea = checkRange(MAKER, "randomArea", given.randomArea ?? [0.08, 1], 1);
  const randomAspectRatio = checkRange(
    MAKER,
    "randomAspectRatio",
    given.randomAspectRatio ?? [3 / 4, 4 / 3],
  );
  const numAttempts = checkInteger(MAKER, "numAttempts", given.numAttempts ?? 10, 1, MOST_ATTEMPTS);
  const { options, resampling } = checkResampling(MAKER, given);
  const limits = { area: randomArea, ratio: randomAspectRatio, attempts: numAttempts };
  const window = { x: 0, y: 0, width: 0, height: 0 };
  return {
    parameters: { width, height, randomArea, randomAspectRatio, numAttempts, ...options },
    filters: [resampling.min, resampling.mag],
    title: MAKER,
    apply(chain, random) {
      if (chain.fixed) centreWindow(width / height, chain.width, chain.height, window);
      else randomWindow(limits, chain.width, chain.height, random, window);
      chain.resample(
        window.x,
        window.y,
        window.width,
        window.height,
        width,
        height,
        resampling,
      );
    },
  };
}

/** A rectangle. */
export interface Window {
  /** First column. */
  x: number;
  /** First row. */
  y: number;
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
}

/** Share of either side that validation shows: 224 of 256 pixels, as is usual for ImageNet. */
const CENTRE_SHARE = 7 / 8;

/**
 * The window of validation: in the middle, of the result's aspect ratio, 7/8 of the largest one's
 * sides, like a resize to 256 and a centre crop of 224.
 *
 * @param ratio Width / height of the result.
 * @param width Columns of the image.
 * @param height Rows of the image.
 * @param window Set to the window, which may lie between pixels.
 */
function centreWindow(ratio: number, width: number, height: number, window: Window): void {
  window.width = CENTRE_SHARE * Math.min(width, height * ratio);
  window.height = CENTRE_SHARE * Math.min(height, width / ratio);
  window.x = (width - window.width) / 2;
  window.y = (height - window.height) / 2;
}

/** What limits a random window. */
export interface WindowLimits {
  /** Least and largest share of the image's area. */
  area: readonly [number, number];
  /** Least and largest width / height. */
  ratio: readonly [number, number];
  /** How often area and ratio are drawn. */
  attempts: number;
}

/**
 * Draws a window, as DALI's `RandomCropGenerator` does.
 *
 * @param limits Limits of area and aspect ratio.
 * @param width Columns of the image.
 * @param height Rows of the image.
 * @param random Where the random numbers come from.
 * @param window Set to the window.
 */
export function randomWindow(
  limits: WindowLimits,
  width: number,
  height: number,
  random: SampleRandom,
  window: Window,
): void {
  const [leastRatio, mostRatio] = limits.ratio;
  const image = width * height;
  const mostWidth = Math.min(width, Math.max(1, Math.floor(height * mostRatio)));
  const mostHeight = Math.min(height, Math.max(1, Math.floor(width / leastRatio)));
  const leastArea = image * limits.area[0];
  let found = false;
  if (height * mostWidth < leastArea) {
    window.width = mostWidth;
    window.height = height;
    found = true;
  } else if (width * mostHeight < leastArea) {
    window.width = width;
    window.height = mostHeight;
    found = true;
  }
  const low = Math.log(leastRatio), high = Math.log(mostRatio);
  for (let attempt = 0; attempt < limits.attempts && !found; attempt++) {
    const area = image * random.between(limits.area[0], limits.area[1]);
    const wanted = Math.exp(random.between(low, high));
    window.width = Math.max(1, Math.round(Math.sqrt(area * wanted)));
    window.height = Math.max(1, Math.round(Math.sqrt(area / wanted)));
    const ratio = window.width / window.height;
    found = window.width <= width && window.height <= height && ratio >= leastRatio &&
      ratio <= mostRatio;
  }
  if (!found) {
    const ratio = width / height;
    window.width = ratio > mostRatio ? mostWidth : width;
    window.height = ratio < leastRatio ? mostHeight : height;
    const share = Math.min(1, limits.area[1] * image / (window.width * window.height));
    window.width = Math.max(1, Math.floor(window.width * Math.sqrt(share)));
    window.height = Math.max(1, Math.floor(window.height * Math.sqrt(share)));
  }
  window.y = random.below(height - window.height + 1);
  window.x = random.below(width - window.width + 1);
}
