import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError } from "../errors.ts";
import { readPng } from "./png.ts";

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

/** How the pixels of masks are meant. */
export interface MaskLabelOptions {
  /** Number of classes: pixels are 0 to `classes - 1`, or `ignore`. */
  classes: number;
  /** Class of each colour, by its place, for masks in colour: `[[0, 0, 0], [255, 0, 0]]`. */
  colors?: readonly (readonly [number, number, number])[];
  /**
   * A number that is allowed beside the classes, and that is given to what lies beyond an image, and to
   * all of a sample that failed or only fills the batch. None when left out: then 0 lies beyond an
   * image, and such a sample is 255, or -1 where that is a class.
   */
  ignore?: number;
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

/**
 * Reads a mask from a PNG file: grey values or palette indices are classes; colours are by `colors`.
 *
 * @param file The whole file.
 * @param options How its pixels are meant.
 * @returns The mask.
 * @throws {UnsupportedFormatError} If it is no PNG file, is damaged, or a pixel is no class.
 */
export function readMask(file: Uint8Array, options: MaskLabelOptions): MaskPixels {
  const { width, height, channels, depth, data } = readPng(file);
  const classes = new Uint32Array(width * height);
  const classOf = channels < 3 ? undefined : colorTable(options);
  if (classOf && depth > 8) refuse("colours must have 8 bits", "", `${depth} bits`);
  for (let i = 0, at = 0; i < classes.length; i++, at += channels) {
    if (!classOf) {
      classes[i] = data[at];
      continue;
    }
    const color = data[at] << 16 | data[at + 1] << 8 | data[at + 2];
    const found = classOf.get(color);
    if (found === undefined) {
      refuse(
        "colours must be in colors",
        place(i, width),
        `#${color.toString(16).padStart(6, "0")}`,
      );
    }
    classes[i] = found;
  }
  checkClasses({ width, height, classes }, options);
  return { width, height, classes };
}

/**
 * Throws unless each pixel of a mask is a class.
 *
 * @param mask The mask.
 * @param options How its pixels are meant.
 * @throws {UnsupportedFormatError} If a pixel is none.
 */
export function checkClasses(mask: MaskPixels, options: MaskLabelOptions): void {
  const bad = mask.classes.findIndex((value) =>
    value >= options.classes && value !== options.ignore
  );
  if (bad === -1) return;
  refuse(`pixels must be below ${options.classes}`, place(bad, mask.width), mask.classes[bad]);
}

function colorTable({ colors }: MaskLabelOptions): Map<number, number> {
  if (!colors) refuse("pixels must be grey or of a palette, or colors be given", "", "RGB");
  return new Map(colors.map(([r, g, b], i) => [r << 16 | g << 8 | b, i]));
}

function place(index: number, width: number): string {
  return ` at column ${index % width}, row ${Math.floor(index / width)}`;
}

function refuse(expected: string, where: string, received: unknown): never {
  throw new UnsupportedFormatError(
    `Cannot read a mask as its ${expected}: received ${received}${where}`,
  );
}
