import { type Binding, getKernel, type Kernel } from "../gpu/kernel.ts";
import type { CommandSteps } from "../gpu/steps.ts";
import { SHADERS } from "../shaders.ts";
import { blocksInTurn, hasChromaPass, type PictureKind, pictureKind } from "./picture_kind.ts";
import type { EntropyStage } from "./entropy_records.ts";
import type { Group } from "./plan.ts";
import type { EntropyWindow, StripGroup } from "./strips.ts";
import { type GatheredStripGroup, isGatheredInStrips } from "./gathered_strips.ts";
import {
  type DispatchProgressive,
  PROGRESSIVE_KERNELS,
  progressiveKernels,
  recordProgressive,
  recordSmoothing,
  recordWindows,
  type WindowedKernel,
} from "./progressive_kernels.ts";
import type { Decodable, Stage, Tuning } from "./stage.ts";
import { loadSyncKernels, recordSync, type SyncKernels } from "./sync_kernels.ts";
import type { Region } from "./words.ts";

type FusedKind = Exclude<PictureKind, "any">;

/** Name of a kernel: what it is labelled by, after `jpeg/`. */
export type KernelName =
  | "entropy"
  | keyof typeof PROGRESSIVE_KERNELS
  | `${WindowedKernel} windowed`
  | "planes"
  | "chroma"
  | "picture any"
  | `picture ${FusedKind}`
  | `picture ${FusedKind} turned`;

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
  /** What only self-synchronisation sees; or the coefficients of a strip that are smoothed. */
  readonly sync: GPUBuffer;
  /** Which coefficients of gathered pictures are not zero, and then what is smoothed. */
  readonly gathered: GPUBuffer;
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
 * The kernel that makes a picture.
 *
 * @param kind How it is made.
 * @param turned Whether it is turned.
 * @returns The kernel's name.
 */
function pictureKernel(kind: PictureKind, turned: boolean): KernelName {
  return turned && kind !== "any" ? `picture ${kind} turned` : `picture ${kind}`;
}

/** The variant of a kernel for pictures that are decoded strip by strip. */
function windowed(name: keyof typeof PROGRESSIVE_KERNELS): KernelName {
  return name === "progressive masks" ? name : `${name} windowed`;
}

/** The kernels of one device; each is compiled when it is first needed. */
export class JpegKernels {
  readonly #device: GPUDevice;
  readonly #tuning: Tuning;
  readonly #loaded = new Map<KernelName, Kernel>();
  #sync?: SyncKernels;

  /**
   * @param device The device.
   * @param tuning Sizes of workgroups.
   */
  constructor(device: GPUDevice, tuning: Tuning) {
    this.#device = device;
    this.#tuning = tuning;
  }

