import type { SampleMix } from "./augment/batch_mix.ts";
import type { MaskTensor } from "./augment/mask_tensor.ts";
import { OptionCheck } from "./check.ts";
import { type CassetteError, DisposedError, type SampleError, UsageError } from "./errors.ts";
import type { GpuTensor } from "./gpu/tensor.ts";
import type { IdList } from "./ids.ts";
import type { LoaderState } from "./state.ts";

/** To which request a batch belongs. */
export interface RequestPart {
  /** Number of the request, from 0. */
  index: number;
  /** Number of this part of it, from 0. */
  part: number;
  /** Number of parts of the request. */
  parts: number;
}

/** What a batch is made of. */
export interface BatchFields<L> {
  /** Images in GPU memory; null where the batch failed. */
  images: GpuTensor | null;
  /**
   * Images that keep sizes of their own, their masks where labels are masks, and the buffers in which
   * all lie; null where they have one size.
   */
  ragged: {
    tensors: readonly (GpuTensor | null)[];
    masks: readonly (MaskTensor | null)[] | null;
    buffers: readonly GPUBuffer[];
  } | null;
  /** Labels, as the label reader makes them. */
  labels: L;
  /** The masks in GPU memory, where labels are masks. */
  masks: MaskTensor | null;
  /** What was mixed into which sample. */
  mix: readonly SampleMix[];
  /** Ids of the samples. */
  ids: IdList;
  /** Number of the epoch, from 0. */
  epoch: number;
  /** 1 for a sample to learn from, 0 for one that is padded or masked. */
  valid: Uint8Array;
  /** Samples that could not be loaded. */
  errors: SampleError[];
  /** From where to resume after this batch; null for batches of a request. */
  state: LoaderState | null;
  /** To which request the batch belongs. */
  request?: RequestPart;
  /** Why the batch has no images. */
  failure?: CassetteError;
}

/** Takes a batch's buffers back, or gives them up. */
export interface BatchOwner {
  /**
   * Called once, when the batch is disposed of.
   *
   * @param buffers All that the batch lies in, for others to use.
   * @param until When they may be used; at once when left out. It never rejects.
   */
  release(buffers: GPUBuffer[], until?: Promise<unknown>): void;
  /**
   * Called once, when the batch's buffers are taken out.
   *
   * @param buffers All that the batch lies in; whoever took them destroys them.
   */
  forget(buffers: GPUBuffer[]): void;
}

/**
 * A batch of images in GPU memory with their labels and ids.
 *
 * Dispose of it (`using`) once the work that reads it has been submitted: its buffer then serves a
 * later batch. Use after dispose throws `DisposedError`.
 */
export class Batch<L> implements Disposable {
  /** Labels, as the label reader makes them. */
  readonly labels: L;
  /** Ids of the samples, in their order. */
  readonly ids: IdList;
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** 1 for a sample to learn from, 0 for one that is padded or masked. */
  readonly valid: Uint8Array;
  /** What mixup and cutmix have mixed into which sample; empty where they are not used. */
  readonly mix: readonly SampleMix[];
  /** Samples that could not be loaded: their places, ids and reasons. */
  readonly errors: readonly SampleError[];
  /** Small JSON from which a loader can resume after this batch; null for batches of a request. */
  readonly state: LoaderState | null;
  /** To which request the batch belongs, where it was made for one. */
  readonly request?: RequestPart;
  /** Why this part of a request could not be served; its images are not there. */
  readonly failure?: CassetteError;
  readonly #images: GpuTensor | null;
  readonly #ragged: BatchFields<L>["ragged"];
  readonly #masks: MaskTensor | null;
  readonly #holds: Promise<unknown>[] = [];
  #owner: BatchOwner | null;

  /**
   * Puts a batch together; loaders do so.
   *
   * @param fields What the batch is made of.
   * @param owner Takes the buffer back.
   */
  constructor(fields: BatchFields<L>, owner: BatchOwner) {
    this.labels = fields.labels;
    this.ids = fields.ids;
    this.epoch = fields.epoch;
    this.valid = fields.valid;
    this.errors = fields.errors;
    this.state = fields.state;
    if (fields.request) this.request = fields.request;
    if (fields.failure) this.failure = fields.failure;
    this.mix = fields.mix;
    this.#images = fields.images;
    this.#ragged = fields.ragged;
    this.#masks = fields.masks;
    this.#owner = owner;
  }

  /** Number of samples, padded and masked ones counted. */
  get length(): number {
    return this.ids.length;
  }

  /**
   * The images.
   *
   * @throws {DisposedError} If the batch has been disposed of or its buffer taken.
   * @throws {UsageError} If the loader's `output.ragged` is true: they are in {@linkcode Batch.ragged}.
   * @throws {CassetteError} The failure, if the batch has one.
   */
  get images(): GpuTensor {
    this.#alive();
    return this.#images ?? raggedness("images", false);
  }

