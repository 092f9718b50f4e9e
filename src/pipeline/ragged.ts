import type { CassetteError } from "../errors.ts";
import type { GpuImages } from "../gpu/images.ts";
import type { GpuTensor } from "../gpu/tensor.ts";
import type { MaskTensor } from "../augment/mask_tensor.ts";
import { applyOrBlame, imagesOf, keysOf } from "./refused.ts";
import type { AugmentStage, MaskForm, SampleKeys } from "./stages.ts";
import type { RaggedTensors, TensorLender } from "./tensors.ts";

/** Tensors of sizes of their own that work has been submitted for. */
export interface FilledTensors<T> extends RaggedTensors<T> {
  /** Why the device did not take a sample, by its place; its tensor is null. */
  faults: ReadonlyMap<number, CassetteError>;
}

/**
 * Submits the augmentation of each image into a tensor of its own, in the size that comes out.
 *
 * @param images The images; null for one that is not there.
 * @param keys What the random parameters depend on.
 * @param augmenter Augments them.
 * @param tensors Lends the tensors.
 * @returns The tensors, at the images' places.
 * @throws {LimitsError} If an image does not fit a buffer, or there is no memory for them.
 */
export async function augmentEach(
  images: GpuImages,
  keys: SampleKeys,
  augmenter: AugmentStage,
  tensors: TensorLender,
): Promise<FilledTensors<GpuTensor>> {
  const ragged = await tensors.ragged(augmenter.sizes(images.images, keys));
  return await fill(
    ragged,
    images,
    keys,
    tensors,
    (tensor, image, keys) => augmenter.apply(image, keys, tensor, 0),
  );
}

/**
 * Submits the geometry of each image for its mask, into a tensor of its own.
 *
 * @param masks The masks; null for one that is not there.
 * @param keys What the random parameters depend on: those of the images.
 * @param augmenter Augments them.
 * @param tensors Lends the tensors.
 * @param form What the numbers are, and the largest of them.
 * @returns The tensors, at the masks' places.
 * @throws {LimitsError} If a mask does not fit a buffer, or there is no memory for them.
 */
export async function augmentEachMask(
  masks: GpuImages,
  keys: SampleKeys,
  augmenter: AugmentStage,
  tensors: TensorLender,
  { largest, ...form }: MaskForm & { largest: number },
): Promise<FilledTensors<MaskTensor>> {
  const ragged = await tensors.raggedMasks(augmenter.sizes(masks.images, keys), largest);
  return await fill(
    ragged,
    masks,
    keys,
    tensors,
    (tensor, mask, keys) => augmenter.applyMasks(mask, keys, tensor, { ...form, first: 0 }),
  );
}

/** Does something to each tensor, but for those that the device refuses; gives all back if that fails. */
async function fill<T>(
  ragged: RaggedTensors<T>,
  images: GpuImages,
  keys: SampleKeys,
  tensors: TensorLender,
  apply: (tensor: T, image: GpuImages, keys: SampleKeys) => Promise<unknown>,
): Promise<FilledTensors<T>> {
  const faults = new Map<number, CassetteError>();
  try {
    for (const [i, tensor] of ragged.tensors.entries()) {
      if (!tensor) continue;
      const own = await applyOrBlame(
        imagesOf(images, i, i + 1),
        keysOf(keys, i, i + 1),
        false,
        (image, keys) => apply(tensor, image, keys),
      );
      for (const error of own.faults.values()) faults.set(i, error);
      if (own.faults.size > 0) ragged.tensors[i] = null;
    }
    return { ...ragged, faults };
  } catch (error) {
    tensors.releaseRagged(ragged);
    throw error;
  }
}
