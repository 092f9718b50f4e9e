import { LimitsError, ShapeError } from "../errors.ts";
import type { AugmentStage, SampleKeys } from "./stages.ts";
import type { ImageSize } from "./tensors.ts";

/** Sides of images that do not exist, unlike each other; larger ones for crops that need them. */
const SIDES: readonly (readonly [number, number])[][] = [
  [[640, 480], [480, 640], [601, 599]],
  [[3072, 2048], [2048, 3072], [2901, 2899]],
];
const PIXEL_BYTES = 4;

/**
 * Finds the size that operators give to all images, whatever those are: it comes out of images that
 * are unlike each other.
 *
 * @param augmenter Carries the operators out.
 * @param keys What the random parameters depend on.
 * @returns The size; undefined where it depends on the images.
 */
export function fixedSize(
  augmenter: AugmentStage,
  { seed, epoch }: Pick<SampleKeys, "seed" | "epoch">,
): ImageSize | undefined {
  for (const sides of SIDES) {
    const images = sides.map(([width, height]) => {
      return { byteOffset: 0, width, height, rowPitch: width * PIXEL_BYTES, channels: 3 } as const;
    });
    try {
      return augmenter.shape(images, { seed, epoch, positions: images.map((_, i) => i) });
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof LimitsError)) throw error;
    }
  }
}
