import { foldWorkgroups, getKernel, type Kernel } from "../gpu/kernel.ts";
import { SHADERS } from "../shaders.ts";
import type { Group, Tuning } from "./plan.ts";
import type { Region } from "./words.ts";

/** The compiled kernels of the decoder. */
export interface JpegKernels {
  /** Huffman decoding. */
  readonly entropy: Kernel;
  /** Dequantisation and inverse DCT. */
  readonly idct: Kernel;
  /** Upsampling and colour conversion of any ratio. */
  readonly colour: Kernel;
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
  const load = (name: "entropy" | "idct" | "colour") =>
    getKernel(device, {
      label: `jpeg/${name}`,
      code: SHADERS[`jpeg/${name}.wgsl`],
      constants: { WORKGROUP: tuning[name] },
    });
  const [entropy, idct, colour] = await Promise.all([
    load("entropy"),
    load("idct"),
    load("colour"),
  ]);
  return { entropy, idct, colour };
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
  const { entropy, idct, colour } = group;
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const coefficients = { buffer: buffers.coefficients, size: group.coefficientBytes };
  const samples = { buffer: buffers.samples, size: group.sampleBytes };
  encoder.clearBuffer(buffers.coefficients, 0, group.coefficientBytes);
  const pass = encoder.beginComputePass({ label: "jpeg decode" });
  const entropyGroup = kernels.entropy.bind([
    read(entropy.params),
    { buffer: buffers.bits, ...group.bits },
    read(entropy.tables),
    read(entropy.scans),
    read(entropy.slots),
    { buffer: buffers.written, ...entropy.chunks },
    coefficients,
    { buffer: buffers.written, ...status },
  ]);
  for (let i = 0; i < entropy.dispatches; i++) {
    kernels.entropy.dispatch(pass, entropyGroup, foldWorkgroups(entropy.workgroups));
  }
  kernels.idct.dispatch(
    pass,
    kernels.idct.bind([
      read(idct.params),
      coefficients,
      read(idct.quants),
      read(idct.components),
      read(idct.owners),
      samples,
    ]),
    foldWorkgroups(idct.workgroups),
  );
  kernels.colour.dispatch(
    pass,
    kernels.colour.bind([
      read(colour.params),
      samples,
      read(colour.images),
      read(colour.owners),
      { buffer: buffers.pixels, ...group.output },
    ]),
    foldWorkgroups(colour.workgroups),
  );
  pass.end();
}
