import { isPromise } from "../check.ts";
import { UsageError } from "../errors.ts";
import { checkResampling, RESAMPLE_OPTIONS, type ResampleOptions } from "./geometry.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Json,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import {
  checkBoolean,
  checkLeftOut,
  checkName,
  checkNames,
  checkNumber,
  MOST_PIXELS,
  optionsOf,
  show,
} from "./parameters.ts";

/** How width and height of {@linkcode ResizeOptions} are meant. */
export type ResizeMode = "default" | "stretch" | "notLarger" | "notSmaller";

/** Options of {@linkcode resize}: the wanted size in one of three ways, and how to get there. */
export interface ResizeOptions extends ResampleOptions {
  /** Wanted columns, in pixels; below 0 the image is mirrored as well. */
  width?: number;
  /** Wanted rows, in pixels; below 0 the image is mirrored as well. */
  height?: number;
  /** Wanted length of the shorter side, in pixels; the other keeps the aspect ratio. */
  shorter?: number;
  /** Wanted length of the longer side, in pixels; the other keeps the aspect ratio. */
  longer?: number;
  /**
   * With width and height: `"default"` and `"stretch"` give that size (where one is left out, the
   * first scales it with the other and the second keeps it), `"notLarger"` and `"notSmaller"` keep
   * the aspect ratio, so that neither side is larger, or smaller.
   */
  mode?: ResizeMode;
  /** Neither side gets larger than this many pixels. */
  maxSize?: number;
  /**
   * Where keeping the aspect ratio gives a fraction of a pixel: true keeps the ratio to the last bit
   * and shifts the borders by less than half a pixel, false stretches the image to whole pixels.
   * True when left out.
   */
  subpixelScale?: boolean;
  /**
   * One corner of the part of the image that is resized, in pixels, which may be fractions and lie
   * beyond the border; together with `roiEnd`. All of the image when left out.
   */
  roiStart?: Point;
  /** The other corner; where it is less than `roiStart` the part is mirrored along that axis. */
  roiEnd?: Point;
  /** Whether both corners are shares of the image's sides; false when left out. */
  roiRelative?: boolean;
}

/** A place in an image, from its upper left corner. */
export interface Point {
  /** To the right. */
  readonly x: number;
  /** Down. */
  readonly y: number;
}

const OPTIONS = [
  "width",
  "height",
  "shorter",
  "longer",
  "mode",
  "maxSize",
  "subpixelScale",
  "roiStart",
  "roiEnd",
  "roiRelative",
  ...RESAMPLE_OPTIONS,
];
/** Rounds up to one pixel. */
const LEAST_PIXELS = 0.5;
const MODES = ["default", "stretch", "notLarger", "notSmaller"] as const;

/** What {@linkcode resize} makes, for the table of operators. */
export const resizeKind: OperatorKind = { name: "resize", stream: 1, bind };

/**
 * Resizes the image, by the rules of DALI's `fn.resize`.
 *
 * Pixel x of the result is the weighted mean of the source around (x + 0.5) · scale - 0.5, where
 * scale is source size / result size: pixel centres are half-way between their edges. Beyond the
 * border the outermost pixels go on. The weights are those of the filter, and add up to 1.
 *
 * `"linear"` is a triangle of one pixel to either side, `"cubic"` Keys' convolution with a = -1/2,
 * `"lanczos3"` sinc(x) · sinc(x / 3), `"gaussian"` exp(-4x²) within ±1. With `antialias` they are stretched by the scale where the
 * image gets smaller; linear is then what DALI names triangular, and what Pillow and torchvision
 * (antialias) name bilinear, except that those leave pixels beyond the border out of the mean.
 *
 * @param size Width and height in pixels (one number is both), or the options.
 * @param options The other options, where size is a number.
 * @returns The operator.
 * @throws {UsageError} If an option is wrong, or the size is given in two ways or in none.
 * @example
 * ```ts
 * import { resize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(resize(224).parameters.width, 224);
 * assertEquals(resize({ shorter: 256, interpolation: "cubic" }).name, "resize");
 * ```
 */
export function resize(size: number | ResizeOptions, options: ResizeOptions = {}): Operator {
  if (typeof size === "object" && size !== null && !isPromise(size)) {
    return describe(resizeKind, { ...optionsOf("resize", options), ...size });
  }
  checkLeftOut("resize", options, ["width", "height"]);
  return describe(resizeKind, {
    ...optionsOf("resize", options),
    width: checkSide(size),
    height: checkSide(size),
  });
}

function checkSide(size: unknown): number {
  return checkNumber("resize", "size", size, LEAST_PIXELS, MOST_PIXELS);
}

