import { GpuImages } from "../gpu/images.ts";
import type { GpuTensor } from "../gpu/tensor.ts";
import type { MaskTensor } from "../augment/mask_tensor.ts";
import { ID_BYTES, IdList } from "../ids.ts";
import type { AugmentStage, MaskForm, SampleKeys } from "./stages.ts";
import type { RaggedTensors, TensorLender } from "./tensors.ts";

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
): Promise<RaggedTensors<GpuTensor>> {
  const ragged = tensors.ragged(augmenter.sizes(images.images, keys));
  return await fill(
    ragged,
    tensors,
    (tensor, i) => augmenter.apply(one(images, i), keysOf(keys, i), tensor, 0),
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
 * @throws {LimitsError} If a mask does not fit a buffer.
 */
export async function augmentEachMask(
  masks: GpuImages,
  keys: SampleKeys,
  augmenter: AugmentStage,
  tensors: TensorLender,
  { largest, ...form }: MaskForm & { largest: number },
): Promise<RaggedTensors<MaskTensor>> {
  const ragged = tensors.raggedMasks(augmenter.sizes(masks.images, keys), largest);
  return await fill(
    ragged,
    tensors,
    (tensor, i) =>
      augmenter.applyMasks(one(masks, i), keysOf(keys, i), tensor, { ...form, first: 0 }),
  );
}

/** Does something to each tensor; gives all back if that fails. */
async function fill<T>(
  ragged: RaggedTensors<T>,
  tensors: TensorLender,
  apply: (tensor: T, index: number) => Promise<unknown>,
): Promise<RaggedTensors<T>> {
  try {
    for (const [i, tensor] of ragged.tensors.entries()) if (tensor) await apply(tensor, i);
    return ragged;
  } catch (error) {
    tensors.releaseRagged(ragged);
    throw error;
  }
}

/** One of some images, alone. */
function one({ device, buffer, images }: GpuImages, index: number): GpuImages {
  return new GpuImages(device, buffer, [images[index]], () => {});
}

function keysOf(keys: SampleKeys, index: number): SampleKeys {
  const ids = keys.ids &&
    new IdList(keys.ids.bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES));
  return { ...keys, positions: [keys.positions[index]], ids };
}