  /**
   * Compiles the kernels that some pictures need.
   *
   * @param decodables The pictures.
   * @param sync Whether some of their scans go by self-synchronisation.
   * @param binding Most bytes of a storage binding.
   * @returns When they are there.
   */
  async load(decodables: readonly Decodable[], sync: boolean, binding: number): Promise<void> {
    const names = new Set<KernelName>();
    for (const decodable of decodables) {
      const { frame, orientation, section } = decodable;
      if (isGatheredInStrips(decodable, binding)) {
        for (const name of progressiveKernels(frame)) names.add(windowed(name));
      } else if (frame.gathered) { for (const name of progressiveKernels(frame)) names.add(name); }
      else names.add("entropy");
      const kind = pictureKind(section?.whole ?? frame);
      if (kind === "any") names.add("planes");
      if (hasChromaPass(kind)) names.add("chroma");
      names.add(pictureKernel(kind, orientation !== 1));
    }
    const missing = [...names].filter((name) => !this.#loaded.has(name));
    const kernels = await Promise.all(missing.map((name) => this.#compile(name)));
    missing.forEach((name, i) => this.#loaded.set(name, kernels[i]));
    if (sync) this.#sync ??= await loadSyncKernels(this.#device, this.#tuning.entropy);
  }

  /**
   * A kernel that has been loaded.
   *
   * @param name Its name.
   * @returns The kernel.
   */
  get(name: KernelName): Kernel {
    return this.#loaded.get(name)!;
  }

  /** The kernels of self-synchronisation, once they have been loaded. */
  get sync(): SyncKernels {
    return this.#sync!;
  }

  #compile(name: KernelName): Promise<Kernel> {
    const { entropy, transform, pixel } = this.#tuning;
    const blocks = SHADERS["jpeg/transform.wgsl"];
    const label = `jpeg/${name}`;
    const load = (code: string, WORKGROUP: number) =>
      getKernel(this.#device, { label, code, constants: { WORKGROUP } });
    switch (name) {
      case "entropy":
        return load(SHADERS["jpeg/entropy.wgsl"], entropy);
      case "planes":
        return load(blocks + SHADERS["jpeg/planes.wgsl"], transform);
      case "chroma":
        return load(blocks + SHADERS["jpeg/chroma.wgsl"], transform);
      case "picture any":
        return load(SHADERS["jpeg/picture_any.wgsl"], pixel);
    }
    const progressive = name.replace(/ windowed$/, "");
    if (progressive in PROGRESSIVE_KERNELS) {
      const { files, size, entryPoint } =
        PROGRESSIVE_KERNELS[progressive as keyof typeof PROGRESSIVE_KERNELS];
      const code = files.map((file) => SHADERS[file]).join("\n");
      const constants: Record<string, number> = { WORKGROUP: this.#tuning[size] };
      if (progressive !== name) constants.WINDOWED = 1;
      return getKernel(this.#device, { label, code, entryPoint, constants });
    }
    const [, kind, turned] = name.split(" ");
    const store = SHADERS[turned ? "jpeg/store_turned.wgsl" : "jpeg/store_rows.wgsl"];
    return getKernel(this.#device, {
      label,
      code: blocks + SHADERS["jpeg/upsample.wgsl"] + SHADERS["jpeg/picture.wgsl"] + store,
      constants: {
        WORKGROUP: transform,
        BLOCKS: blocksInTurn(kind as FusedKind, this.#tuning),
        ...FUSED[kind as FusedKind],
      },
    });
  }
}

/**
 * Records the commands that decode one group.
 *
 * @param steps Where to record.
 * @param kernels The compiled kernels.
 * @param group The group.
 * @param buffers The buffers of the decode.
 * @param status Where the status of all pictures lies in `buffers.written`.
 */
export function recordGroup(
  steps: CommandSteps,
  kernels: JpegKernels,
  group: Group,
  buffers: DecodeBuffers,
  status: Region,
): void {
  const { entropy, progressive, components } = group;
  const coefficients = { buffer: buffers.coefficients, size: components.coefficientBytes };
  steps.encoder.clearBuffer(buffers.coefficients, 0, components.coefficientBytes);
  if (entropy) {
    if (entropy.sync) findChunks(steps, kernels, entropy, buffers);
    const { runs, sync } = entropy;
    const window = { runs, sync: sync?.write.params };
    writeBlocks(steps, kernels, entropy, window, buffers, coefficients, status);
  }
  if (progressive) {
    recordProgressive(
      progressive,
      buffers,
      coefficients,
      status,
      (name, stage, times, bindings) =>
        steps.dispatch(kernels.get(name), stage.workgroups, bindings, stage.work, times),
    );
  }
  makePictures(steps, kernels, group, buffers);
}

/**
 * Records the commands that decode a picture strip by strip.
 *
 * @param steps Where to record.
 * @param kernels The compiled kernels.
 * @param group The strips.
 * @param buffers The buffers of the decode.
 * @param status Where the status of all pictures lies in `buffers.written`.
 */
export function recordStrips(
  steps: CommandSteps,
  kernels: JpegKernels,
  { entropy, strips }: StripGroup,
  buffers: DecodeBuffers,
  status: Region,
): void {
  if (entropy.sync) findChunks(steps, kernels, entropy, buffers);
  for (const strip of strips) {
    const { kept, components, window } = strip;
    const size = components.coefficientBytes;
    const { coefficients, gathered } = buffers;
    if (kept.bytes > 0) {
      steps.encoder.copyBufferToBuffer(coefficients, kept.from, gathered, 0, kept.bytes);
    }
    steps.encoder.clearBuffer(coefficients, 0, size);
    if (kept.bytes > 0) {
      steps.encoder.copyBufferToBuffer(gathered, 0, coefficients, kept.to, kept.bytes);
    }
    const bound = { buffer: coefficients, size };
    writeBlocks(steps, kernels, entropy, window, buffers, bound, status);
    makePictures(steps, kernels, strip, buffers);
  }
}

/**
 * Records the commands that decode a picture of several scans strip by strip.
 *
 * @param steps Where to record.
 * @param kernels The compiled kernels.
 * @param group The strips.
 * @param buffers The buffers of the decode.
 * @param status Where the status of all pictures lies in `buffers.written`.
 */
export function recordGatheredStrips(
  steps: CommandSteps,
  kernels: JpegKernels,
  group: GatheredStripGroup,
  buffers: DecodeBuffers,
  status: Region,
): void {
  const run: DispatchProgressive = (name, { workgroups, work }, times, bindings) =>
    steps.dispatch(kernels.get(name), workgroups, bindings, work, times);
  steps.encoder.clearBuffer(buffers.coefficients, 0, group.coefficientBytes);
  recordWindows(group, buffers, status, run);
  for (const strip of group.gatheredStrips) {
    const { coefficients: { offset, size }, smoothing } = strip;
    let coefficients = { buffer: buffers.coefficients, offset, size };
    if (smoothing) {
      steps.encoder.copyBufferToBuffer(buffers.coefficients, offset, buffers.sync, 0, size);
      coefficients = { buffer: buffers.sync, offset: 0, size };
      recordSmoothing(smoothing, buffers, coefficients, run);
    }
    makePictures(steps, kernels, strip, buffers, coefficients);
  }
}

/** Finds the chunks of what goes by self-synchronisation. */
function findChunks(
  steps: CommandSteps,
  kernels: JpegKernels,
  { sync, ...entropy }: EntropyStage,
  buffers: DecodeBuffers,
): void {
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  recordSync(steps, kernels.sync, sync!, {
    ...buffers,
    bits: { buffer: buffers.bits, ...entropy.bits },
    tables: read(entropy.tables),
    scans: read(entropy.scans),
  });
}

/** Decodes the blocks of a window. */
function writeBlocks(
  steps: CommandSteps,
  kernels: JpegKernels,
  entropy: EntropyStage,
  window: EntropyWindow,
  buffers: DecodeBuffers,
  coefficients: Binding,
  status: Region,
): void {
  const { sync, runs } = entropy;
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const write = ({ workgroups, work }: Stage, params: Region, chunks: Binding, times: number) =>
    steps.dispatch(
      kernels.get("entropy"),
      workgroups,
      [
        read(params),
        { buffer: buffers.bits, ...entropy.bits },
        read(entropy.tables),
        read(entropy.scans),
        chunks,
        coefficients,
        { buffer: buffers.written, ...status },
      ],
      work,
      times,
    );
  window.runs.forEach(({ params, dispatches }, i) => {
    write(runs[i], params, { buffer: buffers.written, ...runs[i].chunks }, dispatches);
  });
  if (sync) {
    const chunks = { buffer: buffers.sync, ...sync.scratch.chunks };
    write(sync.write, window.sync!, chunks, 1);
  }
}

/** Makes pixels of coefficients. */
function makePictures(
  steps: CommandSteps,
  kernels: JpegKernels,
  { components, pictures, output }: Pick<Group, "components" | "pictures" | "output">,
  buffers: DecodeBuffers,
  coefficients: Binding = { buffer: buffers.coefficients, size: components.coefficientBytes },
): void {
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const samples = { buffer: buffers.samples, size: Math.max(components.sampleBytes, 16) };
  const pixels = { buffer: buffers.pixels, ...output };
  const blocks = [coefficients, read(components.quants), read(components.components)];
  for (const name of ["planes", "chroma"] as const) {
    const stage = components[name];
    if (stage.workgroups === 0) continue;
    const bindings = [read(stage.params), ...blocks, read(stage.owners), samples];
    steps.dispatch(kernels.get(name), stage.workgroups, bindings, stage.work);
  }
  for (const stage of pictures) {
    const params = read(stage.params);
    const owners = read(stage.owners);
    const records = read(stage.pictures);
    const bindings = stage.kind === "any"
      ? [params, samples, records, owners, pixels]
      : [params, ...blocks, owners, records, samples, pixels];
    const kernel = kernels.get(pictureKernel(stage.kind, stage.turned));
    steps.dispatch(kernel, stage.workgroups, bindings, stage.work);
  }
}
