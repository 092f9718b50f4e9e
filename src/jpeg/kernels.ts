import { type Binding, foldWorkgroups, getKernel, type Kernel } from "../gpu/kernel.ts";
import { SHADERS } from "../shaders.ts";
import type { PictureKind } from "./picture_kind.ts";
import type { Group } from "./plan.ts";
import type { Tuning } from "./stage.ts";
import type { Region } from "./words.ts";

/** The compiled kernels of the decoder. */
export interface JpegKernels {
  /** Huffman decoding. */
  readonly entropy: Kernel;
  /** Inverse DCT into planes of bytes. */
  readonly planes: Kernel;
  /** Inverse DCT of pairs of chroma components. */
  readonly chroma: Kernel;
  /** Pictures from planes of any ratio. */
  readonly any: Kernel;
  /** Pictures from coefficients, by kind, upright and turned. */
  readonly pictures: Readonly<Record<FusedKind, { upright: Kernel; turned: Kernel }>>;
}

type FusedKind = Exclude<PictureKind, "any">;

/** The buffers of one decode. */
export interface DecodeBuffers {
  /** Pixels of all pictures. */
  readonly pixels: GPUBuffer;
  /** Entropy-coded segments. */
  readonly bits: GPUBuffer;
  /** Records that kernels only read. */
  readonly read: GPUBuffer;
  /** Records that kernels write: status, then chunks. */
  readonly written: GPUBuffer;
  /** Coefficients of one group. */
  readonly coefficients: GPUBuffer;
  /** Samples of one group. */
  readonly samples: GPUBuffer;
}

/** Constants of the fused kernel, by kind. */
const FUSED: Readonly<Record<FusedKind, Record<string, number>>> = {
  grey: { CHROMA: 0, ACROSS: 0, DOWN: 0 },
  444: { CHROMA: 1, ACROSS: 0, DOWN: 0 },
  422: { CHROMA: 1, ACROSS: 1, DOWN: 0 },
  440: { CHROMA: 1, ACROSS: 0, DOWN: 1 },
  420: { CHROMA: 1, ACROSS: 1, DOWN: 1 },
};

/**
 * Compiles the kernels, or takes them from the device's cache.
 *
 * @param device The device.
 * @param tuning Sizes of workgroups.
 * @returns The kernels.
 */
export async function loadKernels(device: GPUDevice, tuning: Tuning): Promise<JpegKernels> {
  const transform = SHADERS["jpeg/transform.wgsl"];
  const load = (label: string, code: string, WORKGROUP: number) =>
    getKernel(device, { label: `jpeg/${label}`, code, constants: { WORKGROUP } });
  const fused = async (kind: FusedKind, entryPoint: string) =>
    await getKernel(device, {
      label: `jpeg/picture ${kind}`,
      code: transform + SHADERS["jpeg/picture.wgsl"],
      entryPoint,
      constants: { WORKGROUP: tuning.transform, ...FUSED[kind] },
    });
  const both = async (kind: FusedKind) => {
    const [upright, turned] = await Promise.all([fused(kind, "main"), fused(kind, "turned")]);
    return [kind, { upright, turned }] as const;
  };
  const [entropy, planes, chroma, any, ...pictures] = await Promise.all([
    load("entropy", SHADERS["jpeg/entropy.wgsl"], tuning.entropy),
    load("planes", transform + SHADERS["jpeg/planes.wgsl"], tuning.transform),
    load("chroma", transform + SHADERS["jpeg/chroma.wgsl"], tuning.transform),
    load("picture any", SHADERS["jpeg/picture_any.wgsl"], tuning.pixel),
    ...(Object.keys(FUSED) as FusedKind[]).map(both),
  ]);
  return {
    entropy,
    planes,
    chroma,
    any,
    pictures: Object.fromEntries(pictures) as JpegKernels["pictures"],
  };
}

/**
 * Records the commands that decode one group.
 *
 * @param encoder Where to record.
 * @param kernels The compiled kernels.
 * @param group The group.
 * @param buffers The buffers of the decode.
 * @param status Where the status of all pictures lies in `buffers.written`.
 */
export function recordGroup(
  encoder: GPUCommandEncoder,
  kernels: JpegKernels,
  group: Group,
  buffers: DecodeBuffers,
  status: Region,
): void {
  const { entropy, components } = group;
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const coefficients = { buffer: buffers.coefficients, size: components.coefficientBytes };
  const samples = { buffer: buffers.samples, size: Math.max(components.sampleBytes, 16) };
  const pixels = { buffer: buffers.pixels, ...group.output };
  const blocks = [coefficients, read(components.quants), read(components.components)];
  encoder.clearBuffer(buffers.coefficients, 0, components.coefficientBytes);
  dispatch(encoder, kernels.entropy, entropy.workgroups, entropy.dispatches, [
    read(entropy.params),
    { buffer: buffers.bits, ...entropy.bits },
    read(entropy.tables),
    read(entropy.scans),
    { buffer: buffers.written, ...entropy.chunks },
    coefficients,
    { buffer: buffers.written, ...status },
  ]);
  for (const name of ["planes", "chroma"] as const) {
    const stage = components[name];
    dispatch(encoder, kernels[name], stage.workgroups, 1, [
      read(stage.params),
      ...blocks,
      read(stage.owners),
      samples,
    ]);
  }
  for (const stage of group.pictures) {
    const params = read(stage.params);
    const owners = read(stage.owners);
    const pictures = read(stage.pictures);
    if (stage.kind === "any") {
      const bindings = [params, samples, pictures, owners, pixels];
      dispatch(encoder, kernels.any, stage.workgroups, 1, bindings);
    } else {
      const kernel = kernels.pictures[stage.kind][stage.turned ? "turned" : "upright"];
      const bindings = [params, ...blocks, owners, pictures, samples, pixels];
      dispatch(encoder, kernel, stage.workgroups, 1, bindings);
    }
  }
}

/** Records a pass of its own, which a profiler can time; none if there is no work. */
function dispatch(
  encoder: GPUCommandEncoder,
  kernel: Kernel,
  workgroups: number,
  times: number,
  bindings: Binding[],
): void {
  if (workgroups === 0) return;
  const pass = encoder.beginComputePass({ label: kernel.label });
  const group = kernel.bind(bindings);
  const folded = foldWorkgroups(workgroups);
  for (let i = 0; i < times; i++) kernel.dispatch(pass, group, folded);
  pass.end();
}
