import type { SampleMix } from "../augment/batch_mix.ts";
import type { MaskTensor } from "../augment/mask_tensor.ts";
import type { CpuDecoder } from "../codec/cpu_decoder.ts";
import { maskNumbers, type MaskPixels } from "../codec/mask.ts";
import { CassetteError, DeviceLostError, ShapeError } from "../errors.ts";
import type { GpuImage, GpuImages, ImageRegion } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { clearRows } from "../gpu/rows.ts";
import type { GpuTensor } from "../gpu/tensor.ts";
import { ID_BYTES, IdList } from "../ids.ts";
import { labelError, type LabelReader, parseLabel } from "../labels.ts";
import type { BlobBatch } from "../source/source.ts";
import type { Fetched } from "./fetch_window.ts";
import { fixedSize } from "./fixed_size.ts";
import type { Job } from "./job.ts";
import { decodeMasks, uploadMasks } from "./masks.ts";
import { spreadErrors } from "./mixed_errors.ts";
import type { AugmentStage, DecodeStage, MaskForm, RegionsOf, SampleKeys } from "./stages.ts";
import { augmentEach, augmentEachMask } from "./ragged.ts";
import { applyOrBlame } from "./refused.ts";
import type { ImageSize, RaggedImages, TensorLender } from "./tensors.ts";

/** A batch whose work has been submitted, but not verified. */
export interface Submitted {
  /** What it is made for. */
  job: Job;
  /** Images in GPU memory; null if none could be placed. */
  images: GpuTensor | null;
  /** Images, and masks, that keep sizes of their own, where they may; `images` is null then. */
  ragged: RaggedImages | null;
  /** Masks in GPU memory, where labels are masks. */
  masks: MaskTensor | null;
  /** What the label reader made of each label; null for a sample that failed. */
  labels: unknown[];
  /** Why each sample failed. */
  errors: (CassetteError | undefined)[];
  /** Why the whole batch could not be made. */
  failure?: CassetteError;
  /** What was mixed into which sample. */
  mix: SampleMix[];
  /** Parts of the batch, whose errors the GPU tells. */
  verify: { first: number; errors: () => Promise<readonly (CassetteError | undefined)[]> }[];
}

/** What a {@linkcode BatchMaker} works with. */
export interface MakerOptions {
  device: GPUDevice;
  pool: BufferPool;
  tensors: TensorLender;
  decoder: DecodeStage;
  /** Decodes masks. */
  cpu: CpuDecoder;
  augmenter: AugmentStage;
  labels: LabelReader<unknown>;
  seed: number;
  /** Whether images keep sizes of their own. */
  ragged: boolean;
  /** Whether a batch that cannot be made is handed out with its failure, instead of ending all. */
  isolate: boolean;
}

/** Turns fetched blobs into batches: decodes and augments them, and notes what went wrong. */
export class BatchMaker {
  readonly #options: MakerOptions;
  #lastSize: ImageSize | undefined;

  /** @param options Stages and what they work with. */
  constructor(options: MakerOptions) {
    this.#options = options;
  }

  /**
   * Submits the decoding and augmentation of a batch, and gives its blobs back.
   *
   * @param fetched The blobs, or why there are none.
   * @param signal Ends it.
   * @returns The batch, not yet verified.
   */
  async submit(fetched: Fetched, signal?: AbortSignal): Promise<Submitted> {
    const { job, blobs, error } = fetched;
    const submitted: Submitted = {
      job,
      images: null,
      ragged: this.#options.ragged ? this.#noRagged(job.ids.length) : null,
      masks: null,
      labels: new Array(job.ids.length).fill(null),
      errors: new Array(job.ids.length),
      mix: [],
      verify: [],
    };
    try {
      if (!blobs) throw error;
      using _blobs = blobs;
      this.#parseLabels(submitted, blobs);
      await this.#submit(submitted, blobs, signal);
      return submitted;
    } catch (error) {
      this.#options.tensors.release(submitted.images, submitted.masks);
      this.#options.tensors.releaseRagged(submitted.ragged);
      // Asking gives the buffers back that the answers would be read from.
      await Promise.allSettled(submitted.verify.map((part) => part.errors()));
      const own = error instanceof CassetteError && !(error instanceof DeviceLostError);
      if (!this.#options.isolate || !own) throw error;
      const nothing = { images: null, ragged: null, masks: null };
      return { ...submitted, ...nothing, errors: [], failure: error, verify: [] };
    }
  }

  /**
   * Waits until submitted batches are verified; for several of them this costs one wait.
   *
   * @param group Batches from {@linkcode BatchMaker.submit}.
   */
  async verify(group: readonly Submitted[]): Promise<void> {
    const parts = await Promise.allSettled(
      group.flatMap(({ errors, verify }) =>
        verify.map(async (part) => {
          const found = await part.errors();
          found.forEach((error, i) => errors[part.first + i] ??= error);
        })
      ),
    );
    for (const part of parts) if (part.status === "rejected") throw part.reason;
    for (const { job, errors, mix } of group) spreadErrors(errors, mix, job.ids);
  }

  #parseLabels({ job, labels, errors }: Submitted, blobs: BlobBatch): void {
    const { labels: reader } = this.#options;
    for (let i = 0; i < job.ids.length; i++) {
      errors[i] = blobs.error(i);
      if (errors[i]) continue;
      try {
        labels[i] = parseLabel(reader, blobs.label(i), () => job.ids.at(i));
      } catch (error) {
        if (!(error instanceof CassetteError)) throw error;
        errors[i] = error;
      }
    }
  }

