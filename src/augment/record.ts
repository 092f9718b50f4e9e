import { largest } from "../extremes.ts";
import type { GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { DTYPE_BYTES, type GpuTensor } from "../gpu/tensor.ts";
import type { Chain, Mixing } from "./chain.ts";
import {
  type KernelVariant,
  measureKernel,
  mixKernel,
  nearestKernel,
  packKernel,
  passKernel,
  PIXEL_BYTES,
  PIXELS,
  type SourceKind,
  TABLE_KERNEL,
  type TargetKind,
  tensorKind,
} from "./kernels.ts";
import { lendPixels } from "./lend.ts";
import { partition } from "./parts.ts";
import { Placement } from "./placement.ts";
import { BatchRanges, bytesOfElement } from "./ranges.ts";
import { BINDING_ALIGNMENT, type Range } from "./dispatch_list.ts";
import { isWide, reduceAxes } from "./reduce.ts";
import type { Recorder } from "./recorder.ts";

/** Where a batch goes, and what limits the way. */
export interface RecordOptions {
  /** The tensor. */
  target: GpuTensor;
  /** Place of the first image in it. */
  first: number;
  /** Most bytes of a binding, and of intermediate pixels at a time, unless one image has more. */
  budget: number;
  /** Most loop steps of one invocation. */
  maxSteps: number;
  /** Lends the buffers for intermediate pixels. */
  pool: BufferPool;
}

const MOST_BUDGET = 2 ** 26;
/** Words of counts, and of tables, that one statistic takes. */
const STATISTIC_WORDS = 1024;
const STATISTIC_BYTES = STATISTIC_WORDS * 4;
const NO_MIXING: Pick<Mixing, "weight" | "box" | "partner"> = {
  weight: 1,
  box: [0, 0, 0, 0],
  partner: -1,
};

/**
 * Records the passes of a batch.
 *
 * Where pixels lie between passes, the batch is taken in parts that share two buffers for them, to
 * and fro. Where samples are mixed, those of the whole batch lie side by side first.
 *
 * @param images The images.
 * @param chains What is done to each image; entries of null images are not read.
 * @param recorder Takes the work.
 * @param options Target and limits.
 * @returns Buffers of the pool, to be released once the work has been submitted.
 */
export function record(
  images: GpuImages,
  chains: readonly Chain[],
  recorder: Recorder,
  options: RecordOptions,
): GPUBuffer[] {
  return new BatchRecord(images, chains, recorder, options).run();
}

class BatchRecord {
  readonly #images: GpuImages;
  readonly #chains: readonly Chain[];
  readonly #recorder: Recorder;
  readonly #options: RecordOptions;
  readonly #output: TargetKind;
  readonly #ranges: BatchRanges;
  readonly #width: number;
  readonly #height: number;
  readonly #packs: boolean;
  readonly #mixings: number;
  readonly #lent: GPUBuffer[] = [];
  readonly #empty = nothing();
  #counts: GPUBuffer | null = null;
  #tables: GPUBuffer | null = null;
  #statistics = 0;

  constructor(
    images: GpuImages,
    chains: readonly Chain[],
    recorder: Recorder,
    options: RecordOptions,
  ) {
    this.#images = images;
    this.#chains = chains;
    this.#recorder = recorder;
    this.#options = options;
    const { target } = options;
    [this.#height, this.#width] = target.layout === "NCHW"
      ? [target.shape[2], target.shape[3]]
      : [target.shape[1], target.shape[2]];
    this.#output = tensorKind(target, this.#width);
    this.#ranges = new BatchRanges(images, target, options.first);
    const perWord = 4 / DTYPE_BYTES[target.dtype];
    this.#packs = this.#width % perWord !== 0 || target.byteOffset % 4 !== 0;
    this.#mixings = largest(this.#present().map(({ mixingCount }) => mixingCount), 0);
  }

  #present(): Chain[] {
    return this.#chains.filter((_, index) => this.#images.images[index]);
  }

  run(): GPUBuffer[] {
    try {
      this.#lendStatistics();
      const count = this.#images.images.length;
      const finalBytes = this.#width * this.#height * PIXEL_BYTES.f32;
      const mixes = this.#mixings > 0;
      const parts = partition(
        count,
        (index) => [...this.#between(index), this.#packs && !mixes ? finalBytes : 0],
        Math.min(this.#options.budget, MOST_BUDGET),
      );
      const between = parts.bytes.slice(0, 2).map((bytes, i) =>
        bytes > 0 ? this.#lend(bytes, `augment pixels ${i}`) : null
      );
      const last = mixes
        ? this.#lend(finalBytes * count, "augment unmixed")
        : this.#packs
        ? this.#lend(parts.bytes[2], "augment unpacked")
        : null;
      for (const [from, to] of parts.ranges) {
        this.#part(from, to, between, last, mixes ? from : 0);
        if (this.#packs && !mixes) this.#pack(last!, from, to, from);
      }
      if (mixes) this.#mix(last!);
      return this.#lent;
    } catch (error) {
      for (const buffer of this.#lent) this.#options.pool.release(buffer);
      throw error;
    }
  }

  #lendStatistics(): void {
    let uses = 0;
    for (const { passes, count } of this.#present()) {
      for (let i = 0; i < count; i++) if (passes[i].statistic) uses++;
    }
    if (uses === 0) return;
    const bytes = uses * STATISTIC_BYTES;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.#counts = this.#lend(bytes, "augment counts", usage);
    this.#tables = this.#lend(bytes, "augment tables");
    this.#recorder.useStatistics(this.#counts, this.#tables);
  }

  /** Most bytes that a sample takes after its passes of even number, and of odd number. */
  #between(index: number): [number, number] {
    const most: [number, number] = [0, 0];
    if (this.#images.images[index] === null) return most;
    const { passes, count } = this.#chains[index];
    for (let pass = 0; pass < count - 1; pass++) {
      const { width, height } = passes[pass].geometry;
      most[pass % 2] = Math.max(most[pass % 2], width * height * PIXEL_BYTES.f32);
    }
    return most;
  }

  /** All passes of a part of the batch; the last one of each sample writes to its final place. */
  #part(
    from: number,
    to: number,
    between: readonly (GPUBuffer | null)[],
    final: GPUBuffer | null,
    finalFirst: number,
  ): void {
    const kind = final ? PIXELS : this.#output;
    const finals: Range[] = [];
    for (let index = from; index < to; index++) {
      const place = index - from + finalFirst;
      finals.push(
        final ? this.#ranges.pixels(final, place) : this.#ranges.tensor(index, index + 1),
      );
    }
    let levels = 0;
    for (let index = from; index < to; index++) {
      if (this.#images.images[index]) levels = Math.max(levels, this.#chains[index].count);
    }
    let sources: (Range | null)[] = [];
    for (let index = from; index < to; index++) sources.push(this.#ranges.image(index));
    for (let level = 0; level < levels; level++) {
      const targets: (Range | null)[] = [];
      let at = 0;
      for (let index = from; index < to; index++) {
        const { passes, count } = this.#chains[index] ?? { passes: [], count: 0 };
        if (!sources[index - from] || level >= count - 1) {
          targets.push(null);
          continue;
        }
        const { width, height } = passes[level].geometry;
        const byteLength = width * height * PIXEL_BYTES.f32;
        targets.push({ buffer: between[level % 2]!, byteOffset: at, byteLength });
        at += byteLength;
      }
      const source: SourceKind = level === 0 ? "u8" : "f32";
      this.#level(from, level, source, sources, targets, finals, kind);
      sources = targets;
    }
    this.#zeros(from, kind, finals);
  }

  /** One pass of all samples that have as many: kernel by kernel, so that each is dispatched once. */
  #level(
    from: number,
    level: number,
    source: SourceKind,
    sources: readonly (Range | null)[],
    targets: readonly (Range | null)[],
    finals: readonly Range[],
    finalKind: TargetKind,
  ): void {
    const tables = this.#measure(from, level, source, sources);
    const kernels = new Map<KernelVariant, number[]>();
    sources.forEach((range, i) => {
      if (!range) return;
      const placement = this.#chains[from + i].passes[level];
      const kind = targets[i] ? PIXELS : finalKind;
      if (placement.kind === "move" && isWide(placement.geometry, this.#options.maxSteps)) {
        const [reduced, own] = reduceAxes(
          this.#recorder,
          source,
          placement,
          range,
          (bytes) => this.#lend(bytes, "augment reduced"),
        );
        const kernel = passKernel(own, "f32", kind);
        const target = targets[i] ?? finals[i];
        this.#recorder.add(kernel, own, reduced, target, bytesOfElement(kind), tables[i]);
        return;
      }
      const kernel = passKernel(placement, source, kind);
      const members = kernels.get(kernel);
      if (members) members.push(i);
      else kernels.set(kernel, [i]);
    });
    for (const [kernel, members] of kernels) {
      for (const i of members) {
        const placement = this.#chains[from + i].passes[level];
        const elementBytes = bytesOfElement(targets[i] ? PIXELS : finalKind);
        const target = targets[i] ?? finals[i];
        this.#recorder.add(kernel, placement, sources[i]!, target, elementBytes, tables[i]);
      }
    }
  }

  /** Counts what a pass wants to know, and gives the first word of each sample's table. */
  #measure(
    from: number,
    level: number,
    source: SourceKind,
    sources: readonly (Range | null)[],
  ): number[] {
    const tables: number[] = [];
    const members: number[] = [];
    sources.forEach((range, i) => {
      const statistic = range && this.#chains[from + i].passes[level].statistic;
      if (!statistic) return;
      members.push(i);
      tables[i] = this.#statistics++ * STATISTIC_WORDS;
    });
    const words = (buffer: GPUBuffer, i: number): Range => ({
      buffer,
      byteOffset: tables[i] * 4,
      byteLength: STATISTIC_BYTES,
    });
    const placements = this.#chains.slice(from).map(({ passes }) => passes[level]);
    // Kernel by kernel, so that each is dispatched once.
    for (const every of [true, false]) {
      for (const i of members) {
        const { statistic, geometry } = placements[i];
        if ((statistic === "equalize") !== every) continue;
        const { inputWidth: width, inputHeight: height, inputPitch: pitch } = geometry;
        const kernel = measureKernel(statistic!, source);
        const counts = words(this.#counts!, i);
        this.#recorder.addMeasure(kernel, { width, height, pitch }, sources[i]!, counts);
      }
    }
    for (const i of members) {
      const { statistic, geometry } = placements[i];
      const pixels = geometry.inputWidth * geometry.inputHeight;
      const counts = words(this.#counts!, i), table = words(this.#tables!, i);
      this.#recorder.addTable(TABLE_KERNEL, statistic!, pixels, counts, table);
    }
    return tables;
  }

  /** Fills the places of images that are not there: a pixel of whatever image, times zero. */
  #zeros(from: number, target: TargetKind, finals: readonly Range[]): void {
    const source = { buffer: this.#images.buffer, byteOffset: 0, byteLength: PIXEL_BYTES.u8 };
    const { geometry } = this.#empty;
    geometry.width = this.#width;
    geometry.height = this.#height;
    finals.forEach((range, i) => {
      if (this.#images.images[from + i] !== null) return;
      const kernel = nearestKernel("u8", target);
      this.#recorder.add(kernel, this.#empty, source, range, bytesOfElement(target));
    });
  }

  /** Mixes the samples of the batch with each other, step by step, into the tensor. */
  #mix(unmixed: GPUBuffer): void {
    const count = this.#images.images.length;
    const size = [this.#width, this.#height] as const;
    let sources = unmixed;
    for (let step = 0; step < this.#mixings; step++) {
      const last = step === this.#mixings - 1;
      const pixels = !last || this.#packs;
      const target = pixels ? this.#lend(unmixed.size, "augment mixed") : null;
      const kind = target ? PIXELS : this.#output;
      for (let index = 0; index < count; index++) {
        const chain = this.#images.images[index] ? this.#chains[index] : null;
        const mixing = chain && step < chain.mixingCount ? chain.mixings[step] : NO_MIXING;
        const partner = mixing.partner < 0 ? index : mixing.partner;
        this.#recorder.addMix(
          mixKernel(kind),
          this.#ranges.pixels(sources, index),
          this.#ranges.pixels(sources, partner),
          target ? this.#ranges.pixels(target, index) : this.#ranges.tensor(index, index + 1),
          bytesOfElement(kind),
          size,
          mixing.weight,
          mixing.box,
        );
      }
      if (last && target) this.#packAll(target, count);
      else if (target) sources = target;
    }
  }

  /** Packs all samples of the batch, as many at a time as a binding holds. */
  #packAll(source: GPUBuffer, count: number): void {
    const bytes = this.#width * this.#height * PIXEL_BYTES.f32;
    const most = Math.max(1, Math.floor((this.#options.budget - BINDING_ALIGNMENT) / bytes));
    for (let from = 0; from < count; from += most) {
      this.#pack(source, from, Math.min(count, from + most), 0);
    }
  }

  /** Packs samples whose pixels lie one after the other, that of `origin` first. */
  #pack(source: GPUBuffer, from: number, to: number, origin: number): void {
    const pixels = this.#ranges.pixels(source, from - origin);
    this.#recorder.pack(
      packKernel(this.#output),
      { ...pixels, byteLength: (to - from) * pixels.byteLength },
      this.#ranges.tensor(from, to),
      DTYPE_BYTES[this.#output.dtype],
      [this.#width, this.#height, to - from],
    );
  }

  #lend(bytes: number, label: string, usage?: number): GPUBuffer {
    const buffer = lendPixels(this.#images.device, this.#options.pool, bytes, label, usage);
    this.#lent.push(buffer);
    return buffer;
  }
}

/** A view of one pixel whose colours become zero. */
function nothing(): Placement {
  const placement = new Placement();
  placement.geometry.begin(1, 1, 1);
  placement.colour.rows.fill(0);
  return placement;
}