  /**
   * The images of a loader whose `output.ragged` is true: a tensor of one image for each sample, each
   * in its own size and at a multiple of 256 bytes of a buffer that it shares with others; null for a
   * sample that could not be loaded.
   *
   * @throws {DisposedError} If the batch has been disposed of or its buffers taken.
   * @throws {UsageError} If it is not: they are in {@linkcode Batch.images}.
   * @throws {CassetteError} The failure, if the batch has one.
   */
  get ragged(): readonly (GpuTensor | null)[] {
    this.#alive();
    return this.#ragged?.tensors ?? raggedness("ragged", true);
  }

  /**
   * The masks of a loader whose `output.ragged` is true and whose labels are masks: a tensor of one mask
   * for each sample, as large as its image in {@linkcode Batch.ragged}; null for a sample that could not
   * be loaded.
   *
   * @throws {DisposedError} If the batch has been disposed of or its buffers taken.
   * @throws {UsageError} If images have one size, or labels are no masks: those are in `labels`.
   * @throws {CassetteError} The failure, if the batch has one.
   */
  get raggedMasks(): readonly (MaskTensor | null)[] {
    this.#alive();
    if (!this.#ragged) raggedness("raggedMasks", true);
    if (this.#ragged.masks) return this.#ragged.masks;
    throw new UsageError(
      "Cannot use batch.raggedMasks as labels of the loader must be mask(): received others",
      { option: "labels" },
    );
  }

  /**
   * Moves the images to the caller, who destroys their buffer when done; masks in `labels` too.
   *
   * @returns The images; they outlive the batch and the loader.
   * @throws {DisposedError} If the batch has been disposed of or its buffer taken already.
   * @throws {UsageError} If the loader's `output.ragged` is true.
   */
  take(): GpuTensor {
    const images = this.images;
    this.#forget();
    return images;
  }

  /**
   * Moves the images of a loader whose `output.ragged` is true to the caller, who destroys each of
   * their buffers once when done; masks in `raggedMasks`, which must be read before, too.
   *
   * @returns The images, as {@linkcode Batch.ragged} has them; they outlive the batch and the loader.
   * @throws {DisposedError} If the batch has been disposed of or its buffers taken already.
   * @throws {UsageError} If it is not.
   */
  takeRagged(): readonly (GpuTensor | null)[] {
    const images = this.ragged;
    this.#forget();
    return images;
  }

  /**
   * Keeps the buffers from serving a later batch until a promise settles, also after dispose. For
   * libraries that submit work later than they take it, such as TensorFlow.js: the promise of a value
   * that was computed from the batch settles after all that reads it has been submitted.
   *
   * Until then the batch counts as one of those that are out (`maxBatchesOut`).
   *
   * @param until Settles once the work that reads the batch has been submitted; how does not matter.
   * @throws {UsageError} If it is no promise.
   * @throws {DisposedError} If the batch has been disposed of or its buffer taken.
   * @example
   * ```ts ignore
   * for await (using batch of loader) {
   *   const loss = train(batch.images, batch.labels); // a tensor of TensorFlow.js
   *   batch.hold(loss.data().then(([value]) => losses.push(value)));
   * }
   * ```
   */
  hold(until: PromiseLike<unknown>): void {
    this.#alive();
    const isPromise = typeof until === "object" && typeof until?.then === "function";
    new OptionCheck("hold a batch").that(isPromise, "until", "a promise", until);
    this.#holds.push(Promise.allSettled([until]));
  }

  /**
   * Gives the buffers back; safe once the work that reads them has been submitted, or is named by
   * {@linkcode Batch.hold}.
   */
  [Symbol.dispose](): void {
    const owner = this.#owner;
    if (!owner) return;
    this.#owner = null;
    const buffers = this.#buffers();
    this.#images?.invalidate();
    for (const tensor of this.#ragged?.tensors ?? []) tensor?.invalidate();
    for (const tensor of this.#ragged?.masks ?? []) tensor?.invalidate();
    this.#masks?.invalidate();
    owner.release(buffers, this.#holds.length === 0 ? undefined : Promise.all(this.#holds));
  }

  #buffers(): GPUBuffer[] {
    const tensors = [this.#images, this.#masks].flatMap((
      tensor,
    ) => (tensor ? [tensor.buffer] : []));
    return [...tensors, ...this.#ragged?.buffers ?? []];
  }

  #forget(): void {
    this.#owner?.forget(this.#buffers());
    this.#owner = null;
  }

  #alive(): void {
    if (this.failure) throw this.failure;
    if (this.#owner) return;
    throw new DisposedError(
      "Cannot use a batch as it must not have been disposed of, nor its images taken",
    );
  }
}

function raggedness(field: string, wanted: boolean): never {
  throw new UsageError(
    `Cannot use batch.${field} as output.ragged of the loader must be ${wanted}: received ${!wanted}`,
    { option: "output.ragged" },
  );
}