  async #submit(submitted: Submitted, blobs: BlobBatch, signal?: AbortSignal): Promise<void> {
    const { decoder, augmenter, tensors, device } = this.#options;
    const { job, verify } = submitted;
    const total = job.ids.length;
    const waiting: number[] = [];
    let size: ImageSize | undefined;
    const regions: RegionsOf = (images, first) =>
      this.#regions(images, this.#keys(job, first, first + images.length));
    const parts = decoder.decodeParts(blobs, { ids: job.ids, regions, signal });
    for await (const { first, images } of parts) {
      using _images = images;
      const end = first + images.images.length;
      const keys = this.#keys(job, first, end);
      verify.push({ first, errors: () => images.verify() });
      const usable = await this.#usable(submitted, images, keys, first, signal);
      if (submitted.ragged) {
        await this.#applyRagged(submitted, submitted.ragged, usable, keys, first);
        continue;
      }
      const own = augmenter.shape(usable.images, keys);
      if (!own) {
        for (let i = first; i < end; i++) waiting.push(i);
        continue;
      }
      if (size && (own.width !== size.width || own.height !== size.height)) {
        throw new ShapeError(
          `Cannot make a batch as all images must have one size after augmentation: received ${own.width}×${own.height} at sample ${
            keys.ids!.at(0)
          } after ${size.width}×${size.height}`,
          { sampleId: keys.ids!.at(0) },
        );
      }
      size = own;
      const target = submitted.images ??= await tensors.images(total, size);
      const { results, faults } = await applyOrBlame(
        usable,
        keys,
        augmenter.mixes,
        (some, keys, at) => augmenter.apply(some, keys, target, first + at),
      );
      for (const mix of results) for (const one of mix) submitted.mix.push(one);
      const good = this.#without(submitted, usable, faults, first);
      await this.#applyMasks(submitted, good, keys, size, first);
    }
    this.#lastSize = size ?? this.#lastSize;
    if (waiting.length === 0) return;
    size ??= this.#lastSize ??= fixedSize(augmenter, {
      seed: this.#options.seed,
      epoch: job.epoch,
    });
    if (!size) return;
    submitted.images ??= await tensors.images(total, size);
    await clearRows(device, submitted.images, waiting);
    if (!this.#options.labels.masks) return;
    const { largest, none } = maskNumbers(this.#options.labels.masks);
    submitted.masks ??= await tensors.masks(total, size, largest);
    await clearRows(device, submitted.masks, waiting, none);
  }

  #keys(job: Job, first: number, end: number): SampleKeys {
    const { epoch, positions, valid } = job;
    return {
      seed: this.#options.seed,
      epoch,
      positions: positions.subarray(first, end),
      valid: valid.subarray(first, end),
      ids: idsOf(job, first, end),
    };
  }

  /** What is needed of each image; nothing is said of those that cannot be augmented. */
  #regions(images: readonly (GpuImage | null)[], keys: SampleKeys): (ImageRegion | null)[] {
    const { augmenter } = this.#options;
    const faults = new Set(augmenter.faults(images, keys).map(({ index }) => index));
    return augmenter.regions(images.map((image, i) => (faults.has(i) ? null : image)), keys);
  }

  /** Leaves out the images that cannot be augmented, or that have no mask that fits, and says why. */
  async #usable(
    submitted: Submitted,
    images: GpuImages,
    keys: SampleKeys,
    first: number,
    signal?: AbortSignal,
  ): Promise<GpuImages> {
    const { errors } = submitted;
    for (const { index, reason } of this.#options.augmenter.faults(images.images, keys)) {
      errors[first + index] ??= reason;
    }
    await this.#decodeMasks(submitted, images, first, signal);
    const bad = images.images.flatMap((image, i) => (image && errors[first + i] ? [i] : []));
    return bad.length > 0 ? images.without(bad) : images;
  }

  /** Puts the masks of images in the place of their files. */
  async #decodeMasks(
    { labels, errors, job }: Submitted,
    { images }: GpuImages,
    first: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { labels: reader, decoder, cpu } = this.#options;
    if (!reader.masks) return;
    const files = images.map((_, i) =>
      errors[first + i] ? null : labels[first + i] as Uint8Array | null
    );
    const ids = idsOf(job, first, first + images.length);
    const stage = { decoder, cpu, options: reader.masks };
    const decoded = await decodeMasks(files, images, ids, stage, signal);
    decoded.masks.forEach((mask, i) => labels[first + i] = mask);
    decoded.errors.forEach((error, i) => {
      if (!error) return;
      errors[first + i] ??= error instanceof ShapeError
        ? error
        : labelError(reader, error, ids.at(i));
    });
  }

  /** Notes why some images of a part failed, and leaves them out. */
  #without(
    { errors }: Submitted,
    images: GpuImages,
    faults: ReadonlyMap<number, CassetteError>,
    first: number,
  ): GpuImages {
    for (const [i, error] of faults) errors[first + i] ??= error;
    return faults.size > 0 ? images.without([...faults.keys()]) : images;
  }

  #noRagged(count: number): RaggedImages {
    const none = () => new Array(count).fill(null);
    return { tensors: none(), masks: this.#options.labels.masks ? none() : null, buffers: [] };
  }

  async #applyRagged(
    submitted: Submitted,
    ragged: RaggedImages,
    images: GpuImages,
    keys: SampleKeys,
    first: number,
  ): Promise<void> {
    const { augmenter, tensors } = this.#options;
    const each = await augmentEach(images, keys, augmenter, tensors);
    for (const buffer of each.buffers) ragged.buffers.push(buffer);
    const good = this.#without(submitted, images, each.faults, first);
    each.tensors.forEach((tensor, i) => ragged.tensors[first + i] = tensor);
    if (!ragged.masks) return;
    using masks = await this.#uploadMasks(submitted, good, first);
    const form = this.#maskForm();
    const eachMask = await augmentEachMask(masks, keys, augmenter, tensors, form);
    for (const buffer of eachMask.buffers) ragged.buffers.push(buffer);
    this.#without(submitted, masks, eachMask.faults, first);
    eachMask.tensors.forEach((tensor, i) => ragged.masks![first + i] = tensor);
  }

  async #applyMasks(
    submitted: Submitted,
    images: GpuImages,
    keys: SampleKeys,
    size: ImageSize,
    first: number,
  ): Promise<void> {
    const { labels, tensors, augmenter } = this.#options;
    if (!labels.masks) return;
    const { largest, ...form } = this.#maskForm();
    const target = submitted.masks ??= await tensors.masks(
      submitted.job.ids.length,
      size,
      largest,
    );
    using masks = await this.#uploadMasks(submitted, images, first);
    const { faults } = await applyOrBlame(
      masks,
      keys,
      augmenter.mixes,
      (some, keys, at) => augmenter.applyMasks(some, keys, target, { ...form, first: first + at }),
    );
    this.#without(submitted, masks, faults, first);
  }

  /** What the numbers of masks are, and the largest of them. */
  #maskForm(): MaskForm & { largest: number } {
    const { beyond, largest } = maskNumbers(this.#options.labels.masks!);
    return { bits: 32, fill: beyond, largest };
  }

  /** Brings the masks of images that are there to the GPU. */
  #uploadMasks({ labels }: Submitted, { images }: GpuImages, first: number): Promise<GpuImages> {
    const { device, pool } = this.#options;
    const masks = images.map((image, i) => image ? labels[first + i] as MaskPixels : null);
    return uploadMasks(masks, device, pool);
  }
}

/** Ids of consecutive samples of a batch. */
function idsOf({ ids }: Job, first: number, end: number): IdList {
  return new IdList(ids.bytes.subarray(first * ID_BYTES, end * ID_BYTES));
}
