import { Augmenter, GpuTensor, type Operator } from "../../mod.ts";
import { tensorBytes } from "../../src/gpu/tensor.ts";
import { keysFor, testPicture, upload } from "../augment/run.ts";
import { observedDevice } from "./observed_device.ts";

/** Some pictures, of which those that are alike need no resampling, and a place without one. */
const SIZES = [[60, 45], [32, 32], [32, 80], [640, 40], [90, 31]] as const;

/**
 * Augments pictures after a warm-up.
 *
 * @param lists Operators, list by list.
 * @param positions How many pictures.
 * @returns The pipelines that were compiled later, how many there are in all, and the operators of
 * lists that fitted some pictures.
 */
export async function compiledAfterWarmUp(
  lists: readonly (readonly Operator[])[],
  positions: number,
): Promise<{ late: string[]; compiled: number; used: Set<Operator> }> {
  const { device, compiled } = await observedDevice();
  const pictures = Array.from({ length: positions }, (_, i) => {
    const [width, height] = SIZES[i % SIZES.length];
    return testPicture(width, height, i);
  });
  const late: string[] = [];
  const used = new Set<Operator>();
  using images = upload(device, [...pictures, null]);
  const keys = keysFor(images.images.length);
  for (const [i, operators] of lists.entries()) {
    const layout = i % 2 === 0 ? "NCHW" : "NHWC";
    const dtype = (["f32", "u8", "f16"] as const)[i % 3];
    using augmenter = new Augmenter(device, operators, { layout, dtype }, { maxSteps: 3000 });
    await augmenter.warmUp();
    const count = compiled.length;
    const bad = augmenter.faults(images.images, keys).map(({ index }) => index);
    const usable = images.without(bad);
    const size = augmenter.shape(usable.images, keys);
    if (!size) continue;
    for (const operator of operators) used.add(operator);
    const { width, height } = size;
    const n = usable.images.length;
    const shape = layout === "NCHW" ? [n, 3, height, width] : [n, height, width, 3];
    const descriptor = { shape: shape as unknown as GpuTensor["shape"], layout, dtype } as const;
    const buffer = device.createBuffer({
      size: Math.ceil(tensorBytes(descriptor) / 4) * 4,
      usage: GPUBufferUsage.STORAGE,
    });
    await augmenter.apply(usable, keys, new GpuTensor(device, buffer, descriptor));
    buffer.destroy();
    const names = operators.map(({ name }) => name).join(" + ");
    late.push(...compiled.slice(count).map((label) => `${names}: ${label}`));
  }
  device.destroy();
  return { late, compiled: compiled.length, used };
}
