import { checkDrawn, type Drawn } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, optionsOf } from "./parameters.ts";

/** Options of {@linkcode colorTwist}; each may be `[low, high]`, drawn for each sample. */
export interface ColorTwistOptions {
  /** Factor of all channels; 1 when left out. */
  brightness?: Drawn;
  /** Factor of the distance from 128; 1 when left out. */
  contrast?: Drawn;
  /** Turn of the colours, in degrees; 0 when left out. */
  hue?: Drawn;
  /** Factor of the distance from grey; 1 when left out. */
  saturation?: Drawn;
}

const HALF_RANGE = 128;

/** Luma and two axes of chroma, with the digits that DALI has of them. */
const RGB_TO_YIQ = [0.299, 0.587, 0.114, 0.596, -0.274, -0.321, 0.211, -0.523, 0.311];
const YIQ_TO_RGB = invert3(RGB_TO_YIQ);

/** What {@linkcode saturation} makes, for the table of operators. */
export const saturationKind: OperatorKind = {
  name: "saturation",
  stream: 14,
  bind: (given) => bind("saturation", ["saturation"], given),
};

/** What {@linkcode hue} makes, for the table of operators. */
export const hueKind: OperatorKind = {
  name: "hue",
  stream: 15,
  bind: (given) => bind("hue", ["hue"], given),
};

/** What {@linkcode colorTwist} makes, for the table of operators. */
export const colorTwistKind: OperatorKind = {
  name: "colorTwist",
  stream: 16,
  bind: (given) => bind("colorTwist", ["brightness", "contrast", "hue", "saturation"], given),
};

/**
 * Moves colours away from their grey, or towards it, as DALI's `fn.saturation` does: the distance from
 * the luma is multiplied, so 0 is grey. It is what Pillow's `ImageEnhance.Color` and torchvision's
 * `adjust_saturation` do, without their rounding.
 *
 * @param saturation Factor; `[low, high]` is drawn for each sample.
 * @returns The operator. With `fixed` what is drawn does nothing.
 * @throws {UsageError} If the argument is wrong.
 * @example
 * ```ts
 * import { saturation } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(saturation([0.5, 1.5]).parameters, { saturation: [0.5, 1.5] });
 * ```
 */
export function saturation(saturation: Drawn): Operator {
  return describe(saturationKind, { saturation });
}

/**
 * Turns the colours about grey, as DALI's `fn.hue` does: a rotation in the plane of I and Q (YIQ).
 * torchvision's `adjust_hue` turns the H of HSV instead, which is not linear.
 *
 * @param hue Degrees; `[low, high]` is drawn for each sample.
 * @returns The operator. With `fixed` what is drawn does nothing.
 * @throws {UsageError} If the argument is wrong.
 * @example
 * ```ts
 * import { hue } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(hue([-18, 18]).name, "hue");
 * ```
 */
export function hue(hue: Drawn): Operator {
  return describe(hueKind, { hue });
}

/**
 * Changes hue, saturation, contrast and brightness at once, as DALI's `fn.color_twist` does:
 * brightness · (128 + contrast · (M · value - 128)), where M = RGB←YIQ · R(hue) · diag(1, saturation,
 * saturation) · YIQ←RGB and R(hue) = (1 0 0; 0 cos sin; 0 -sin cos).
 *
 * torchvision's `ColorJitter` clamps in between, and takes the four in random order.
 *
 * @param options What is changed.
 * @returns The operator. With `fixed` what is drawn does nothing.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { colorTwist } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const jitter = colorTwist({ brightness: [0.6, 1.4], contrast: [0.6, 1.4], saturation: [0.6, 1.4] });
 * assertEquals(jitter.parameters.hue, 0);
 * ```
 */
export function colorTwist(options: ColorTwistOptions): Operator {
  return describe(colorTwistKind, { ...optionsOf("colorTwist", options) });
}

type Name = "brightness" | "contrast" | "hue" | "saturation";

function bind(maker: string, names: readonly Name[], given: Given): BoundOperator {
  checkNames(maker, given, names);
  const drawn = names.map((name) => ({
    name,
    parameter: checkDrawn(maker, name, given[name], name === "hue" ? 0 : 1),
  }));
  return {
    parameters: Object.fromEntries(drawn.map(({ name, parameter }) => [name, parameter.value])),
    title: maker,
    apply(chain, random) {
      const values = { brightness: 1, contrast: 1, hue: 0, saturation: 1 };
      for (const { name, parameter } of drawn) values[name] = parameter.draw(chain, random);
      const { brightness, contrast, hue, saturation } = values;
      const gain = brightness * contrast;
      const rows = hue === 0 && saturation === 1
        ? [1, 0, 0, 0, 1, 0, 0, 0, 1]
        : chroma(hue, saturation);
      chain.linear().multiply(
        rows.map((value) => value * gain),
        brightness * (HALF_RANGE - contrast * HALF_RANGE),
      );
    },
  };
}

function chroma(hue: number, saturation: number): number[] {
  const radians = hue * Math.PI / 180;
  const c = saturation * Math.cos(radians), s = saturation * Math.sin(radians);
  return multiply3(YIQ_TO_RGB, multiply3([1, 0, 0, 0, c, s, 0, -s, c], RGB_TO_YIQ));
}

function multiply3(a: readonly number[], b: readonly number[]): number[] {
  return a.map((_, i) => {
    const row = i - i % 3, column = i % 3;
    return a[row] * b[column] + a[row + 1] * b[column + 3] + a[row + 2] * b[column + 6];
  });
}

function invert3([a, b, c, d, e, f, g, h, i]: readonly number[]): number[] {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ].map((value) => value / determinant);
}
