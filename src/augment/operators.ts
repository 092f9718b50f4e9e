import { UsageError } from "../errors.ts";
import { affineKind } from "./affine.ts";
import { autoAugmentKind } from "./auto_augment.ts";
import { brightnessKind, contrastKind } from "./brightness_contrast.ts";
import { oneOfKind, sometimesKind } from "./choice.ts";
import { colorTwistKind, hueKind, saturationKind } from "./color_twist.ts";
import { centerCropKind, cropKind } from "./crop.ts";
import { autoContrastKind, equalizeKind } from "./equalize.ts";
import { eraseKind, randomErasingKind } from "./erase.ts";
import { flipKind, randomFlipKind } from "./flip.ts";
import { gaussianBlurKind } from "./gaussian_blur.ts";
import { gaussianNoiseKind } from "./gaussian_noise.ts";
import { grayscaleKind, invertKind } from "./grayscale.ts";
import { cutmixKind, mixupKind } from "./mixup.ts";
import { normalizeKind } from "./normalize.ts";
import type { Operator, OperatorKind } from "./operator.ts";
import { show } from "./parameters.ts";
import { padKind } from "./pad.ts";
import { posterizeKind, solarizeKind } from "./posterize.ts";
import { randAugmentKind, trivialAugmentWideKind } from "./rand_augment.ts";
import { randomCropKind } from "./random_crop.ts";
import { randomResizedCropKind } from "./random_resized_crop.ts";
import { resizeKind } from "./resize.ts";
import { rotateKind } from "./rotate.ts";
import { sharpnessKind } from "./sharpness.ts";
import { wgslOpKind } from "./wgsl_op.ts";

let kinds: ReadonlyMap<string, OperatorKind> | undefined;

/** The table, made when it is first needed, as operators that hold others look into it. */
function table(): ReadonlyMap<string, OperatorKind> {
  return kinds ??= new Map(
    [
      resizeKind,
      cropKind,
      centerCropKind,
      randomCropKind,
      randomResizedCropKind,
      flipKind,
      randomFlipKind,
      padKind,
      rotateKind,
      affineKind,
      brightnessKind,
      contrastKind,
      saturationKind,
      hueKind,
      colorTwistKind,
      grayscaleKind,
      invertKind,
      posterizeKind,
      solarizeKind,
      equalizeKind,
      autoContrastKind,
      sharpnessKind,
      gaussianBlurKind,
      gaussianNoiseKind,
      eraseKind,
      randomErasingKind,
      normalizeKind,
      mixupKind,
      cutmixKind,
      autoAugmentKind,
      randAugmentKind,
      trivialAugmentWideKind,
      oneOfKind,
      sometimesKind,
      wgslOpKind,
    ].map((kind) => [kind.name, kind]),
  );
}

/**
 * Finds the kind of an operator.
 *
 * @param operator The operator, perhaps read from JSON.
 * @returns Its kind.
 * @throws {UsageError} If it is not an operator, or there is none of that name.
 */
export function kindOf(operator: Operator): OperatorKind {
  const kind = table().get(operator?.name);
  if (kind && typeof operator.parameters === "object" && operator.parameters !== null) return kind;
  const expected = typeof operator?.name === "string" && "parameters" in operator
    ? `have the name of one of ${[...table().keys()].join(", ")}, and its parameters`
    : "be what a function such as resize(224) returns";
  throw new UsageError(
    `Cannot augment as each operator must ${expected}: received ${
      typeof operator === "function" ? "a function" : show(operator)
    }`,
    { option: "augment" },
  );
}
