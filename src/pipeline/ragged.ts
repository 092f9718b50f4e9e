import { GpuImages } from "../gpu/images.ts";
import { ID_BYTES, IdList } from "../ids.ts";
import type { AugmentStage, SampleKeys } from "./stages.ts";
import type { RaggedImages, TensorLender } from "./tensors.ts";

/**
 * Submits the augmentation of each image into a tensor of its own, in the size that comes out.
 *
 * @param images The images; null for one that is not there.
 * @param keys What the random parameters depend on.
 * @param augmenter Augments them.
 * @param tensors Lends the tensors.
 * @returns The tensors, at the images' places.
 * @throws {LimitsError} If an image does not fit a buffer.
 */
export async function augmentEach(
  images: GpuImages,
  keys: SampleKeys,
  augmenter: AugmentStage,
  tensors: TensorLender,
): Promise<RaggedImages> {
  const ragged = tensors.ragged(augmenter.sizes(images.images, keys));
  try {
    for (const [i, tensor] of ragged.tensors.entries()) {
      if (!tensor) continue;
      const image = new GpuImages(images.device, images.buffer, [images.images[i]], () => {});
      const ids = keys.ids && new IdList(keys.ids.bytes.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
      await augmenter.apply(image, { ...keys, positions: [keys.positions[i]], ids }, tensor, 0);
    }
    return ragged;
  } catch (error) {
    tensors.releaseRagged(ragged);
    throw error;
  }
}
