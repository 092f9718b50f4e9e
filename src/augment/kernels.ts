import { UsageError } from "../errors.ts";
import { getKernel, type Kernel } from "../gpu/kernel.ts";
import { faultError, inScopes } from "../gpu/scope.ts";
import { type DType, DTYPE_BYTES, type Layout } from "../gpu/tensor.ts";
import { SHADERS } from "../shaders.ts";
import { type Filter, FILTERS } from "./geometry.ts";
import type { StepKind } from "./pixel_step.ts";
import type { Placement, Statistic } from "./placement.ts";
import type { UserKernel } from "./user_kernel.ts";

/** What a kernel of this stage reads: decoded pictures, or what an earlier pass left. */
export type SourceKind = "u8" | "f32";

/** What it writes: the tensor, or pixels for a later pass. */
export interface TargetKind {
  /** Order of a tensor's dimensions, or pixels for a later pass. */
  layout: Layout | "pixels";
  /** Number format. */
  dtype: DType;
  /** Whether four numbers at a time can be stored: rows and the tensor's place are multiples of that. */
  vectors: boolean;
}

/** Pixels of four f32. */
export const PIXELS: TargetKind = { layout: "pixels", dtype: "f32", vectors: false };

/** Bytes of a pixel by what it is read as. */
export const PIXEL_BYTES: Readonly<Record<SourceKind, number>> = { u8: 4, f32: 16 };

/** Which kernel, by its file. */
export type KernelKind =
  | "resample"
  | "nearest"
  | "warp"
  | "blur"
  | "sharpen"
  | "user"
  | "reduce"
  | "pack"
  | "histogram"
  | "summary"
  | "table"
  | "mix"
  | "mask"
  | "mask_store";

/** Which steps a pixel program has that are left out where there are none. */
export interface Program {
  /** Whether it looks into statistics. */
  readonly tables: boolean;
  /** Whether it has noise. */
  readonly noise: boolean;
  /** Whether it changes the levels of bytes. */
  readonly levels: boolean;
  /** Whether it fills rectangles, or what lies around them. */
  readonly boxes: boolean;
}

/** Values for the `override` constants of program.wgsl. */
function programConstants(program: Program | null): Record<string, number> {
  if (!program) return {};
  const { tables, noise, levels, boxes } = program;
  return {
    TABLES: Number(tables),
    NOISES: Number(noise),
    LEVELS: Number(levels),
    BOXES: Number(boxes),
  };
}

function programKey(program: Program | null): string {
  return program ? `/program${Object.values(programConstants(program)).join("")}` : "";
}

/**
 * What the pixel program of a pass has in it.
 *
 * @param placement The pass.
 * @returns Its kinds of steps; null if it has none.
 */
export function programOf(placement: Placement): Program | null {
  if (placement.stepCount === 0) return null;
  return {
    tables: placement.statistic !== null,
    noise: placement.hasNoise,
    levels: placement.hasStep((step) => LEVELS.has(step.kind)),
    boxes: placement.hasStep((step) => step.boxed),
  };
}

const LEVELS: ReadonlySet<StepKind> = new Set(["bytes", "posterize", "solarize"]);

/** How a kernel stores what it makes, by its part. */
export type StorePart = "words" | "f32" | "f16" | "pixels" | "none";

/** One variant of one kernel. */
export interface KernelVariant {
  /** Unique name. */
  readonly key: string;
  /** Which kernel it is. */
  readonly kind: KernelKind;
  /** What it reads. */
  readonly source: SourceKind;
  /** Output pixels that a workgroup makes, across and down, for those that are dispatched by pixels. */
  readonly tile: readonly [number, number];
  /** Values for `override` constants. */
  readonly constants: Record<string, number>;
  /** How it stores what it makes. */
  readonly store: StorePart;
  /** What the pixel programs that it runs have in them; null if it runs none. */
  readonly program: Program | null;
  /** The caller's own code, for `user`. */
  readonly user: UserKernel | null;
}

/**
 * What a tensor is stored as.
 *
 * @param tensor Layout, number format, and place in its buffer.
 * @param width Columns of its images.
 * @returns How kernels store it.
 */
export function tensorKind(
  tensor: { layout: Layout; dtype: DType; byteOffset: number },
  width: number,
): TargetKind {
  const { layout, dtype, byteOffset } = tensor;
  const bytes = QUAD * DTYPE_BYTES[dtype];
  const vectors = dtype !== "u8" && width % QUAD === 0 && byteOffset % bytes === 0;
  return { layout, dtype, vectors };
}

