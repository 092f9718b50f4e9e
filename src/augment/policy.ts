import { affineKind } from "./affine.ts";
import { brightnessKind, contrastKind } from "./brightness_contrast.ts";
import type { Chain } from "./chain.ts";
import { saturationKind } from "./color_twist.ts";
import { checkColor, type Color } from "./drawn.ts";
import { autoContrastKind, equalizeKind } from "./equalize.ts";
import { invertKind } from "./grayscale.ts";
import type { Given, Json, OperatorKind } from "./operator.ts";
import { checkName } from "./parameters.ts";
import type { SampleRandom } from "./philox.ts";
import { posterizeKind, solarizeKind } from "./posterize.ts";
import { rotateKind } from "./rotate.ts";
import { sharpnessKind } from "./sharpness.ts";

/** Options that all automatic policies share. */
export interface PolicyOptions {
  /** Filter of rotations, shears and translations; `"nearest"` when left out. */
  interpolation?: "nearest" | "linear";
  /**
   * Colour beyond the image, 0–255; 128 when left out, as in DALI (torchvision has 0); null: the
   * outermost pixels go on.
   */
  fillValue?: Color | null;
}

/** Names of {@linkcode PolicyOptions}. */
export const POLICY_OPTIONS: readonly string[] = ["interpolation", "fillValue"];

/** What a policy may do to a sample, by torchvision's names in camel case. */
export type PolicyOperation =
  | "identity"
  | "shearX"
  | "shearY"
  | "translateX"
  | "translateY"
  | "rotate"
  | "brightness"
  | "color"
  | "contrast"
  | "sharpness"
  | "posterize"
  | "solarize"
  | "autoContrast"
  | "equalize"
  | "invert";

/** Magnitudes of a policy. */
export interface PolicySpace {
  /** Largest shear. */
  shear: number;
  /** Largest translation in pixels, or in shares of the side. */
  translate: { pixels: number } | { share: number };
  /** Largest angle in degrees. */
  rotate: number;
  /** Largest change of brightness, colour, contrast and sharpness. */
  enhance: number;
  /** Most bits that posterize takes away. */
  posterize: number;
}

const SIGNED: ReadonlySet<PolicyOperation> = new Set([
  "shearX",
  "shearY",
  "translateX",
  "translateY",
  "rotate",
  "brightness",
  "color",
  "contrast",
  "sharpness",
]);
const GEOMETRIC: ReadonlySet<PolicyOperation> = new Set([
  "shearX",
  "shearY",
  "translateX",
  "translateY",
  "rotate",
]);
const DEFAULT_FILL = 128;
const BYTE_BITS = 8;
const MOST = 255;

/** Checked {@linkcode PolicyOptions}. */
export interface PolicySettings {
  /** As parameters. */
  parameters: { interpolation: "nearest" | "linear"; fillValue: Json };
}

/**
 * Checks the options that all policies share.
 *
 * @param maker Policy that takes them, for the message.
 * @param given What the caller gave.
 * @returns The options with the defaults filled in.
 * @throws {UsageError} If one is wrong.
 */
export function checkPolicy(maker: string, given: Given): PolicySettings {
  const interpolation = checkName(
    maker,
    "interpolation",
    given.interpolation ?? "nearest",
    ["nearest", "linear"] as const,
  );
  const fillValue = given.fillValue === null
    ? null
    : checkColor(maker, "fillValue", given.fillValue ?? DEFAULT_FILL);
  return { parameters: { interpolation, fillValue } };
}

/**
 * Does one operation of a policy, on bytes: colours are rounded and clamped after it.
 *
 * @param chain What was done to the sample so far.
 * @param random Its random numbers; one of them is the sign.
 * @param operation What is done.
 * @param space Largest magnitudes.
 * @param level Magnitude, from 0 to 1 of the largest.
 * @param settings Filter and colour beyond the image.
 */
export function operate(
  chain: Chain,
  random: SampleRandom,
  operation: PolicyOperation,
  space: PolicySpace,
  level: number,
  settings: PolicySettings,
): void {
  const sign = SIGNED.has(operation) && random.uniform() < 0.5 ? -1 : 1;
  if (operation === "identity") return;
  const [kind, parameters] = operator(chain, operation, space, level, sign);
  const given = GEOMETRIC.has(operation) ? { ...parameters, ...settings.parameters } : parameters;
  kind.bind(given).apply(chain, random);
  // A warp's filter makes fractions as well, but a nearest pixel does not.
  const whole = GEOMETRIC.has(operation) && settings.parameters.interpolation === "nearest";
  if (!whole) chain.step("bytes");
}

function operator(
  chain: Chain,
  operation: Exclude<PolicyOperation, "identity">,
  space: PolicySpace,
  level: number,
  sign: number,
): [OperatorKind, Given] {
  const factor = 1 + sign * level * space.enhance;
  // About the corner, as the operations of Pillow that the policies were found with.
  const shear = { center: [0, 0], shear: {} };
  const move = (side: number): number => {
    const most = "pixels" in space.translate
      ? space.translate.pixels
      : space.translate.share * side;
    return Math.trunc(sign * level * most);
  };
  switch (operation) {
    case "shearX":
      return [affineKind, { ...shear, shear: { x: sign * level * space.shear } }];
    case "shearY":
      return [affineKind, { ...shear, shear: { y: sign * level * space.shear } }];
    case "translateX":
      return [affineKind, { translate: { x: move(chain.width) } }];
    case "translateY":
      return [affineKind, { translate: { y: move(chain.height) } }];
    case "rotate":
      return [rotateKind, { angle: sign * level * space.rotate, keepSize: true }];
    case "brightness":
      return [brightnessKind, { brightness: factor }];
    case "color":
      return [saturationKind, { saturation: factor }];
    case "contrast":
      return [contrastKind, { contrast: factor, contrastCenter: "mean" }];
    case "sharpness":
      return [sharpnessKind, { sharpness: factor }];
    case "posterize":
      return [posterizeKind, { bits: BYTE_BITS - roundHalfToEven(level * space.posterize) }];
    case "solarize":
      return [solarizeKind, { threshold: MOST * (1 - level) }];
    case "autoContrast":
      return [autoContrastKind, {}];
    case "equalize":
      return [equalizeKind, {}];
    case "invert":
      return [invertKind, {}];
  }
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + floor % 2 : Math.round(value);
}
