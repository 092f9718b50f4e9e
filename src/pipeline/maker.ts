import {
  CassetteError,
  DeviceLostError,
  LimitsError,
  type SampleError,
  ShapeError,
} from "../errors.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { clearRows, packRows } from "../gpu/rows.ts";
import { GpuTensor, tensorBytes, type TensorDescriptor } from "../gpu/tensor.ts";
import { ID_BYTES, IdList } from "../ids.ts";
import { type LabelReader, parseLabel } from "../labels.ts";
import type { BlobBatch } from "../source/source.ts";
import type { Fetched } from "./fetch_window.ts";
import type { Job } from "./job.ts";
import type { AugmentStage, DecodeStage, SampleKeys } from "./stages.ts";

/** What becomes of samples that cannot be loaded. */
export type OnCorrupt = "throw" | "skip" | "mask";

/** A batch that is ready to be handed out. */
export interface Made<L> {
  /** What it was made for. */
  job: Job;
  /** Images in GPU memory; null if none remains. */
  images: GpuTensor | null;
  /** Labels, as the label reader makes them. */
  labels: L;
  /** Ids of the samples in it. */
  ids: IdList;
  /** 1 for a sample to learn from. */
  valid: Uint8Array;
  /** Samples that could not be loaded. */
  errors: SampleError[];
  /** Why the whole batch could not be made. */
  failure?: CassetteError;
}

/** A batch whose work has been submitted, but not verified. */
export interface Submitted {
  job: Job;
  images: GpuTensor | null;
  labels: unknown[];
  errors: (CassetteError | undefined)[];
  failure?: CassetteError;
  verify: { first: number; errors: () => Promise<readonly (CassetteError | undefined)[]> }[];
}

/** What a {@linkcode BatchMaker} works with. */
export interface MakerOptions<L> {
  device: GPUDevice;
  pool: BufferPool;
  decoder: DecodeStage;
  augmenter: AugmentStage;
  labels: LabelReader<L>;
  output: Pick<TensorDescriptor, "dtype" | "layout">;
  seed: number;
  onCorrupt: OnCorrupt;
  /** Whether a batch that cannot be made is handed out with its failure, instead of ending all. */
  isolate: boolean;
}

const TENSOR_USAGE = () =>
  GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const CHANNELS = 3;

/** Turns fetched blobs into batches: decode, augment, and account for what went wrong. */
export class BatchMaker<L> {
  readonly #options: MakerOptions<L>;
  #lastSize: { width: number; height: number } | undefined;

  /** @param options Stages and what they work with. */
  constructor(options: MakerOptions<L>) {
    this.#options = options;
  }

