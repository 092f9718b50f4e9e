import { UsageError } from "../errors.ts";
import { checkColor, type Color } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Json,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import {
  checkInteger,
  checkLeftOut,
  checkNames,
  checkNumber,
  MOST_PIXELS,
  optionsOf,
  show,
} from "./parameters.ts";

/** Options of {@linkcode pad}: how much to add to each side, or the size to reach. */
export interface PadOptions {
  /** Columns to add on the left. */
  left?: number;
  /** Rows to add above. */
  top?: number;
  /** Columns to add on the right. */
  right?: number;
  /** Rows to add below. */
  bottom?: number;
  /** Least columns of the result, in pixels. */
  width?: number;
  /** Least rows of the result, in pixels. */
  height?: number;
  /** The result's columns and rows are a multiple of this, in pixels; 1 when left out. */
  align?: number;
  /** Where the image lies across in the result, from 0 (left) to 1 (right); 0 when left out. */
  x?: number;
  /** Where the image lies down in the result, from 0 (top) to 1 (bottom); 0 when left out. */
  y?: number;
  /** Colour of what is added, 0–255; 0 when left out; null repeats the outermost pixels. */
  fillValue?: Color | null;
}

const SIDES = ["left", "top", "right", "bottom"] as const;
const OPTIONS = [...SIDES, "width", "height", "align", "x", "y", "fillValue"];

/** What {@linkcode pad} makes, for the table of operators. */
export const padKind: OperatorKind = { name: "pad", stream: 9, bind };

/**
 * Puts pixels around the image.
 *
 * Either so many to each side, as torchvision's `Pad` does, or until a size is reached, as DALI's
 * `fn.pad` with `shape` and `align` does; that one adds at the right and below, unless x and y say
 * where the image lies: what is added before it is round(x · (result - image)), halves upwards.
 *
 * @param size Pixels to add to every side, or the options.
 * @param options The other options, where size is a number.
 * @returns The operator.
 * @throws {UsageError} If an option is wrong, or nothing says how much to add.
 * @example
 * ```ts
 * import { pad, resize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const letterbox = [
 *   resize({ width: 640, height: 640, mode: "notLarger" }),
 *   pad({ width: 640, height: 640, x: 0.5, y: 0.5, fillValue: 114 }),
 * ];
 * assertEquals(letterbox[1].parameters.fillValue, [114, 114, 114]);
 * ```
 */
export function pad(size: number | PadOptions, options: PadOptions = {}): Operator {
  if (typeof size !== "number") {
    return describe(padKind, { ...optionsOf("pad", options), ...optionsOf("pad", size) });
  }
  checkLeftOut("pad", options, SIDES);
  const sides = { left: size, top: size, right: size, bottom: size };
  return describe(padKind, { ...optionsOf("pad", options), ...sides });
}

function bind(given: Given): BoundOperator {
  checkNames("pad", given, OPTIONS);
  const fill = given.fillValue === null
    ? null
    : checkColor("pad", "fillValue", given.fillValue ?? 0);
  const bySides = SIDES.some((side) => given[side] !== undefined);
  const bySize = ["width", "height", "align"].some((name) => given[name] !== undefined);
  if (bySides === bySize || (bySides && (given.x ?? given.y) !== undefined)) {
    throw new UsageError(
      "Cannot make pad as it must have either left, top, right, bottom, or width, height, align, x, y: " +
        `received ${show(given)}`,
      { option: "size" },
    );
  }
  if (bySides) {
    const [left, top, right, bottom] = SIDES.map((side) =>
      checkInteger("pad", side, given[side] ?? 0, 0, MOST_PIXELS)
    );
    return {
      parameters: { left, top, right, bottom, fillValue: fill },
      title: "pad",
      apply(chain) {
        if (left + top + right + bottom === 0) return;
        chain.extend(left, top, chain.width + left + right, chain.height + top + bottom, fill);
      },
    };
  }
  const parameters: Record<string, Json> = { fillValue: fill };
  for (const name of ["width", "height"]) {
    if (given[name] !== undefined) {
      parameters[name] = checkInteger("pad", name, given[name], 1, MOST_PIXELS);
    }
  }
  const align = checkInteger("pad", "align", given.align ?? 1, 1, MOST_PIXELS);
  const x = checkNumber("pad", "x", given.x ?? 0, 0, 1);
  const y = checkNumber("pad", "y", given.y ?? 0, 0, 1);
  const { width = 1, height = 1 } = parameters as { width?: number; height?: number };
  const reach = (least: number, size: number): number =>
    Math.ceil(Math.max(least, size) / align) * align;
  return {
    parameters: { ...parameters, align, x, y },
    title: "pad",
    apply(chain) {
      const across = reach(width, chain.width), down = reach(height, chain.height);
      if (across === chain.width && down === chain.height) return;
      const left = Math.round(x * (across - chain.width));
      const top = Math.round(y * (down - chain.height));
      chain.extend(left, top, across, down, fill);
    },
  };
}
