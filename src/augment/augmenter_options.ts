import { OptionCheck } from "../check.ts";
import { BufferPool } from "../gpu/pool.ts";
import type { DType, Layout } from "../gpu/tensor.ts";
import type { MaskDType } from "./mask_tensor.ts";
import type { Operator } from "./operator.ts";

/** Layout and number format of the tensor that an {@linkcode Augmenter} fills. */
export interface AugmentOutput {
  /** Order of the dimensions; `"NCHW"` when left out. */
  layout?: Layout;
  /** Number format of the elements; `"f32"` when left out. */
  dtype?: DType;
}

/** Options of an {@linkcode Augmenter}. */
export interface AugmenterOptions {
  /** Lends the buffers; one of its own when left out. */
  pool?: BufferPool;
  /** Seed in place of the keys' one, from 0 to 2⁶⁴ - 1. */
  seed?: number | bigint;
  /**
   * True leaves all chance out, as validation wants it: random flips, erasing, mixing and colours are
   * not done, random windows are in the middle, what is given as a plain number is done.
   */
  fixed?: boolean;
  /** False gives every operator a pass of its own: slower, for comparison. */
  fuse?: boolean;
  /** Most bytes of one storage binding; the device's limit when left out. */
  maxBindingBytes?: number;
  /**
   * Most loop steps that resampling takes in one shader invocation; 24,000 when left out. More than
   * 41,000 count as that many, as some adapters stop at 65,535 without an error.
   */
  maxSteps?: number;
}

/** Options of {@linkcode Augmenter.warmUp}: what kernels are made ready for, beside images of one size. */
export interface WarmUpOptions {
  /** True if images keep sizes of their own. */
  ragged?: boolean;
  /** True if there are masks, too. */
  masks?: boolean;
}

/** Options of {@linkcode Augmenter.applyMasks}. */
export interface MaskOptions {
  /** Place of the first mask in the tensor; 0 when left out. */
  first?: number;
  /**
   * How many bits of a pixel's word are its number: 8 (the red of a decoded picture, which is all of a
   * grey one) or 32; 8 when left out.
   */
  bits?: 8 | 32;
  /**
   * The number of what a rotation or a pad shows beyond the image, which the tensor can hold; 0 when
   * left out.
   */
  fill?: number;
}

const check = new OptionCheck("augment");

const KNOWN_OUTPUT: Record<keyof AugmentOutput, true> = { layout: true, dtype: true };

const KNOWN: Record<keyof AugmenterOptions, true> = {
  pool: true,
  seed: true,
  fixed: true,
  fuse: true,
  maxBindingBytes: true,
  maxSteps: true,
};

/**
 * Checks what an augmenter is made of, but for the operators and the seed.
 *
 * @param device As the caller gave it.
 * @param operators As the caller gave them.
 * @param output As the caller wrote it.
 * @param options As the caller wrote them.
 * @throws {UsageError} If one is wrong, or there is no option of that name.
 */
export function checkAugmenter(
  device: GPUDevice,
  operators: readonly Operator[],
  output: AugmentOutput,
  options: AugmenterOptions,
): void {
  check.device("device", device);
  check.that(Array.isArray(operators), "operators", "a list of operators", operators);
  check.names(output, KNOWN_OUTPUT, "output.");
  check.oneOf("output.layout", output.layout, ["NCHW", "NHWC"]);
  check.oneOf("output.dtype", output.dtype, ["f32", "f16", "u8"]);
  check.names(options, KNOWN);
  const { pool } = options;
  const fits = pool === undefined || (pool instanceof BufferPool && pool.device === device);
  check.that(fits, "pool", "a BufferPool of the device", pool);
  check.flag("fixed", options.fixed);
  check.flag("fuse", options.fuse);
  check.whole("maxBindingBytes", options.maxBindingBytes, 1);
  check.whole("maxSteps", options.maxSteps, 1);
}

const KNOWN_MASKS: Record<keyof MaskOptions, true> = { first: true, bits: true, fill: true };

/** Least and largest number of each format. */
const NUMBERS: Readonly<Record<MaskDType, readonly [number, number]>> = {
  u8: [0, 255],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};

/**
 * Checks how masks are meant, but for where they begin.
 *
 * @param options As the caller wrote them.
 * @param dtype Number format of the tensor that they go to.
 * @throws {UsageError} If one is wrong, or there is no option of that name.
 */
export function checkMasks(options: MaskOptions, dtype: MaskDType): void {
  check.names(options, KNOWN_MASKS);
  const { bits = 8, fill = 0 } = options;
  check.that(bits === 8 || bits === 32, "bits", "8 or 32", bits);
  const [least, most] = NUMBERS[dtype];
  const holds = Number.isInteger(fill) && fill >= least && fill <= most;
  check.that(holds, "fill", `a whole number from ${least} to ${most}, as for ${dtype}`, fill);
}
