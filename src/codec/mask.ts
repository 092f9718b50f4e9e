import { OptionCheck } from "../check.ts";
import type { MaskLabelOptions } from "./mask_classes.ts";

export type { MaskLabelOptions } from "./mask_classes.ts";

const check = new OptionCheck("read masks");

/** A mask on the CPU: the number of a class for each pixel. */
export interface MaskPixels {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** Class of each pixel, row by row. */
  classes: Uint32Array<ArrayBuffer>;
}

/** The numbers of masks, beside those of their classes. */
export interface MaskNumbers {
  /** What lies beyond an image. */
  beyond: number;
  /** A sample that failed or only fills the batch; no class. */
  none: number;
  /** One that takes as many bits as any of them, the classes among them. */
  largest: number;
}

const LARGEST_BYTE = 255;

/**
 * Chooses the numbers of masks.
 *
 * @param options How the pixels of masks are meant.
 * @returns Those that are no classes.
 */
export function maskNumbers({ classes, ignore }: MaskLabelOptions): MaskNumbers {
  if (ignore !== undefined) {
    return { beyond: ignore, none: ignore, largest: Math.max(classes - 1, ignore) };
  }
  const isByte = classes <= LARGEST_BYTE;
  const largest = isByte ? LARGEST_BYTE : Math.max(classes - 1, LARGEST_BYTE + 1);
  return { beyond: 0, none: isByte ? LARGEST_BYTE : -1, largest };
}

/**
 * Checks how masks are to be read.
 *
 * @param options As the caller gave them.
 * @throws {UsageError} If one is wrong.
 */
export function checkMaskOptions(options: MaskLabelOptions): void {
  check.names(options, { classes: true, colors: true, ignore: true });
  const { classes, colors, ignore } = options;
  const most = 2 ** 31 - 1;
  const whole = (value: unknown, least: number) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  check.that(whole(classes, 1), "classes", "a whole number from 1 on", classes);
  const isNumber = ignore === undefined || whole(ignore, 0);
  check.that(isNumber, "ignore", "a whole number from 0 on", ignore);
  if (colors === undefined) return;
  const isByte = (value: number) => Number.isInteger(value) && value >= 0 && value <= 255;
  const areColors = Array.isArray(colors) &&
    colors.every((color) => Array.isArray(color) && color.length === 3 && color.every(isByte));
  check.that(areColors, "colors", "a list of [R, G, B] in bytes", colors);
  const few = colors.length <= classes;
  check.that(few, "colors", `at most as many as classes, ${classes}`, colors.length);
}