function bind(given: Given): BoundOperator {
  checkNames("resize", given, OPTIONS);
  const pixels = (option: string): number | undefined =>
    given[option] === undefined
      ? undefined
      : checkNumber("resize", option, given[option], LEAST_PIXELS, MOST_PIXELS);
  const width = checkSigned("width", given.width), height = checkSigned("height", given.height);
  const shorter = pixels("shorter"), longer = pixels("longer");
  const most = pixels("maxSize");
  const sized = width !== undefined || height !== undefined;
  const ways = Number(sized) + Number(shorter !== undefined) + Number(longer !== undefined);
  if (ways !== 1) {
    throw new UsageError(
      "Cannot make resize as the size must be given as width and height, as shorter or as longer: " +
        `received ${ways === 0 ? "none of them" : `${ways} of them`}`,
      { option: "size" },
    );
  }
  if (!sized && given.mode !== undefined) {
    throw new UsageError(
      "Cannot make resize as mode must be left out with shorter and longer: received " + given.mode,
      { option: "mode" },
    );
  }
  const mode = checkName("resize", "mode", given.mode ?? "default", MODES);
  const subpixel = checkBoolean("resize", "subpixelScale", given.subpixelScale ?? true);
  const { options, resampling } = checkResampling("resize", given);
  const roi = checkRegion(given);

  const parameters: Record<string, Json> = { ...options, subpixelScale: subpixel };
  if (roi) {
    const { start, end, relative } = roi;
    Object.assign(parameters, { roiStart: start, roiEnd: end, roiRelative: relative });
  }
  if (sized) parameters.mode = mode;
  for (const [name, value] of Object.entries({ width, height, shorter, longer, maxSize: most })) {
    if (value !== undefined) parameters[name] = value;
  }
  const rule: SizeRule = {
    width: shorter ?? longer ?? (width && Math.abs(width)),
    height: shorter ?? longer ?? (height && Math.abs(height)),
    mode: shorter !== undefined ? "notSmaller" : longer !== undefined ? "notLarger" : mode,
    most: most ?? Infinity,
  };
  const size = { width: 0, height: 0 };
  const region = (axis: "x" | "y", side: number): [number, number] => {
    if (!roi) return [0, side];
    const unit = roi.relative ? side : 1;
    return [roi.start[axis] * unit, roi.end[axis] * unit];
  };
  return {
    parameters,
    filters: [resampling.min, resampling.mag],
    title: "resize",
    apply(chain) {
      const [x0, x1] = region("x", chain.width), [y0, y1] = region("y", chain.height);
      const across = Math.abs(x1 - x0), down = Math.abs(y1 - y0);
      wantedSize(rule, across, down, size);
      const outWidth = wholePixels(size.width), outHeight = wholePixels(size.height);
      // A rounded size sees more or less than the whole region, about its centre.
      const spanX = subpixel ? across * adjustment(outWidth, size.width) : across;
      const spanY = subpixel ? down * adjustment(outHeight, size.height) : down;
      chain.resample(
        (x0 + x1 - spanX) / 2,
        (y0 + y1 - spanY) / 2,
        spanX,
        spanY,
        outWidth,
        outHeight,
        resampling,
      );
      chain.flip((x1 < x0) !== ((width ?? 1) < 0), (y1 < y0) !== ((height ?? 1) < 0));
    },
  };
}

/** A side that may be below 0. */
function checkSigned(option: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && value < 0) {
    return checkNumber("resize", option, value, -MOST_PIXELS, -LEAST_PIXELS);
  }
  return checkNumber("resize", option, value, LEAST_PIXELS, MOST_PIXELS);
}

interface Region {
  start: { x: number; y: number };
  end: { x: number; y: number };
  relative: boolean;
}

function checkRegion(given: Given): Region | undefined {
  const relative = checkBoolean("resize", "roiRelative", given.roiRelative ?? false);
  if (given.roiStart === undefined && given.roiEnd === undefined) {
    if (given.roiRelative === undefined) return undefined;
    throw new UsageError(
      "Cannot make resize as roiRelative must come with roiStart and roiEnd: received it alone",
      { option: "roiRelative" },
    );
  }
  const start = checkPoint("roiStart", given.roiStart), end = checkPoint("roiEnd", given.roiEnd);
  if (start.x === end.x || start.y === end.y) {
    throw new UsageError(
      `Cannot make resize as roiEnd must differ from roiStart in x and y: received ${show(end)}`,
      { option: "roiEnd" },
    );
  }
  return { start, end, relative };
}

function checkPoint(option: string, value: unknown): { x: number; y: number } {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(
      `Cannot make resize as ${option} must be { x, y }: received ${show(value)}`,
      { option },
    );
  }
  checkNames("resize", value, ["x", "y"]);
  const { x, y } = value as Given;
  const number = (axis: string, value: unknown): number =>
    checkNumber("resize", `${option}.${axis}`, value, -MOST_PIXELS, MOST_PIXELS);
  return { x: number("x", x), y: number("y", y) };
}

interface SizeRule {
  width?: number;
  height?: number;
  mode: ResizeMode;
  most: number;
}

/** The size before it is rounded to whole pixels, as DALI's `AdjustOutputSize` has it. */
function wantedSize(
  rule: SizeRule,
  width: number,
  height: number,
  size: { width: number; height: number },
): void {
  const { mode, most } = rule;
  if (mode === "default" || mode === "stretch") {
    const keep = mode === "stretch";
    size.width = rule.width ?? (keep ? width : width * (rule.height! / height));
    size.height = rule.height ?? (keep ? height : height * (rule.width! / width));
    size.width = Math.min(size.width, most);
    size.height = Math.min(size.height, most);
    return;
  }
  const scaleX = rule.width === undefined ? rule.height! / height : rule.width / width;
  const scaleY = rule.height === undefined ? rule.width! / width : rule.height / height;
  const wanted = mode === "notLarger" ? Math.min(scaleX, scaleY) : Math.max(scaleX, scaleY);
  const scale = Math.min(wanted, most / width, most / height);
  size.width = width * scale;
  size.height = height * scale;
}

/** Rounds half away from zero, to at least one pixel. */
function wholePixels(size: number): number {
  // A product such as 375 · (256 / 375) may miss the whole number that it stands for.
  return Math.max(1, Math.floor(size + 0.5 + 1e-9));
}

/** How much more of the image a side of whole pixels shows than a fractional one, within DALI's ±10. */
function adjustment(whole: number, fractional: number): number {
  return Math.abs(whole - fractional) < 1e-9 ? 1 : Math.min(10, whole / fractional);
}
