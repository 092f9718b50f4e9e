import { checkColor, type Color } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import {
  checkBoolean,
  checkInteger,
  checkNames,
  checkNumber,
  checkRange,
  optionsOf,
} from "./parameters.ts";

/** Options of {@linkcode erase}. */
export interface EraseOptions {
  /** First column of the rectangle, in pixels or as a share of the width. */
  x: number;
  /** First row, in pixels or as a share of the height. */
  y: number;
  /** Columns, in pixels or as a share of the width. */
  width: number;
  /** Rows, in pixels or as a share of the height. */
  height: number;
  /** Whether the four are shares of the image's sides; false when left out. */
  normalized?: boolean;
  /** What the rectangle is filled with, in the units that the image has by then; 0 when left out. */
  fillValue?: Color;
}

/** Options of {@linkcode randomErasing}. */
export interface RandomErasingOptions {
  /** How likely it is; 0.5 when left out. */
  probability?: number;
  /** Least and largest share of the image's area; `[0.02, 0.33]` when left out. */
  area?: readonly [number, number];
  /** Least and largest height / width of the rectangle; `[0.3, 3.3]` when left out. */
  aspectRatio?: readonly [number, number];
  /** How often a rectangle is drawn until it fits; 10 when left out. */
  numAttempts?: number;
  /** What the rectangle is filled with, in the units that the image has by then; 0 when left out. */
  fillValue?: Color;
}

const MOST_ATTEMPTS = 1000;
const RANDOM = "randomErasing";

/** What {@linkcode erase} makes, for the table of operators. */
export const eraseKind: OperatorKind = { name: "erase", stream: 26, bind: bindErase };

/** What {@linkcode randomErasing} makes, for the table of operators. */
export const randomErasingKind: OperatorKind = { name: RANDOM, stream: 27, bind: bindRandom };

/**
 * Fills a rectangle, as DALI's `fn.erase` with one region does. A pixel is in it where its column c has
 * x ≤ c < x + width, and likewise its row. Masks stay as they are.
 *
 * @param options The rectangle, and what it is filled with.
 * @returns The operator.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { erase } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const centre = erase({ x: 0.25, y: 0.25, width: 0.5, height: 0.5, normalized: true });
 * assertEquals(centre.parameters.fillValue, [0, 0, 0]);
 * ```
 */
export function erase(options: EraseOptions): Operator {
  return describe(eraseKind, { ...optionsOf("erase", options) });
}

/**
 * Fills a random rectangle in some images, as torchvision's `RandomErasing` does (Zhong et al., "Random
 * Erasing Data Augmentation", AAAI 2020). Masks stay as they are.
 *
 * The area is uniform, height / width uniform by its logarithm, the sides √(area · ratio) and √(area /
 * ratio) rounded; drawn again until it is smaller than the image, and not done if that never happens.
 * Its place is uniform.
 *
 * @param options How likely and how large.
 * @returns The operator. With `fixed` it does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { randomErasing } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(randomErasing().parameters.probability, 0.5);
 * ```
 */
export function randomErasing(options: RandomErasingOptions = {}): Operator {
  return describe(randomErasingKind, {
    ...optionsOf("randomErasing", options, "{ probability: 0.25 }"),
  });
}

function bindErase(given: Given): BoundOperator {
  checkNames("erase", given, ["x", "y", "width", "height", "normalized", "fillValue"]);
  const number = (name: string, least?: number) => checkNumber("erase", name, given[name], least);
  const x = number("x"), y = number("y");
  const width = number("width", 0), height = number("height", 0);
  const normalized = checkBoolean("erase", "normalized", given.normalized ?? false);
  const fillValue = checkColor("erase", "fillValue", given.fillValue ?? 0);
  return {
    parameters: { x, y, width, height, normalized, fillValue },
    title: "erase",
    apply(chain) {
      const across = normalized ? chain.width : 1, down = normalized ? chain.height : 1;
      const { numbers } = chain.step("erase");
      numbers[0] = x * across;
      numbers[1] = y * down;
      numbers[2] = (x + width) * across;
      numbers[3] = (y + height) * down;
      // The first pixel of a rectangle that begins within one is the next.
      for (let i = 0; i < 4; i++) numbers[i] = Math.ceil(numbers[i] - 1e-9);
      numbers.set(fillValue, 4);
    },
  };
}

function bindRandom(given: Given): BoundOperator {
  checkNames(RANDOM, given, [
    "probability",
    "area",
    "aspectRatio",
    "numAttempts",
    "fillValue",
  ]);
  const probability = checkNumber(RANDOM, "probability", given.probability ?? 0.5, 0, 1);
  const area = checkRange(RANDOM, "area", given.area ?? [0.02, 0.33], 1);
  const aspectRatio = checkRange(RANDOM, "aspectRatio", given.aspectRatio ?? [0.3, 3.3]);
  const attempts = checkInteger(RANDOM, "numAttempts", given.numAttempts ?? 10, 1, MOST_ATTEMPTS);
  const fillValue = checkColor(RANDOM, "fillValue", given.fillValue ?? 0);
  const low = Math.log(aspectRatio[0]), high = Math.log(aspectRatio[1]);
  return {
    parameters: { probability, area, aspectRatio, numAttempts: attempts, fillValue },
    title: RANDOM,
    apply(chain, random) {
      if (chain.fixed || random.uniform() >= probability) return;
      const { width, height } = chain;
      for (let attempt = 0; attempt < attempts; attempt++) {
        const pixels = width * height * random.between(area[0], area[1]);
        const ratio = Math.exp(random.between(low, high));
        const down = Math.round(Math.sqrt(pixels * ratio));
        const across = Math.round(Math.sqrt(pixels / ratio));
        if (down >= height || across >= width) continue;
        const y = random.below(height - down + 1), x = random.below(width - across + 1);
        chain.step("erase").numbers.set([x, y, x + across, y + down, ...fillValue]);
        return;
      }
    },
  };
}