const QUAD = 4;
const FORMATS = { NCHW: 0, NHWC: 1 };
const DTYPES = { f32: 0, f16: 1, u8: 2 };
/**
 * Invocations of a workgroup across and down. Along rows, as pictures are larger than a CPU's caches:
 * 32 × 1 takes 0.8 of the time of 8 × 8 on lavapipe.
 */
const WIDTH = 32;
const HEIGHT = 1;
const TILE = 4;

/** Invocations of a workgroup of `reduce`, `pack` and `mask_store`. */
export const LANES = 64;

/** Pixels that a workgroup of `histogram` or `summary` looks at. */
const CHUNK = 4096;

const variants = new Map<string, KernelVariant>();

function variant(
  kind: KernelKind,
  source: SourceKind,
  tile: readonly [number, number],
  constants: Record<string, number>,
  store: StorePart = "none",
  program: Program | null = null,
  user: UserKernel | null = null,
): KernelVariant {
  const values = Object.values(constants).join("/");
  const key = `${kind}/${source}/${store}/${values}${programKey(program)}${
    user ? `/${user.key}` : ""
  }`;
  let found = variants.get(key);
  if (!found) {
    variants.set(key, found = { key, kind, source, tile, constants, store, program, user });
  }
  return found;
}

/** Constants of a kernel that ends in store.wgsl. */
function storing({ layout, dtype, vectors }: TargetKind): Record<string, number> {
  if (layout === "pixels") return { WIDTH, HEIGHT };
  const FORMAT = FORMATS[layout];
  return vectors ? { WIDTH, HEIGHT, FORMAT } : { WIDTH, HEIGHT, FORMAT, DTYPE: DTYPES[dtype] };
}

/** The part that stores. */
function storePart({ layout, dtype, vectors }: TargetKind): StorePart {
  if (layout === "pixels") return "pixels";
  return vectors && dtype !== "u8" ? dtype : "words";
}

const ROW: readonly [number, number] = [WIDTH * TILE, HEIGHT];
const SQUARE: readonly [number, number] = [WIDTH * TILE, HEIGHT * TILE];

/**
 * The kernel that moves pixels without interpolation.
 *
 * @param source What it reads.
 * @param target What it writes.
 * @param program What its pixel programs have in them.
 * @returns The variant.
 */
export function nearestKernel(
  source: SourceKind,
  target: TargetKind,
  program: Program | null = null,
): KernelVariant {
  return variant("nearest", source, ROW, storing(target), storePart(target), program);
}

/**
 * The kernel that resamples.
 *
 * @param source What it reads.
 * @param target What it writes.
 * @param filterX Filter along rows.
 * @param filterY Filter along columns.
 * @param program What its pixel programs have in them.
 * @returns The variant.
 */
export function resampleKernel(
  source: SourceKind,
  target: TargetKind,
  filterX: Filter,
  filterY: Filter,
  program: Program | null = null,
): KernelVariant {
  return variant(
    "resample",
    source,
    SQUARE,
    {
      ...storing(target),
      FILTER_X: filterX,
      FILTER_Y: filterY,
    },
    storePart(target),
    program,
  );
}

/**
 * The kernel that a pass of a sample needs.
 *
 * @param placement The pass.
 * @param source What it reads.
 * @param target What it writes.
 * @returns The variant.
 */
export function passKernel(
  placement: Placement,
  source: SourceKind,
  target: TargetKind,
): KernelVariant {
  const { kind, geometry, user } = placement;
  const program = programOf(placement);
  const common = storing(target);
  const store = storePart(target);
  if (kind === "blurAcross" || kind === "blurDown") {
    const [tile, AXIS] = kind === "blurAcross" ? [ROW, 0] : [SQUARE, 1];
    return variant("blur", source, tile, { ...common, AXIS }, store, program);
  }
  if (kind === "sharpen") return variant("sharpen", source, ROW, common, store, program);
  if (kind === "user") return variant("user", source, ROW, common, store, program, user);
  const { filterX, filterY } = geometry;
  if (geometry.warped) {
    return variant("warp", source, ROW, { ...common, FILTER: filterX }, store, program);
  }
  return filterX === FILTERS.nearest && filterY === FILTERS.nearest
    ? nearestKernel(source, target, program)
    : resampleKernel(source, target, filterX, filterY, program);
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
    FORMAT: target.layout === "NHWC" ? 1 : 0,
    DTYPE: DTYPES[target.dtype],
  });
}