  /**
   * Submits the decoding and augmentation of a batch, and gives its blobs back.
   *
   * @param fetched The blobs, or why there are none.
   * @returns The batch, not yet verified.
   */
  async submit(fetched: Fetched): Promise<Submitted> {
    const { job, blobs, error } = fetched;
    try {
      if (!blobs) throw error;
      return await this.#submit(job, blobs);
    } catch (error) {
      const own = error instanceof CassetteError && !(error instanceof DeviceLostError);
      if (!this.#options.isolate || !own) throw error;
      return { job, images: null, labels: [], errors: [], failure: error, verify: [] };
    }
  }

  async #submit(job: Job, blobs: BlobBatch): Promise<Submitted> {
    using _blobs = blobs;
    const { decoder, augmenter, labels: reader, seed } = this.#options;
    const errors = new Array<CassetteError | undefined>(job.ids.length);
    const labels = new Array<unknown>(job.ids.length).fill(null);
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
    const submitted: Submitted = { job, images: null, labels, errors, verify: [] };
    let size: { width: number; height: number } | undefined;
    const waiting: number[] = [];
    try {
      for await (const { first, images } of decoder.decodeParts(blobs, { ids: job.ids })) {
        using _images = images;
        const count = images.images.length;
        const keys: SampleKeys = {
          seed,
          epoch: job.epoch,
          positions: job.positions.subarray(first, first + count),
          ids: new IdList(job.ids.bytes.subarray(first * ID_BYTES, (first + count) * ID_BYTES)),
        };
        submitted.verify.push({ first, errors: () => images.verify() });
        const faults = augmenter.faults(images.images, keys);
        for (const { index, reason } of faults) errors[first + index] ??= reason;
        const usable = faults.length > 0
          ? images.without(faults.map(({ index }) => index))
          : images;
        const own = augmenter.shape(usable.images, keys);
        if (!own || own.width === 0) {
          for (let i = 0; i < count; i++) waiting.push(first + i);
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
        submitted.images ??= this.#tensor(job.ids.length, size);
        await augmenter.apply(usable, keys, submitted.images, first);
      }
      this.#lastSize = size ??= this.#lastSize;
      if (size) submitted.images ??= this.#tensor(job.ids.length, size);
      if (submitted.images && waiting.length > 0) {
        await clearRows(this.#options.device, submitted.images, waiting);
      }
    } catch (error) {
      if (submitted.images) this.#options.pool.release(submitted.images.buffer);
      throw error;
    }
    return submitted;
  }

  /**
   * Waits until submitted batches are verified; for several of them this costs one wait.
   *
   * @param group Batches from {@linkcode BatchMaker.submit}.
   */
  async verify(group: readonly Submitted[]): Promise<void> {
    await Promise.all(group.flatMap(({ errors, verify }) =>
      verify.map(async (part) => {
        const found = await part.errors();
        found.forEach((error, i) => errors[part.first + i] ??= error);
      })
    ));
  }

  /**
   * Makes a verified batch ready: masks or leaves out what could not be loaded.
   *
   * @param submitted The batch.
   * @returns The batch; with `onCorrupt: "skip"` it may be empty and have no images.
   * @throws The first sample's error, with `onCorrupt: "throw"`.
   * @throws {ShapeError} With `onCorrupt: "mask"`, if no image says how large the masked ones are.
   */
  async finish(submitted: Submitted): Promise<Made<L>> {
    const { labels: reader, onCorrupt } = this.#options;
    const { job, images, labels, errors, failure } = submitted;
    if (failure) return this.#failed(job, failure);
    const bad: number[] = [];
    errors.forEach((error, i) => error && bad.push(i));
    const sampleErrors = bad.map((index) => ({
      index,
      id: job.ids.at(index),
      reason: errors[index]!,
    }));
    if (bad.length === 0) {
      const { ids, valid } = job;
      return { job, images, labels: reader.collect(labels), ids, valid, errors: [] };
    }
    try {
      if (onCorrupt === "throw") throw errors[bad[0]];
      if (onCorrupt === "mask") return await this.#mask(submitted, bad, sampleErrors);
    } catch (error) {
      this.discard(submitted);
      throw error;
    }
    try {
      return await this.#pack(submitted, sampleErrors);
    } finally {
      this.discard(submitted);
    }
  }

  /**
   * Gives the buffer of a batch back that will not be handed out.
   *
   * @param submitted The batch.
   */
  discard(submitted: Pick<Submitted, "images">): void {
    if (submitted.images) this.#options.pool.release(submitted.images.buffer);
  }

  async #mask(submitted: Submitted, bad: number[], errors: SampleError[]): Promise<Made<L>> {
    const { job, images, labels } = submitted;
    if (!images) {
      if (this.#options.isolate) return this.#failed(job, errors[0].reason, errors);
      throw new ShapeError(
        `Cannot mask a batch as one image of it must be readable where no operator fixes the size: received ${bad.length} failures of ${job.ids.length}`,
        { sampleId: errors[0].id, option: "onCorrupt", cause: errors[0].reason },
      );
    }
    const valid = job.valid.slice();
    for (const i of bad) {
      valid[i] = 0;
      labels[i] = null;
    }
    await clearRows(this.#options.device, images, bad);
    return {
      job,
      images,
      labels: this.#options.labels.collect(labels),
      ids: job.ids,
      valid,
      errors,
    };
  }

  #failed(job: Job, failure: CassetteError, errors: SampleError[] = []): Made<L> {
    const valid = new Uint8Array(job.ids.length);
    const labels = this.#options.labels.collect(Array.from(valid, () => null));
    return { job, images: null, labels, ids: job.ids, valid, errors, failure };
  }

  async #pack(submitted: Submitted, errors: SampleError[]): Promise<Made<L>> {
    const { job, images, labels } = submitted;
    const keep = labels.map((_, i) => i).filter((i) => !submitted.errors[i]);
    let packed: GpuTensor | null = null;
    if (images && keep.length > 0) {
      const [, ...rest] = images.shape;
      packed = this.#allocate([keep.length, ...rest]);
      await packRows(this.#options.device, images, keep, packed.buffer);
    }
    return {
      job,
      images: packed,
      labels: this.#options.labels.collect(keep.map((i) => labels[i])),
      ids: job.ids.pick(keep),
      valid: Uint8Array.from(keep, (i) => job.valid[i]),
      errors,
    };
  }

  #tensor(count: number, { width, height }: { width: number; height: number }): GpuTensor {
    return this.#allocate(
      this.#options.output.layout === "NCHW"
        ? [count, CHANNELS, height, width]
        : [count, height, width, CHANNELS],
    );
  }

  #allocate(shape: [number, number, number, number]): GpuTensor {
    const { device, pool, output } = this.#options;
    const descriptor = { shape, ...output };
    const size = tensorBytes(descriptor);
    if (size > device.limits.maxBufferSize) {
      throw new LimitsError(
        `Cannot make a batch of shape ${
          shape.join("×")
        } in ${output.dtype} as it must be at most ${device.limits.maxBufferSize} bytes: received ${size}`,
        { option: "batchSize" },
      );
    }
    return new GpuTensor(device, pool.acquire(size, TENSOR_USAGE(), "batch"), descriptor);
  }
}
