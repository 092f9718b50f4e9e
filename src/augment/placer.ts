import { OptionCheck } from "../check.ts";
import { type CassetteError, LimitsError, ShapeError, UsageError } from "../errors.ts";
import type { GpuImage } from "../gpu/images.ts";
import { type DType, DTYPE_BYTES } from "../gpu/tensor.ts";
import { BINDING_ALIGNMENT } from "./dispatch_list.ts";
import { PIXEL_BYTES } from "./kernels.ts";
import type { SampleKeys } from "./operator.ts";
import { MOST_PIXELS } from "./parameters.ts";
import { SampleRandom } from "./philox.ts";
import { Chain } from "./chain.ts";
import { place, type Plan } from "./plan.ts";
import { MOST_PROGRAM_TURNS, programTurns } from "./turns.ts";

/** Something that cannot be augmented. */
export interface AugmentFault {
  /** Its place among the images. */
  index: number;
  /** Why: a `ShapeError` or a `LimitsError`. */
  reason: CassetteError;
}

/** Anything that has a size in pixels. */
export type Sized = { readonly width: number; readonly height: number } | GpuImage | null;

/** Options of a {@linkcode BatchPlacer}. */
export interface PlacerOptions {
  /** The plan. */
  plan: Plan;
  /** Number format of the output. */
  dtype: DType;
  /** Seed in place of the keys' one. */
  seed?: number | bigint;
  /** Whether all chance is left out. */
  fixed: boolean;
  /** Most bytes of an image that a kernel can read or write. */
  maxBytes: number;
}

/**
 * Works out on the CPU what every pass does to every image of a batch, less than a microsecond an
 * image. The results are kept from batch to batch, so that a stream makes no garbage.
 */
export class BatchPlacer {
  /** What is done to each image; old values where it is null. */
  readonly chains: Chain[] = [];
  readonly #options: PlacerOptions;
  readonly #seed: bigint | undefined;
  readonly #random = new SampleRandom();

  /**
   * Checks the seed.
   *
   * @param options Plan, seed and limits.
   * @throws {UsageError} If the seed is wrong.
   */
  constructor(options: PlacerOptions) {
    this.#options = options;
    this.#seed = options.seed === undefined ? undefined : checkSeed(options.seed);
  }

  /**
   * Places all images.
   *
   * @param images Their sizes; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @returns The one size of all results; undefined if all images are null.
   * @throws {ShapeError} If sizes differ, or an operator cannot be done.
   * @throws {LimitsError} If an image is too large for the device.
   */
  place(
    images: readonly Sized[],
    keys: SampleKeys,
  ): { width: number; height: number } | undefined {
    this.#begin(images, keys);
    let reference = -1, width = 0, height = 0;
    for (let index = 0; index < images.length; index++) {
      const image = images[index];
      if (!image) continue;
      const chain = this.#placeOne(image, index, keys);
      if (reference < 0) {
        reference = index;
        width = chain.width;
        height = chain.height;
      } else if (chain.width !== width || chain.height !== height) {
        throw new ShapeError(
          `Cannot batch ${
            sampleName(index, keys)
          } as it must be ${width} × ${height} pixels after ` +
            `augmentation, like ${sampleName(reference, keys)}: received ${chain.width} × ` +
            `${chain.height}. Operators such as randomResizedCrop, or resize and centerCrop, give all images one size`,
          { sampleId: keys.ids?.at(index) },
        );
      }
    }
    choosePartners(images, this.chains, keys.valid);
    return reference < 0 ? undefined : { width, height };
  }

