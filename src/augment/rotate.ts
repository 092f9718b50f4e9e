import { checkColor, checkDrawn, type Color, type Drawn } from "./drawn.ts";
import { checkResampling, RESAMPLE_OPTIONS, type ResampleOptions } from "./geometry.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Json,
  type Operator,
  type OperatorKind,
  type Size,
} from "./operator.ts";
import { checkBoolean, checkNames, checkSize, optionsOf } from "./parameters.ts";
import { compose, rotation, translation } from "./transform.ts";

/** Options of {@linkcode rotate}. */
export interface RotateOptions extends Omit<ResampleOptions, "antialias"> {
  /** Whether the result is as large as the image; false when left out: all of the image is shown. */
  keepSize?: boolean;
  /** Width and height of the result in pixels, in place of both. */
  size?: Size;
  /** Colour beyond the image, 0–255; the outermost pixels go on when left out. */
  fillValue?: Color | null;
}

const FILTER_OPTIONS = RESAMPLE_OPTIONS.filter((name) => name !== "antialias");
const OPTIONS = ["angle", "keepSize", "size", "fillValue", ...FILTER_OPTIONS];

/** What {@linkcode rotate} makes, for the table of operators. */
export const rotateKind: OperatorKind = { name: "rotate", stream: 10, bind };

/**
 * Rotates the image about its centre, by the rules of DALI's `fn.rotate`.
 *
 * Without `keepSize` the result holds the whole image: ⌈|cos| · width + |sin| · height - 0.01⌉
 * columns, likewise rows, one more where that makes both even or both odd with the image's (with its
 * other side, beyond 45°). A multiple of 90° moves whole pixels.
 *
 * @param angle Degrees, counter-clockwise; `[low, high]` is drawn for each sample.
 * @param options Size, colour beyond the image, filter.
 * @returns The operator. With `fixed` a drawn angle is 0.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { rotate } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const operator = rotate([-15, 15], { keepSize: true, fillValue: 128 });
 * assertEquals(operator.parameters.angle, [-15, 15]);
 * ```
 */
export function rotate(angle: Drawn, options: RotateOptions = {}): Operator {
  return describe(rotateKind, { angle, ...optionsOf("rotate", options) });
}

function bind(given: Given): BoundOperator {
  checkNames("rotate", given, OPTIONS);
  const angle = checkDrawn("rotate", "angle", given.angle, 0);
  const keepSize = checkBoolean("rotate", "keepSize", given.keepSize ?? false);
  const size = given.size === undefined ? undefined : checkSize("rotate", given.size);
  const fill = given.fillValue === undefined || given.fillValue === null
    ? null
    : checkColor("rotate", "fillValue", given.fillValue);
  const { options, resampling } = checkResampling("rotate", { ...given, antialias: true });
  const { minFilter, magFilter } = options;
  const parameters: Record<string, Json> = {
    angle: angle.value,
    keepSize,
    fillValue: fill,
    minFilter,
    magFilter,
  };
  if (size) parameters.size = size;
  return {
    parameters,
    title: "rotate",
    filters: [resampling.min, resampling.mag],
    apply(chain, random) {
      const degrees = angle.draw(chain, random);
      const canvas = size ?? (keepSize ? chain : canvasSize(degrees, chain.width, chain.height));
      const { width, height } = canvas;
      if (degrees % 360 === 0 && width === chain.width && height === chain.height) return;
      const map = compose(
        translation(chain.width / 2, chain.height / 2),
        rotation(-degrees),
        translation(-width / 2, -height / 2),
      );
      chain.warp(map, width, height, resampling, fill);
    },
  };
}

/** Tolerance of the canvas, in pixels. */
const EPSILON = 0.01;

/** The size that holds a rotated image, as DALI's `RotatedCanvasSize` has it. */
function canvasSize(
  degrees: number,
  width: number,
  height: number,
): { width: number; height: number } {
  const [c, s] = rotation(degrees).map(Math.abs);
  const across = Math.ceil(c * width + s * height - EPSILON);
  const down = Math.ceil(c * height + s * width - EPSILON);
  // An even size about an even centre keeps the pixels of small angles where they are.
  const upright = s <= c;
  return {
    width: across + Math.abs(across - (upright ? width : height)) % 2,
    height: down + Math.abs(down - (upright ? height : width)) % 2,
  };
}
