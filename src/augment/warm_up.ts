import { type DType, DTYPE_BYTES, type Layout } from "../gpu/tensor.ts";
import { Chain } from "./chain.ts";
import {
  type KernelVariant,
  measureKernel,
  mixKernel,
  nearestKernel,
  packKernel,
  passKernel,
  PIXELS,
  programOf,
  resampleKernel,
  TABLE_KERNEL,
  tensorKind,
} from "./kernels.ts";
import { type Plan, tryOut } from "./plan.ts";

/** How often random operators are tried. */
const TRIES = 16;

/**
 * The kernels that a plan is likely to need: those of some samples, and of all its filters.
 *
 * @param plan The plan.
 * @param fixed Whether chance is left out.
 * @param output Layout and number format of the tensor.
 * @returns Their variants, each once.
 */
export function warmUpVariants(
  plan: Plan,
  fixed: boolean,
  output: { layout: Layout; dtype: DType },
): KernelVariant[] {
  const filters = new Set(plan.steps.flatMap(({ bound }) => bound.filters ?? []));
  const variants = new Set<KernelVariant>();
  const chain = new Chain(fixed);
  for (let position = 0; position < TRIES; position++) {
    tryOut(plan, chain, position);
    const tensor = tensorKind({ ...output, byteOffset: 0 }, chain.width);
    const packs = chain.width % (4 / DTYPE_BYTES[output.dtype]) !== 0;
    const mixes = chain.mixingCount > 0;
    for (let pass = 0; pass < chain.count; pass++) {
      const placement = chain.passes[pass];
      const source = pass === 0 ? "u8" : "f32";
      const target = pass < chain.count - 1 || packs || mixes ? PIXELS : tensor;
      variants.add(passKernel(placement, source, target));
      // A sample whose size needs no resampling, and the place of one that is not there.
      variants.add(nearestKernel(source, target));
      variants.add(nearestKernel("u8", packs || mixes ? PIXELS : tensor));
      if (placement.statistic) {
        variants.add(measureKernel(placement.statistic, source)).add(TABLE_KERNEL);
      }
      if (!placement.geometry.resampled || placement.geometry.warped) continue;
      for (const x of filters) {
        for (const y of filters) {
          variants.add(resampleKernel(source, target, x, y, programOf(placement)));
        }
      }
    }
    if (mixes) variants.add(mixKernel(packs ? PIXELS : tensor));
    if (packs) variants.add(packKernel(tensor));
  }
  return [...variants];
}
