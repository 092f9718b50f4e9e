import { getKernel, type Kernel } from "../gpu/kernel.ts";
import type { DType, Layout } from "../gpu/tensor.ts";
import { SHADERS } from "../shaders.ts";
import type { Filter } from "./geometry.ts";

/** What a kernel of this stage reads: decoded pictures, or what an earlier pass left. */
export type SourceKind = "u8" | "f32";

/** What it writes: the tensor, or pixels for a later pass. */
export type TargetKind = { layout: Layout | "pixels"; dtype: DType };

/** Pixels of four f32. */
export const PIXELS: TargetKind = { layout: "pixels", dtype: "f32" };

/** Bytes of a pixel by what it is read as. */
export const PIXEL_BYTES: Readonly<Record<SourceKind, number>> = { u8: 4, f32: 16 };

/** One variant of one kernel. */
export interface KernelVariant {
  /** Unique name. */
  readonly key: string;
  /** Which kernel it is. */
  readonly kind: "resample" | "nearest" | "reduce" | "pack";
  /** What it reads. */
  readonly source: SourceKind;
  /** Output pixels that a workgroup makes, across and down; for `resample` and `nearest`. */
  readonly tile: readonly [number, number];
  /** Values for `override` constants. */
  readonly constants: Record<string, number>;
}

const FORMATS = { NCHW: 0, NHWC: 1, pixels: 2 };
const DTYPES = { f32: 0, f16: 1, u8: 2 };
const WIDTH = 8;
const HEIGHT = 8;
const TILE = 4;

/** Invocations of a workgroup of `reduce` and `pack`. */
export const LANES = 64;

const variants = new Map<string, KernelVariant>();

function variant(
  kind: KernelVariant["kind"],
  source: SourceKind,
  tile: readonly [number, number],
  constants: Record<string, number>,
): KernelVariant {
  const key = `${kind}/${source}/${Object.values(constants).join("/")}`;
  let found = variants.get(key);
  if (!found) variants.set(key, found = { key, kind, source, tile, constants });
  return found;
}

/**
 * The kernel that moves pixels without interpolation.
 *
 * @param source What it reads.
 * @param target What it writes.
 * @returns The variant.
 */
export function nearestKernel(source: SourceKind, target: TargetKind): KernelVariant {
  return variant("nearest", source, [WIDTH * TILE, HEIGHT], {
    WIDTH,
    HEIGHT,
    FORMAT: FORMATS[target.layout],
    DTYPE: DTYPES[target.dtype],
  });
}

/**
 * The kernel that resamples.
 *
 * @param source What it reads.
 * @param target What it writes.
 * @param filterX Filter along rows.
 * @param filterY Filter along columns.
 * @returns The variant.
 */
export function resampleKernel(
  source: SourceKind,
  target: TargetKind,
  filterX: Filter,
  filterY: Filter,
): KernelVariant {
  return variant("resample", source, [WIDTH * TILE, HEIGHT * TILE], {
    WIDTH,
    HEIGHT,
    FORMAT: FORMATS[target.layout],
    DTYPE: DTYPES[target.dtype],
    FILTER_X: filterX,
    FILTER_Y: filterY,
  });
}

/**
 * The kernel that resamples one axis with a very wide filter, into pixels.
 *
 * @param source What it reads.
 * @param filter Filter along the axis.
 * @param axis 0: along rows, 1: along columns.
 * @returns The variant.
 */
export function reduceKernel(source: SourceKind, filter: Filter, axis: 0 | 1): KernelVariant {
  return variant("reduce", source, [1, 1], { LANES, FILTER: filter, AXIS: axis });
}

/**
 * The kernel that packs pixels into a tensor whose rows do not begin at whole words.
 *
 * @param target What it writes: f16 or u8.
 * @returns The variant.
 */
export function packKernel(target: TargetKind): KernelVariant {
  return variant("pack", "f32", [1, 1], {
    LANES,
    FORMAT: FORMATS[target.layout],
    DTYPE: DTYPES[target.dtype],
  });
}

/**
 * Compiles a variant, or takes it from the device's cache.
 *
 * @param device The device to compile for.
 * @param variant The variant.
 * @returns The kernel.
 */
export function compile(device: GPUDevice, variant: KernelVariant): Promise<Kernel> {
  const parts = ["augment/sample.wgsl", `augment/source_${variant.source}.wgsl`] as (
    keyof typeof SHADERS
  )[];
  if (variant.kind === "resample" || variant.kind === "reduce") parts.push("augment/filters.wgsl");
  if (variant.kind === "resample" || variant.kind === "nearest") parts.push("augment/store.wgsl");
  parts.push(`augment/${variant.kind}.wgsl`);
  return getKernel(device, {
    label: `augment/${variant.kind}/${variant.source}`,
    code: parts.map((part) => SHADERS[part]).join("\n"),
    constants: variant.constants,
  });
}