  /**
   * Places each image by itself, whatever sizes come out.
   *
   * @param images Their sizes; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @throws {ShapeError} If an operator cannot be done.
   * @throws {LimitsError} If an image is too large for the device.
   */
  placeEach(images: readonly Sized[], keys: SampleKeys): void {
    this.#begin(images, keys);
    images.forEach((image, index) => image && this.#placeOne(image, index, keys));
  }

  /**
   * Finds the images that cannot be placed.
   *
   * @param images Their sizes; null for one that is not there.
   * @param keys What the random parameters depend on.
   * @returns Places and reasons, in order.
   */
  faults(images: readonly Sized[], keys: SampleKeys): AugmentFault[] {
    this.#begin(images, keys);
    const faults: AugmentFault[] = [];
    images.forEach((image, index) => {
      if (!image) return;
      try {
        this.#placeOne(image, index, keys);
      } catch (error) {
        if (!(error instanceof ShapeError || error instanceof LimitsError)) throw error;
        faults.push({ index, reason: error });
      }
    });
    return faults;
  }

  #placeOne(image: NonNullable<Sized>, index: number, keys: SampleKeys): Chain {
    const { plan, fixed } = this.#options;
    const chain = this.chains[index] ??= new Chain(fixed);
    const { width, height } = image;
    if (!(width >= 1 && height >= 1)) {
      check.refuse(`image ${index}`, "at least 1 × 1 pixels", `${width} × ${height}`);
    }
    const pitch = "rowPitch" in image ? image.rowPitch / PIXEL_BYTES.u8 : width;
    const { maxBytes } = this.#options;
    const read = pitch * height * PIXEL_BYTES.u8;
    this.#checkLimit(read, maxBytes, "bytes of the image", index, keys);
    this.#random.sample(keys.epoch, keys.positions[index]);
    try {
      place(plan, chain, width, height, pitch, this.#random);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw new ShapeError(`${error.message} in ${sampleName(index, keys)}`, {
        sampleId: keys.ids?.at(index),
      });
    }
    for (let pass = 0; pass < chain.count; pass++) {
      const { geometry } = chain.passes[pass];
      const turns = programTurns(chain.passes[pass]);
      const loops = "loop turns of the colour steps that share a pass";
      this.#checkLimit(turns, MOST_PROGRAM_TURNS, loops, index, keys);
      const last = pass === chain.count - 1 && chain.mixingCount === 0;
      const { width, height } = geometry;
      const side = Math.max(width, height);
      this.#checkLimit(side, MOST_PIXELS, "columns and rows after augmentation", index, keys);
      // What is written begins within the range that is bound for it.
      const most = maxBytes - BINDING_ALIGNMENT;
      const bytes = this.#outputBytes(width, height, last);
      this.#checkLimit(bytes, most, "bytes after augmentation", index, keys);
    }
    return chain;
  }

  /** Bytes that a pass writes: pixels for the next one, or the tensor's elements. */
  #outputBytes(width: number, height: number, last: boolean): number {
    const elementBytes = DTYPE_BYTES[this.#options.dtype];
    const tensor = last && width % (4 / elementBytes) === 0;
    return width * height * (tensor ? 3 * elementBytes : PIXEL_BYTES.f32);
  }

  #checkLimit(value: number, most: number, what: string, index: number, keys: SampleKeys): void {
    if (value <= most) return;
    throw new LimitsError(
      `Cannot augment ${sampleName(index, keys)} as the ${what} must be at most ${most} on this ` +
        `device: received ${value}`,
      { sampleId: keys.ids?.at(index) },
    );
  }

  #begin(images: readonly Sized[], keys: SampleKeys): void {
    check.that(Array.isArray(images), "images", "a list", images);
    check.that(typeof keys === "object" && keys !== null, "keys", "SampleKeys", keys);
    const { positions } = keys;
    if (positions?.length !== images.length) {
      check.refuse(
        "positions",
        `one for each of ${images.length} images`,
        String(positions?.length ?? positions),
      );
    }
    const { valid } = keys;
    if (valid !== undefined && valid?.length !== images.length) {
      check.refuse("valid", `one for each of ${images.length} images`, String(valid?.length));
    }
    for (let i = 0; i < positions.length; i++) {
      const isPosition = Number.isSafeInteger(positions[i]) && positions[i] >= 0;
      if (!isPosition) {
        check.refuse("positions", "whole numbers from 0 on", `${positions[i]} at ${i}`);
      }
    }
    if (!Number.isInteger(keys.epoch) || keys.epoch < 0 || keys.epoch > 0xffffffff) {
      throw new UsageError(
        `Cannot augment as epoch must be a whole number from 0 to 2³² - 1: received ${keys.epoch}`,
        { option: "epoch" },
      );
    }
    this.#random.seed(this.#seed ?? checkSeed(keys.seed));
  }
}

const check = new OptionCheck("augment");

/** Gives each sample that is mixed a partner among the others that are there and not only fill the batch. */
function choosePartners(
  images: readonly Sized[],
  chains: readonly Chain[],
  valid: ArrayLike<number> | undefined,
): void {
  if (!chains.some(({ mixingCount }, index) => mixingCount > 0 && images[index])) return;
  const present = images.flatMap((image, index) => image && valid?.[index] !== 0 ? [index] : []);
  const places = new Map(present.map((index, place) => [index, place]));
  images.forEach((image, index) => {
    if (!image) return;
    const place = places.get(index);
    const { mixings, mixingCount } = chains[index];
    for (let i = 0; i < mixingCount; i++) {
      const mixing = mixings[i];
      if (mixing.kind === null) continue;
      if (place === undefined || present.length === 1) {
        mixing.kind = null;
        mixing.weight = 1;
        mixing.box.fill(0);
        continue;
      }
      const step = 1 + Math.floor(mixing.choice * (present.length - 1));
      mixing.partner = present[(place + step) % present.length];
    }
  });
}

function sampleName(index: number, keys: SampleKeys): string {
  return keys.ids ? `sample ${keys.ids.at(index)}` : `image ${index}`;
}

function checkSeed(seed: number | bigint): bigint {
  const inRange = typeof seed === "bigint"
    ? seed >= 0n && seed < 2n ** 64n
    : Number.isSafeInteger(seed) && seed >= 0;
  if (inRange) return BigInt(seed);
  throw new UsageError(
    `Cannot augment as seed must be a whole number from 0 to 2⁵³ - 1, or to 2⁶⁴ - 1 as a bigint: received ${seed}`,
    { option: "seed" },
  );
}
