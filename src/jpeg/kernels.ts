import { type Binding, foldWorkgroups, getKernel, type Kernel } from "../gpu/kernel.ts";
import { SHADERS } from "../shaders.ts";
import { COLOUR_KINDS, type ColourKind } from "./colour_records.ts";
import type { Group, Tuning } from "./plan.ts";
import type { Region } from "./words.ts";

/** The compiled kernels of the decoder. */
export interface JpegKernels {
  /** Huffman decoding. */
  readonly entropy: Kernel;
  /** Dequantisation and inverse DCT. */
  readonly idct: Kernel;
  /** Upsampling and colour conversion, by kind of picture. */
  readonly colours: Readonly<Record<ColourKind, Kernel>>;
}

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

/**
 * Compiles the kernels, or takes them from the device's cache.
 *
 * @param device The device.
 * @param tuning Sizes of workgroups.
 * @returns The kernels.
 */
export async function loadKernels(device: GPUDevice, tuning: Tuning): Promise<JpegKernels> {
  const load = (
    name: "entropy" | "idct" | "colour" | "colour_any",
    workgroup: number,
    constants: Record<string, number> = {},
  ) =>
    getKernel(device, {
      label: `jpeg/${name}`,
      code: SHADERS[`jpeg/${name}.wgsl`],
      constants: { WORKGROUP: workgroup, ...constants },
    });
  const fast = (chroma: boolean, across: boolean, down: boolean) =>
    load("colour", tuning.colour, {
      CHROMA: Number(chroma),
      ACROSS: Number(across),
      DOWN: Number(down),
    });
  const colours: Record<ColourKind, Promise<Kernel>> = {
    grey: fast(false, false, false),
    444: fast(true, false, false),
    422: fast(true, true, false),
    440: fast(true, false, true),
    420: fast(true, true, true),
    any: load("colour_any", tuning.colour),
  };
  const entropy = await load("entropy", tuning.entropy);
  const idct = await load("idct", tuning.idct);
  const loaded: Partial<Record<ColourKind, Kernel>> = {};
  for (const kind of COLOUR_KINDS) loaded[kind] = await colours[kind];
  return { entropy, idct, colours: loaded as Record<ColourKind, Kernel> };
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
  const { entropy, idct } = group;
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const coefficients = { buffer: buffers.coefficients, size: group.coefficientBytes };
  const samples = { buffer: buffers.samples, size: group.sampleBytes };
  encoder.clearBuffer(buffers.coefficients, 0, group.coefficientBytes);
  dispatch(encoder, kernels.entropy, entropy.workgroups, entropy.dispatches, [
    read(entropy.params),
    { buffer: buffers.bits, ...entropy.bits },
    read(entropy.tables),
    read(entropy.scans),
    { buffer: buffers.written, ...entropy.chunks },
    coefficients,
    { buffer: buffers.written, ...status },
  ]);
  dispatch(encoder, kernels.idct, idct.workgroups, 1, [
    read(idct.params),
    coefficients,
    read(idct.quants),
    read(idct.components),
    read(idct.owners),
    samples,
  ]);
  for (const colour of group.colours) {
    dispatch(encoder, kernels.colours[colour.kind], colour.workgroups, 1, [
      read(colour.params),
      samples,
      read(colour.images),
      read(colour.owners),
      { buffer: buffers.pixels, ...group.output },
    ]);
  }
}

/** Records a pass of its own, which a profiler can time. */
function dispatch(
  encoder: GPUCommandEncoder,
  kernel: Kernel,
  workgroups: number,
  times: number,
  bindings: Binding[],
): void {
  const pass = encoder.beginComputePass({ label: kernel.label });
  const group = kernel.bind(bindings);
  const folded = foldWorkgroups(workgroups);
  for (let i = 0; i < times; i++) kernel.dispatch(pass, group, folded);
  pass.end();
}
