import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, checkNumber, optionsOf } from "./parameters.ts";

/** Options of {@linkcode brightness}. */
export interface BrightnessOptions {
  /** What is added, in the whole range (1 is 255); 0 when left out. */
  brightnessShift?: Drawn;
}

/** Options of {@linkcode contrast}. */
export interface ContrastOptions {
  /** The level that stays, 0–255, or `"mean"`: the image's mean luma; 128 when left out. */
  contrastCenter?: number | "mean";
}

const RANGE = 255;
/** DALI's half of a byte's range. */
const HALF_RANGE = 128;

/** What {@linkcode brightness} makes, for the table of operators. */
export const brightnessKind: OperatorKind = {
  name: "brightness",
  stream: 12,
  bind: bindBrightness,
};

/** What {@linkcode contrast} makes, for the table of operators. */
export const contrastKind: OperatorKind = { name: "contrast", stream: 13, bind: bindContrast };

/**
 * Multiplies all channels and adds to them: brightnessShift · 255 + brightness · value, as DALI's
 * `fn.brightness` does.
 *
 * @param brightness Factor; `[low, high]` is drawn for each sample.
 * @param options What is added.
 * @returns The operator. With `fixed` what is drawn does nothing.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { brightness } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(brightness([0.6, 1.4]).parameters.brightnessShift, 0);
 * ```
 */
export function brightness(brightness: Drawn, options: BrightnessOptions = {}): Operator {
  return describe(brightnessKind, { brightness, ...optionsOf("brightness", options) });
}

/**
 * Moves all channels away from a level, or towards it: center + contrast · (value - center), as DALI's
 * `fn.contrast` does.
 *
 * With `contrastCenter: "mean"` the level is the mean luma of the image as it is by then, rounded to
 * a whole number, on bytes: Pillow's `ImageEnhance.Contrast` and torchvision's `adjust_contrast`. That
 * needs a pass over the image first.
 *
 * @param contrast Factor; `[low, high]` is drawn for each sample.
 * @param options The level.
 * @returns The operator. With `fixed` what is drawn does nothing.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { contrast } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(contrast(1.5).parameters.contrastCenter, 128);
 * ```
 */
export function contrast(contrast: Drawn, options: ContrastOptions = {}): Operator {
  return describe(contrastKind, { contrast, ...optionsOf("contrast", options) });
}

function bindBrightness(given: Given): BoundOperator {
  checkNames("brightness", given, ["brightness", "brightnessShift"]);
  const factor = checkDrawn("brightness", "brightness", given.brightness, 1);
  const shift = checkDrawn("brightness", "brightnessShift", given.brightnessShift, 0);
  return {
    parameters: { brightness: factor.value, brightnessShift: shift.value },
    title: "brightness",
    apply(chain, random) {
      const f = factor.draw(chain, random), offset = RANGE * shift.draw(chain, random);
      chain.linear().scale([f, f, f], [offset, offset, offset]);
    },
  };
}

function bindContrast(given: Given): BoundOperator {
  checkNames("contrast", given, ["contrast", "contrastCenter"]);
  const factor = checkDrawn("contrast", "contrast", given.contrast, 1);
  const { contrastCenter = HALF_RANGE } = given;
  const center = contrastCenter === "mean"
    ? contrastCenter
    : checkNumber("contrast", "contrastCenter", contrastCenter);
  return {
    parameters: { contrast: factor.value, contrastCenter: center },
    title: "contrast",
    apply(chain, random) {
      const f = factor.draw(chain, random);
      if (center === "mean") {
        if (f !== 1) chain.measured("meanLuma", "centre").numbers[0] = f;
        return;
      }
      const offset = center - f * center;
      chain.linear().scale([f, f, f], [offset, offset, offset]);
    },
  };
}
