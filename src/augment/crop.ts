import { ShapeError } from "../errors.ts";
import type { Chain } from "./chain.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
  type Size,
} from "./operator.ts";
import { checkNames, checkNumber, checkSize, optionsOf } from "./parameters.ts";

/** Options of {@linkcode crop}. */
export interface CropOptions {
  /** Where the window lies across, from 0 (left) to 1 (right); 0.5 when left out. */
  x?: number;
  /** Where the window lies down, from 0 (top) to 1 (bottom); 0.5 when left out. */
  y?: number;
}

/** What {@linkcode crop} makes, for the table of operators. */
export const cropKind: OperatorKind = { name: "crop", stream: 2, bind: bindCrop };

/** What {@linkcode centerCrop} makes, for the table of operators. */
export const centerCropKind: OperatorKind = { name: "centerCrop", stream: 3, bind: bindCenter };

/**
 * Cuts a window out of the image, as DALI's `fn.crop` does.
 *
 * The window begins at round(x · (width - window width)), halves rounded up, and likewise down.
 *
 * @param size Width and height of the window in pixels; one number is both.
 * @param options Where the window lies; in the middle when left out.
 * @returns The operator. An image that is smaller than the window is a `ShapeError`.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { crop } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(crop({ width: 64, height: 32 }, { x: 0, y: 1 }).parameters.height, 32);
 * ```
 */
export function crop(size: Size, options: CropOptions = {}): Operator {
  checkNames("crop", options, ["x", "y"]);
  return describe(cropKind, {
    ...checkSize("crop", size),
    ...optionsOf("crop", options, "{ width: 224, height: 224 }"),
  });
}

/**
 * Cuts the middle out of the image: {@linkcode crop} with its default place.
 *
 * @param size Width and height of the window in pixels; one number is both.
 * @returns The operator. An image that is smaller than the window is a `ShapeError`.
 * @throws {UsageError} If the size is wrong.
 * @example
 * ```ts
 * import { centerCrop, resize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const validation = [resize({ shorter: 256 }), centerCrop(224)];
 * assertEquals(validation[1].parameters.width, 224);
 * ```
 */
export function centerCrop(size: Size): Operator {
  return describe(centerCropKind, checkSize("centerCrop", size));
}

function bindCrop(given: Given): BoundOperator {
  const { x: givenX = 0.5, y: givenY = 0.5, ...size } = given;
  const { width, height } = checkSize("crop", size);
  const x = checkNumber("crop", "x", givenX, 0, 1);
  const y = checkNumber("crop", "y", givenY, 0, 1);
  return {
    parameters: { width, height, x, y },
    title: "crop",
    apply: (chain) => cut("crop", chain, width, height, x, y),
  };
}

function bindCenter(given: Given): BoundOperator {
  const { width, height } = checkSize("centerCrop", given);
  return {
    parameters: { width, height },
    title: "centerCrop",
    apply: (chain) => cut("centerCrop", chain, width, height, 0.5, 0.5),
  };
}

/**
 * Cuts a window out at a relative place.
 *
 * @param maker Operator that does so, for the message.
 * @param chain What was done so far.
 * @param width Columns of the window.
 * @param height Rows of the window.
 * @param x Where it lies across, from 0 (left) to 1 (right).
 * @param y Where it lies down, from 0 (top) to 1 (bottom).
 * @throws {ShapeError} If the image is smaller than the window.
 */
export function cut(
  maker: string,
  chain: Chain,
  width: number,
  height: number,
  x: number,
  y: number,
): void {
  if (width > chain.width || height > chain.height) {
    throw new ShapeError(
      `Cannot ${maker} ${width} × ${height} pixels as the image must be at least that large: ` +
        `received ${chain.width} × ${chain.height}`,
    );
  }
  chain.crop(
    Math.round(x * (chain.width - width)),
    Math.round(y * (chain.height - height)),
    width,
    height,
  );
}
