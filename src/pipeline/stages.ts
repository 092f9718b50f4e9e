import type { CassetteError } from "../errors.ts";
import type { GpuImage } from "../gpu/images.ts";
import type { GpuTensor } from "../gpu/tensor.ts";
import type { IdList } from "../ids.ts";

/** Blobs in any container: an array of them, or a batch of a source. */
export type Blobs = { readonly length: number; blob(index: number): Uint8Array };

/** Pictures that a decoder has submitted; errors that only the GPU sees come with `verify`. */
export interface DecodedImages extends Disposable {
  /** Where each picture lies; null for one that could not be decoded. */
  readonly images: readonly (GpuImage | null)[];
  /**
   * Waits for the GPU and tells what could not be decoded.
   *
   * @returns One error or undefined for each blob.
   */
  verify(): Promise<readonly (CassetteError | undefined)[]>;
}

/** What the pipeline needs of a decoder. */
export interface DecodeStage<I extends DecodedImages> {
  /**
   * Decodes blobs in parts that fit the device's limits.
   *
   * @param blobs The blobs.
   * @param options Ids for error messages.
   * @returns Consecutive parts; each begins with the blob number `first`.
   */
  decodeParts(
    blobs: Blobs,
    options: { ids: IdList; signal?: AbortSignal },
  ): AsyncIterable<{ first: number; images: I }>;
}

/** What random parameters depend on, for each sample. */
export interface SampleKeys {
  /** Seed of the loader. */
  seed: number;
  /** Number of the epoch. */
  epoch: number;
  /** Where each sample stands in its epoch's global order. */
  positions: ArrayLike<number>;
  /** Ids for error messages. */
  ids?: IdList;
}

/** What the pipeline needs of the augmentation. */
export interface AugmentStage<I extends DecodedImages> {
  /**
   * Size of all images after augmentation.
   *
   * @throws {ShapeError} If they differ.
   */
  shape(
    images: readonly (GpuImage | null)[],
    keys: SampleKeys,
  ): { width: number; height: number } | undefined;
  /** Submits the work that writes image i to place first + i of the target. */
  apply(images: I, keys: SampleKeys, target: GpuTensor, first: number): Promise<void>;
}
