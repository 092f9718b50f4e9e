import { LimitsError } from "../errors.ts";
import type { GpuImages, ImageRegion } from "../gpu/images.ts";
import type { Kernel } from "../gpu/kernel.ts";
import { BufferPool } from "../gpu/pool.ts";
import type { DType, GpuTensor, Layout } from "../gpu/tensor.ts";
import { compile, type KernelVariant } from "./kernels.ts";
import type { Operator, SampleKeys } from "./operator.ts";
import {
  type AugmenterOptions,
  type AugmentOutput,
  checkAugmenter,
  checkMasks,
  type MaskOptions,
  type WarmUpOptions,
} from "./augmenter_options.ts";
import { type AugmentFault, BatchPlacer, type Sized } from "./placer.ts";
import { type BatchMix, mixOf } from "./batch_mix.ts";
import type { MaskTensor } from "./mask_tensor.ts";
import { describePlan, makePlan, type Plan } from "./plan.ts";
import { regionOf } from "./regions.ts";
import { record } from "./record.ts";
import { recordMasks } from "./record_masks.ts";
import { Recorder } from "./recorder.ts";
import { checkBuffers, checkMaskTarget, checkTarget } from "./targets.ts";
import { MOST_RESAMPLING_TURNS } from "./turns.ts";
import { recordWarmUp, warmUpVariants } from "./warm_up.ts";

const MOST_STEPS = 24000;
/** What kernels read and write of nothing. */
const WARM_UP_BYTES = 256;

/**
 * Carries a list of operators out on batches of decoded images, in few passes on the GPU.
 *
 * Operators apply in order, on f32, and nothing is rounded or clamped before the store. A store to u8
 * rounds half to even and clamps to 0–255.
 *
 * @example
 * ```ts
 * import { Augmenter, IMAGENET, normalize, randomResizedCrop, requestDevice } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const device = await requestDevice();
 * const augmenter = new Augmenter(device, [randomResizedCrop(224), normalize(IMAGENET)]);
 * assertEquals(
 *   augmenter.shape([{ width: 500, height: 375 }], { seed: 7, epoch: 0, positions: [0] }),
 *   { width: 224, height: 224 },
 * );
 * assertEquals(
 *   augmenter.describe(),
 *   "1. randomResizedCrop + normalize: u8 pixels → NCHW f32",
 * );
 * device.destroy();
 * ```
 */
export class Augmenter implements Disposable {
  /** Order of the dimensions of the output. */
  readonly layout: Layout;
  /** Number format of the output. */
  readonly dtype: DType;
  /** Whether samples of a batch are mixed, which then must have one size. */
  readonly mixes: boolean;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #ownsPool: boolean;
  readonly #plan: Plan;
  readonly #fixed: boolean;
  readonly #placer: BatchPlacer;
  readonly #bindingBytes: number;
  readonly #steps: number;
  readonly #kernels = new Map<string, Kernel>();

