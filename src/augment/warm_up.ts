import { type DType, DTYPE_BYTES, type Layout } from "../gpu/tensor.ts";
import type { WarmUpOptions } from "./augmenter_options.ts";
import { Chain } from "./chain.ts";
import type { Range } from "./dispatch_list.ts";
import { type Filter, FILTERS } from "./geometry.ts";
import {
  type KernelVariant,
  maskKernel,
  maskStoreKernel,
  measureKernel,
  mixKernel,
  nearestKernel,
  packKernel,
  passKernel,
  PIXELS,
  programOf,
  reduceKernel,
  resampleKernel,
  type SourceKind,
  TABLE_KERNEL,
  type TargetKind,
  tensorKind,
} from "./kernels.ts";
import { Placement } from "./placement.ts";
import { type Plan, tryOut } from "./plan.ts";
import type { Recorder } from "./recorder.ts";

/** How often operators are tried: what comes up less often than that is compiled when it comes up. */
const TRIES = 512;
/** Bits of a mask's word that are its number. */
const MASK_BITS = [0xff, 0xffffffff];
/** Numbers in a word of a tensor of masks. */
const MASKS_PER_WORD = [1, 4];

/**
 * The kernels that a plan needs: those of samples that are tried out, with all filters that resampling
 * may choose.
 *
 * @param plan The plan.
 * @param fixed Whether chance is left out.
 * @param output Layout and number format of the tensor.
 * @param options What they are made ready for.
 * @returns Their variants, each once.
 */
export function warmUpVariants(
  plan: Plan,
  fixed: boolean,
  output: { layout: Layout; dtype: DType },
  { ragged = false, masks = false }: WarmUpOptions = {},
): Set<KernelVariant> {
  const filters = new Set<Filter>(plan.steps.flatMap(({ bound }) => bound.filters ?? []));
  // Where the scale is 1 along one axis.
  filters.add(FILTERS.nearest);
  const variants = new Set<KernelVariant>();
  const chain = new Chain(fixed);
  for (let position = 0; position < TRIES; position++) {
    tryOut(plan, chain, position);
    const targets = targetsOf(output, ragged ? undefined : chain.width, variants);
    const mixes = chain.mixingCount > 0;
    if (mixes) { for (const target of targets) variants.add(mixKernel(target)); }
    if (mixes) variants.add(mixKernel(PIXELS));
    for (let pass = 0; pass < chain.count; pass++) {
      const placement = chain.passes[pass];
      const last = pass === chain.count - 1;
      for (const target of mixes || !last ? [PIXELS] : targets) {
        passVariants(placement, pass === 0 ? "u8" : "f32", target, filters, variants);
        // The place of an image that is not there.
        if (last) variants.add(nearestKernel("u8", target));
      }
    }
  }
  if (masks) {
    for (const bits of MASK_BITS) {
      for (const warp of [true, false]) variants.add(maskKernel(warp, bits));
    }
    for (const perWord of MASKS_PER_WORD) variants.add(maskStoreKernel(perWord));
  }
  return variants;
}

/** What a tensor is stored as: of images so wide, or of any. */
function targetsOf(
  output: { layout: Layout; dtype: DType },
  width: number | undefined,
  variants: Set<KernelVariant>,
): TargetKind[] {
  const perWord = 4 / DTYPE_BYTES[output.dtype];
  const kinds = new Map<boolean, TargetKind>();
  const targets: TargetKind[] = [];
  // Of the widths 4, 2 and 1 one stands for all others.
  for (const some of width === undefined ? [4, 2, 1] : [width]) {
    const tensor = tensorKind({ ...output, byteOffset: 0 }, some);
    if (some % perWord !== 0) {
      variants.add(packKernel(tensor));
      targets.push(PIXELS);
    } else if (!kinds.has(tensor.vectors)) {
      kinds.set(tensor.vectors, tensor);
      targets.push(tensor);
    }
  }
  return targets;
}

/** The kernels of a pass, whatever the size of the image. */
function passVariants(
  placement: Placement,
  source: SourceKind,
  target: TargetKind,
  filters: ReadonlySet<Filter>,
  variants: Set<KernelVariant>,
): void {
  variants.add(passKernel(placement, source, target));
  const program = programOf(placement);
  if (placement.statistic) {
    variants.add(measureKernel(placement.statistic, source)).add(TABLE_KERNEL);
  }
  if (placement.kind !== "move") return;
  // A sample whose size needs no resampling.
  variants.add(nearestKernel(source, target, program));
  if (!placement.geometry.resampled || placement.geometry.warped) return;
  for (const x of filters) {
    for (const axis of [0, 1] as const) {
      for (const from of [source, "f32"] as const) variants.add(reduceKernel(from, x, axis));
    }
    // What is left to do after that.
    variants.add(nearestKernel("f32", target, program));
    for (const y of filters) {
      if (x === FILTERS.nearest && y === FILTERS.nearest) continue;
      variants.add(resampleKernel(source, target, x, y, program));
    }
  }
}

/**
 * Records the work of each kernel once, on nothing.
 *
 * @param variants The kernels.
 * @param recorder Takes the work.
 * @param source Some bytes to read.
 * @param target Some bytes to write.
 */
export function recordWarmUp(
  variants: Iterable<KernelVariant>,
  recorder: Recorder,
  source: Range,
  target: Range,
): void {
  const nothing = new Placement();
  const size = [0, 0] as const;
  const box = [0, 0, 0, 0];
  for (const variant of variants) {
    switch (variant.kind) {
      case "pack":
        recorder.pack(variant, source, target, 4, [0, 0, 0]);
        break;
      case "mix":
        recorder.addMix(variant, source, source, target, 4, size, 1, box);
        break;
      case "mask_store":
        recorder.addMaskStore(variant, source, source, target, size, box);
        break;
      default:
        recorder.add(variant, nothing, source, target, 4);
    }
  }
}
