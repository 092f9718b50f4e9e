import { type DType, DTYPE_BYTES, type Layout } from "../gpu/tensor.ts";
import {
  type KernelVariant,
  nearestKernel,
  packKernel,
  PIXELS,
  resampleKernel,
} from "./kernels.ts";
import { SampleRandom } from "./philox.ts";
import { type Pass, place, Placement } from "./plan.ts";

/** An image of usual size, to see what the output will look like. */
const USUAL = { width: 640, height: 480 };

/**
 * The kernels that a plan is likely to need.
 *
 * @param passes The plan.
 * @param output Layout and number format of the tensor.
 * @returns Their variants, each once.
 */
export function warmUpVariants(
  passes: readonly Pass[],
  output: { layout: Layout; dtype: DType },
): KernelVariant[] {
  const tensor = { layout: output.layout, dtype: output.dtype };
  const packs = usualWidth(passes) % (4 / DTYPE_BYTES[output.dtype]) !== 0;
  const variants = new Set<KernelVariant>();
  passes.forEach((pass, index) => {
    const source = index === 0 ? "u8" : "f32";
    const target = index < passes.length - 1 || packs ? PIXELS : tensor;
    variants.add(nearestKernel(source, target));
    const filters = pass.steps.flatMap(({ bound }) => bound.filters ?? []);
    for (const x of filters) {
      for (const y of filters) variants.add(resampleKernel(source, target, x, y));
    }
  });
  if (packs) variants.add(packKernel(tensor));
  return [...variants];
}

function usualWidth(passes: readonly Pass[]): number {
  const placement = new Placement();
  let { width, height } = USUAL;
  try {
    for (const pass of passes) {
      place(pass, width, height, width, new SampleRandom(), placement);
      ({ width, height } = placement.geometry);
    }
  } catch {
    // The usual image is too small for a crop; the width so far says enough.
  }
  return width;
}