  /**
   * Plans the passes; kernels are compiled at the first use, or by `warmUp`.
   *
   * @param device The device that holds images and tensors.
   * @param operators What is done, in order.
   * @param output Layout and number format of the result.
   * @param options Pool, seed, and how it is done.
   * @throws {UsageError} If an operator, the output or an option is wrong.
   */
  constructor(
    device: GPUDevice,
    operators: readonly Operator[],
    output: AugmentOutput = {},
    options: AugmenterOptions = {},
  ) {
    checkAugmenter(device, operators, output, options);
    const { layout = "NCHW", dtype = "f32" } = output;
    this.layout = layout;
    this.dtype = dtype;
    this.#device = device;
    this.#plan = makePlan(operators, options.fuse ?? true);
    this.mixes = this.#plan.steps.some(({ bound }) => bound.mixes);
    this.#fixed = options.fixed ?? false;
    this.#bindingBytes = Math.min(
      options.maxBindingBytes ?? Infinity,
      device.limits.maxStorageBufferBindingSize,
    );
    this.#steps = Math.min(options.maxSteps ?? MOST_STEPS, MOST_RESAMPLING_TURNS);
    this.#placer = new BatchPlacer({
      plan: this.#plan,
      dtype,
      seed: options.seed,
      fixed: this.#fixed,
      maxBytes: this.#bindingBytes,
    });
    this.#ownsPool = !options.pool;
    this.#pool = options.pool ?? new BufferPool(device);
  }

  /**
   * The one size that all images have after augmentation.
   *
   * @param images Sizes of the images before it; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @returns Width and height in pixels; undefined if all images are null.
   * @throws {ShapeError} If an image comes out in another size than the first one, or cannot be cropped.
   * @throws {LimitsError} If an image is too large for the device.
   * @throws {UsageError} If sizes or keys are wrong.
   */
  shape(
    images: readonly Sized[],
    keys: SampleKeys,
  ): { width: number; height: number } | undefined {
    return this.#placer.place(images, keys);
  }

  /**
   * The size that each image has after augmentation.
   *
   * @param images Sizes of the images before it; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @returns Width and height in pixels; null for an image that is not there.
   * @throws {ShapeError} If an image cannot be cropped.
   * @throws {LimitsError} If an image is too large for the device.
   * @throws {UsageError} If sizes or keys are wrong.
   */
  sizes(
    images: readonly Sized[],
    keys: SampleKeys,
  ): ({ width: number; height: number } | null)[] {
    this.#placer.placeEach(images, keys);
    return images.map((image, index) => {
      if (!image) return null;
      const { width, height } = this.#placer.chains[index];
      return { width, height };
    });
  }

  /**
   * Finds the images that cannot be augmented, such as those that are smaller than a crop.
   *
   * @param images Sizes of the images before augmentation; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @returns Their places and reasons, in order; empty if all can.
   * @throws {UsageError} If sizes or keys are wrong.
   */
  faults(images: readonly Sized[], keys: SampleKeys): AugmentFault[] {
    return this.#placer.faults(images, keys);
  }

  /**
   * Tells which part of each image will be read, before there is an image: nothing outside of it has
   * any influence on the result.
   *
   * @param images Sizes of the images before augmentation; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @returns A rectangle of whole pixels within each image; null for one that is not there.
   * @throws {ShapeError} If an image cannot be cropped.
   * @throws {LimitsError} If an image is too large for the device.
   * @throws {UsageError} If sizes or keys are wrong.
   */
  regions(images: readonly Sized[], keys: SampleKeys): (ImageRegion | null)[] {
    this.#placer.placeEach(images, keys);
    return images.map((image, index) => image ? regionOf(this.#placer.chains[index]) : null);
  }

  /**
   * Submits the work that writes image i of a batch to place first + i of a tensor.
   *
   * Places whose image is null are filled with zeros. Images and tensor must live until the work is
   * submitted, which is when the promise resolves.
   *
   * @param images The decoded images.
   * @param keys What the random parameters depend on: one position an image.
   * @param target The tensor, in this augmenter's layout and number format. Its buffer has usage
   * STORAGE and reaches at least to the next multiple of 4 bytes.
   * @param first Place of the first image in the tensor.
   * @returns What was mixed with what, by places in the tensor; empty if nothing was.
   * @throws {ShapeError} If the images come out in another size than the tensor's.
   * @throws {LimitsError} If one image or one sample of the tensor is larger than a binding may be, or
   * there is no memory for the work.
   * @throws {GpuError} If the device refuses the work otherwise.
   * @throws {UsageError} If keys or tensor do not fit.
   */
  async apply(
    images: GpuImages,
    keys: SampleKeys,
    target: GpuTensor,
    first = 0,
  ): Promise<BatchMix> {
    let mix: BatchMix = [];
    await this.#submit((recorder) => {
      const lent = this.#record(images, keys, target, first, recorder);
      mix = mixOf(images.images, this.#placer.chains, first);
      return lent;
    });
    return mix;
  }

  /**
   * Submits the work that does the geometry of each image to its mask, every pixel from the nearest
   * one, and writes mask i to place first + i of a tensor.
   *
   * Colour operators and erasing leave masks as they are, `mixup` too; `cutmix` pastes the partner's
   * mask. Places whose mask is null are filled with zeros.
   *
   * @param masks The masks: a word a pixel, like decoded pictures, each as large as its image; null
   * where the image is null.
   * @param keys What the random parameters depend on: the same as for the images.
   * @param target The tensor.
   * @param options Where it begins, and what the numbers are.
   * @throws {ShapeError} If the masks come out in another size than the tensor's.
   * @throws {LimitsError} If a mask is larger than a binding may be, or there is no memory for the work.
   * @throws {GpuError} If the device refuses the work otherwise.
   * @throws {UsageError} If keys or tensor do not fit, or an option is wrong.
   */
  async applyMasks(
    masks: GpuImages,
    keys: SampleKeys,
    target: MaskTensor,
    options: MaskOptions = {},
  ): Promise<void> {
    checkBuffers(this.#device, masks, target);
    checkMasks(options, target.dtype);
    await this.#submit((recorder) => this.#recordMasks(masks, keys, target, options, recorder));
  }

  #recordMasks(
    masks: GpuImages,
    keys: SampleKeys,
    target: MaskTensor,
    options: MaskOptions,
    recorder: Recorder,
  ): GPUBuffer[] {
    const { first = 0, bits = 8, fill = 0 } = options;
    const size = this.#placer.place(masks.images, keys);
    checkMaskTarget(target, first, masks.images.length, size);
    return recordMasks(masks, this.#placer.chains, recorder, {
      target,
      first,
      bits: bits === 8 ? 0xff : 0xffffffff,
      fill,
      budget: this.#bindingBytes,
      pool: this.#pool,
    });
  }

  /**
   * Submits what is recorded; if there is no memory for it, once more without idle buffers.
   *
   * @param record Records the work, and gives the buffers that it has lent for it.
   */
  async #submit(record: (recorder: Recorder) => readonly GPUBuffer[]): Promise<void> {
    for (let last = false;; last = true) {
      const recorder = new Recorder(this.#device, this.#bindingBytes);
      const lent = record(recorder);
      try {
        await this.#compile(recorder.variants);
        const failure = await recorder.submit(this.#kernels, this.#pool);
        if (!failure) return;
        if (last || !(failure instanceof LimitsError)) throw failure;
      } finally {
        for (const buffer of lent) this.#pool.release(buffer);
      }
      await this.#pool.trim();
    }
  }

  /**
   * Compiles the kernels, and runs each once on nothing. Of random operators, what comes up in fewer
   * than one of 512 samples may be left to the sample that needs it.
   *
   * @param options What they are made ready for.
   * @returns When the work is submitted.
   * @throws {UsageError} If the code of a `wgslOp` does not compile.
   * @throws {DeviceLostError} If the device is lost.
   */
  async warmUp(options: WarmUpOptions = {}): Promise<void> {
    const variants = warmUpVariants(this.#plan, this.#fixed, this, options);
    const usage = GPUBufferUsage.STORAGE;
    await this.#submit((recorder) => {
      const buffers = ["source", "target"].map((name) =>
        this.#pool.acquire(WARM_UP_BYTES, usage, `augment warm-up ${name}`)
      );
      const [source, target] = buffers.map((buffer) => {
        return { buffer, byteOffset: 0, byteLength: WARM_UP_BYTES };
      });
      recordWarmUp(variants, recorder, source, target);
      return buffers;
    });
  }

  /**
   * Says what is done, for people.
   *
   * @returns One line a pass.
   */
  describe(): string {
    return describePlan(this.#plan, `${this.layout} ${this.dtype}`, this.#fixed);
  }

  /** Gives the buffers of its own pool back; without effect on a pool that it was given. */
  [Symbol.dispose](): void {
    if (this.#ownsPool) this.#pool[Symbol.dispose]();
  }

  #record(
    images: GpuImages,
    keys: SampleKeys,
    target: GpuTensor,
    first: number,
    recorder: Recorder,
  ): GPUBuffer[] {
    const count = images.images.length;
    checkBuffers(this.#device, images, target);
    checkTarget(target, this, first, count, this.#placer.place(images.images, keys));
    return record(images, this.#placer.chains, recorder, {
      target,
      first,
      budget: this.#bindingBytes,
      maxSteps: this.#steps,
      pool: this.#pool,
    });
  }

  async #compile(variants: Iterable<KernelVariant>): Promise<void> {
    const missing = [...new Set(variants)].filter(({ key }) => !this.#kernels.has(key));
    if (missing.length === 0) return;
    await Promise.all(missing.map(async (variant) => {
      this.#kernels.set(variant.key, await compile(this.#device, variant));
    }));
  }
}
