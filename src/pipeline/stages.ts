import type { SampleMix } from "../augment/batch_mix.ts";
import type { MaskTensor } from "../augment/mask_tensor.ts";
import type { CassetteError } from "../errors.ts";
import type { GpuImage, GpuImages, ImageRegion } from "../gpu/images.ts";
import type { GpuTensor } from "../gpu/tensor.ts";
import type { IdList } from "../ids.ts";

/** Blobs in any container: an array of them, or a batch of a source. */
export type Blobs = { readonly length: number; blob(index: number): Uint8Array };

/** Tells, part by part, which region of each image is needed; null where it is all of it. */
export type RegionsOf = (
  images: readonly (GpuImage | null)[],
  first: number,
) => (ImageRegion | null)[];

/** What the pipeline needs of a decoder. */
export interface DecodeStage {
  /**
   * Decodes blobs in parts that fit the device's limits.
   *
   * @param blobs The blobs.
   * @param options Ids for error messages, and which region of each image is needed.
   * @returns Consecutive parts; each begins with the blob number `first`.
   */
  decodeParts(
    blobs: Blobs,
    options: { ids: IdList; signal?: AbortSignal; regions?: RegionsOf },
  ): AsyncIterable<{ first: number; images: GpuImages }>;
}

/** What random parameters depend on, for each sample. */
export interface SampleKeys {
  /** Seed of the loader. */
  seed: number;
  /** Number of the epoch. */
  epoch: number;
  /** Where each sample stands in its epoch's global order. */
  positions: ArrayLike<number>;
  /**
   * 0 for a sample that only fills the batch: it is mixed with no other one. All are 1 when left out.
   */
  valid?: ArrayLike<number>;
  /** Ids for error messages. */
  ids?: IdList;
}

/** What the numbers of masks are. */
export interface MaskForm {
  /** How many bits of a pixel's word are its number. */
  bits: 8 | 32;
  /** The number of what lies beyond an image. */
  fill: number;
}

/** What the pipeline needs of the augmentation. */
export interface AugmentStage {
  /** Whether samples are mixed with each other. */
  readonly mixes: boolean;
  /**
   * Size of all images after augmentation; undefined if there are none.
   *
   * @throws {ShapeError} If they differ.
   */
  shape(
    images: readonly (GpuImage | null)[],
    keys: SampleKeys,
  ): { width: number; height: number } | undefined;
  /** Size of each image after augmentation; null for one that is not there. */
  sizes(
    images: readonly (GpuImage | null)[],
    keys: SampleKeys,
  ): ({ width: number; height: number } | null)[];
  /** Finds the images that cannot be augmented, such as those that are smaller than a crop. */
  faults(
    images: readonly (GpuImage | null)[],
    keys: SampleKeys,
  ): { index: number; reason: CassetteError }[];
  /** The region of each image that has an influence on the result; throws where `faults` finds any. */
  regions(images: readonly (GpuImage | null)[], keys: SampleKeys): (ImageRegion | null)[];
  /** Submits the work that writes image i to place first + i of the target; tells what it mixed. */
  apply(
    images: GpuImages,
    keys: SampleKeys,
    target: GpuTensor,
    first: number,
  ): Promise<SampleMix[]>;
  /** Submits the same geometry for masks, every pixel from the nearest one. */
  applyMasks(
    masks: GpuImages,
    keys: SampleKeys,
    target: MaskTensor,
    options: MaskForm & { first: number },
  ): Promise<void>;
}