/**
 * The kernel that looks at whole images for a statistic.
 *
 * @param statistic What it is for: only `equalize` needs a count of every byte.
 * @param source What it reads.
 * @returns The variant.
 */
export function measureKernel(statistic: Statistic, source: SourceKind): KernelVariant {
  const kind = statistic === "equalize" ? "histogram" : "summary";
  return variant(kind, source, [CHUNK, 1], { CHUNK });
}

/** The kernel that turns counts into tables. */
export const TABLE_KERNEL: KernelVariant = variant("table", "u8", [1, 1], {});

/**
 * The kernel that mixes samples.
 *
 * @param target What it writes.
 * @returns The variant.
 */
export function mixKernel(target: TargetKind): KernelVariant {
  return variant("mix", "f32", ROW, storing(target), storePart(target));
}

/**
 * The kernel that moves the numbers of masks.
 *
 * @param warp Whether along an affine map.
 * @param bits The bits of a source word that count.
 * @returns The variant.
 */
export function maskKernel(warp: boolean, bits: number): KernelVariant {
  return variant("mask", "u8", [WIDTH, HEIGHT], { WIDTH, HEIGHT, WARP: Number(warp), BITS: bits });
}

/**
 * The kernel that stores masks.
 *
 * @param perWord How many numbers a word of the target has: 1 or 4.
 * @returns The variant.
 */
export function maskStoreKernel(perWord: number): KernelVariant {
  return variant("mask_store", "u8", [1, 1], { LANES, PER: perWord });
}

type Part = keyof typeof SHADERS;

const FILTERING: ReadonlySet<KernelKind> = new Set(["resample", "warp", "reduce"]);
/** Those that know their source by themselves. */
const BARE: ReadonlySet<KernelKind> = new Set(["table", "mask", "mask_store"]);

function partsOf({ kind, source, store, program }: KernelVariant): Part[] {
  const parts: Part[] = ["augment/sample.wgsl", "augment/colours.wgsl"];
  if (!BARE.has(kind)) parts.push(`augment/source_${source}.wgsl`);
  if (FILTERING.has(kind)) parts.push("augment/filters.wgsl");
  if (program || kind === "mask") parts.push("augment/step.wgsl");
  if (store !== "none") {
    if (kind === "user" || program) parts.push("augment/random.wgsl");
    parts.push(program ? "augment/program.wgsl" : "augment/program_none.wgsl");
    parts.push(`augment/store_${store}.wgsl`, "augment/store.wgsl");
  }
  parts.push(`augment/${kind}.wgsl`);
  return parts;
}

/**
 * Compiles a variant, or takes it from the device's cache.
 *
 * @param device The device to compile for.
 * @param variant The variant.
 * @returns The kernel.
 * @throws {UsageError} If a caller's own WGSL is not valid.
 */
export async function compile(device: GPUDevice, variant: KernelVariant): Promise<Kernel> {
  const { kind, source, store, program, user } = variant;
  const parts = partsOf(variant).map((part): string => SHADERS[part]);
  const label = `augment/${kind}/${source}/${store}${programKey(program)}`;
  if (user) await checkCode(device, parts.join("\n"), user);
  return await getKernel(device, {
    label: user ? `${label}/${user.key}` : label,
    code: [...parts, user?.code ?? ""].join("\n"),
    constants: { ...variant.constants, ...programConstants(program) },
  });
}

/** Compiles a caller's own code once by itself, to say what is wrong with it. */
async function checkCode(device: GPUDevice, before: string, user: UserKernel): Promise<void> {
  const { value: module, fault } = inScopes(
    device,
    () => device.createShaderModule({ label: "wgslOp", code: `${before}\n${user.code}` }),
  );
  const [found, info] = await Promise.all([fault, module.getCompilationInfo()]);
  if (!found) return;
  if (found.kind !== "validation") throw faultError(found, "compile a wgslOp");
  const messages = info.messages.map(({ message }) => message).join("\n") || found.words;
  throw new UsageError(
    `Cannot compile a wgslOp as its code must be valid WGSL: received\n${user.code}\n${messages}`,
    { option: "code" },
  );
}
