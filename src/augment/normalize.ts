import { UsageError } from "../errors.ts";
import { checkColor } from "./drawn.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, checkNumber, optionsOf, show } from "./parameters.ts";

/** Options of {@linkcode normalize}: one number for all channels, or red, green and blue. */
export interface NormalizeOptions {
  /** What is taken away, in the image's units (0–255). */
  mean: number | readonly number[];
  /** What the rest is divided by, in the image's units (0–255). */
  std: number | readonly number[];
  /** Factor of the result; 1 when left out. */
  scale?: number;
  /** What is added in the end; 0 when left out. */
  shift?: number;
}

/** Mean and standard deviation of the ImageNet training set by channel, in 0–255. */
export const IMAGENET: {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
} = Object.freeze({
  mean: Object.freeze([0.485 * 255, 0.456 * 255, 0.406 * 255] as const),
  std: Object.freeze([0.229 * 255, 0.224 * 255, 0.225 * 255] as const),
});

/** What {@linkcode normalize} makes, for the table of operators. */
export const normalizeKind: OperatorKind = { name: "normalize", stream: 7, bind };

/**
 * Shifts and scales each channel: (value - mean) / std · scale + shift, as DALI's `fn.normalize` and
 * `fn.crop_mirror_normalize` do.
 *
 * @param options Mean and standard deviation in 0–255, by channel or one for all.
 * @returns The operator.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { IMAGENET, normalize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(normalize(IMAGENET).parameters.scale, 1);
 * assertEquals(normalize({ mean: 0, std: 255 }).parameters.std, [255, 255, 255]);
 * ```
 */
export function normalize(options: NormalizeOptions): Operator {
  return describe(normalizeKind, {
    ...optionsOf("normalize", options, "{ mean: 127.5, std: 127.5 }"),
  });
}

function bind(given: Given): BoundOperator {
  checkNames("normalize", given, ["mean", "std", "scale", "shift"]);
  const mean = checkColor("normalize", "mean", given.mean);
  const std = checkColor("normalize", "std", given.std);
  if (std.includes(0)) {
    throw new UsageError(
      "Cannot make normalize as std must not be 0: received " + show(given.std),
      {
        option: "std",
      },
    );
  }
  const scale = checkNumber("normalize", "scale", given.scale ?? 1);
  const shift = checkNumber("normalize", "shift", given.shift ?? 0);
  const factors = std.map((deviation) => scale / deviation);
  const offsets = mean.map((value, channel) => shift - value * factors[channel]);
  return {
    parameters: { mean, std, scale, shift },
    title: "normalize",
    apply: (chain) => chain.linear().scale(factors, offsets),
  };
}
