import { UsageError } from "../errors.ts";
import { checkResampling, RESAMPLE_OPTIONS, type ResampleOptions } from "./geometry.ts";
import {
  type BoundOperator,
  checkBoolean,
  checkName,
  checkNames,
  checkNumber,
  describe,
  type Json,
  MOST_PIXELS,
  type Operator,
  type OperatorKind,
} from "./operator.ts";

/** How width and height of {@linkcode ResizeOptions} are meant. */
export type ResizeMode = "default" | "stretch" | "notLarger" | "notSmaller";

/** Options of {@linkcode resize}: the wanted size in one of three ways, and how to get there. */
export interface ResizeOptions extends ResampleOptions {
  /** Wanted columns, in pixels. */
  width?: number;
  /** Wanted rows, in pixels. */
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
}

const OPTIONS = [
  "width",
  "height",
  "shorter",
  "longer",
  "mode",
  "maxSize",
  "subpixelScale",
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
 * `"lanczos3"` sinc(x) · sinc(x / 3). With `antialias` they are stretched by the scale where the
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
  const wanted = typeof size === "object" && size !== null
    ? size
    : { width: checkSide(size), height: checkSide(size) };
  return describe(resizeKind, { ...options, ...wanted });
}

function checkSide(size: unknown): number {
  return checkNumber("resize", "size", size, LEAST_PIXELS, MOST_PIXELS);
}

function bind(given: { readonly [name: string]: unknown }): BoundOperator {
  checkNames("resize", given, OPTIONS);
  const pixels = (option: string): number | undefined =>
    given[option] === undefined
      ? undefined
      : checkNumber("resize", option, given[option], LEAST_PIXELS, MOST_PIXELS);
  const width = pixels("width"), height = pixels("height");
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

  const parameters: Record<string, Json> = { ...options, subpixelScale: subpixel };
  if (sized) parameters.mode = mode;
  for (const [name, value] of Object.entries({ width, height, shorter, longer, maxSize: most })) {
    if (value !== undefined) parameters[name] = value;
  }
  const rule: SizeRule = {
    width: shorter ?? longer ?? width,
    height: shorter ?? longer ?? height,
    mode: shorter !== undefined ? "notSmaller" : longer !== undefined ? "notLarger" : mode,
    most: most ?? Infinity,
  };
  const size = { width: 0, height: 0 };
  return {
    parameters,
    filters: [resampling.min, resampling.mag],
    title: "resize",
    apply(chain) {
      wantedSize(rule, chain.width, chain.height, size);
      const outWidth = wholePixels(size.width), outHeight = wholePixels(size.height);
      // A rounded size sees more or less than the whole image, about its centre.
      const spanX = subpixel ? chain.width * adjustment(outWidth, size.width) : chain.width;
      const spanY = subpixel ? chain.height * adjustment(outHeight, size.height) : chain.height;
      chain.resample(
        (chain.width - spanX) / 2,
        (chain.height - spanY) / 2,
        spanX,
        spanY,
        outWidth,
        outHeight,
        resampling,
      );
    },
  };
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
