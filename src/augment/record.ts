import type { GpuImage, GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { DTYPE_BYTES, type GpuTensor } from "../gpu/tensor.ts";
import { FILTERS, type Geometry } from "./geometry.ts";
import {
  nearestKernel,
  packKernel,
  PIXEL_BYTES,
  PIXELS,
  reduceKernel,
  resampleKernel,
  type SourceKind,
  type TargetKind,
} from "./kernels.ts";
import { Placement } from "./plan.ts";
import type { Range, Recorder } from "./recorder.ts";

/** Where a batch goes, and what limits the way. */
export interface RecordOptions {
  /** The tensor. */
  target: GpuTensor;
  /** Place of the first image in it. */
  first: number;
  /** Most bytes of intermediate pixels at a time, unless one image has more. */
  budget: number;
  /** Most loop steps of one invocation. */
  maxSteps: number;
  /** Lends the buffers for intermediate pixels. */
  pool: BufferPool;
}

const MOST_BUDGET = 2 ** 26;

/**
 * Records the passes of a batch.
 *
 * Where pixels lie between passes, the batch is taken in parts that share the buffers for them.
 *
 * @param images The images.
 * @param placements What each pass does to each image; entries of null images are not read.
 * @param recorder Takes the work.
 * @param options Target and limits.
 * @returns Buffers of the pool, to be released once the work has been submitted.
 */
export function record(
  images: GpuImages,
  placements: readonly (readonly Placement[])[],
  recorder: Recorder,
  options: RecordOptions,
): GPUBuffer[] {
  return new BatchRecord(images, placements, recorder, options).run();
}

class BatchRecord {
  readonly #images: GpuImages;
  readonly #placements: readonly (readonly Placement[])[];
  readonly #recorder: Recorder;
  readonly #options: RecordOptions;
  readonly #output: TargetKind;
  readonly #width: number;
  readonly #height: number;
  readonly #packs: boolean;
  readonly #lent: GPUBuffer[] = [];
  readonly #empty = nothing();

  constructor(
    images: GpuImages,
    placements: readonly (readonly Placement[])[],
    recorder: Recorder,
    options: RecordOptions,
  ) {
    this.#images = images;
    this.#placements = placements;
    this.#recorder = recorder;
    this.#options = options;
    const { target } = options;
    this.#output = { layout: target.layout, dtype: target.dtype };
    [this.#height, this.#width] = target.layout === "NCHW"
      ? [target.shape[2], target.shape[3]]
      : [target.shape[1], target.shape[2]];
    const perWord = 4 / DTYPE_BYTES[target.dtype];
    this.#packs = this.#width % perWord !== 0 || target.byteOffset % 4 !== 0;
  }

  run(): GPUBuffer[] {
    try {
      const all = this.#images.images;
      const index = all.findIndex((image) => image !== null);
      const passes = index < 0 ? 1 : this.#placements[index].length;
      const boundaries = passes - 1 + Number(this.#packs);
      const parts = this.#parts(boundaries);
      const buffers = parts.bytes.map((bytes, i) => this.#lend(bytes, `augment pixels ${i}`));
      for (const [from, to] of parts.ranges) this.#part(from, to, passes, buffers);
      return this.#lent;
    } catch (error) {
      for (const buffer of this.#lent) this.#options.pool.release(buffer);
      throw error;
    }
  }

  /** Bytes that a sample takes between pass `boundary` and what follows. */
  #between(index: number, boundary: number, last: boolean): number {
    if (last && this.#packs) return this.#width * this.#height * PIXEL_BYTES.f32;
    if (this.#images.images[index] === null) return 0;
    const { width, height } = this.#placements[index][boundary].geometry;
    return width * height * PIXEL_BYTES.f32;
  }

  #parts(boundaries: number): { ranges: [number, number][]; bytes: number[] } {
    const count = this.#images.images.length;
    const bytes = new Array<number>(boundaries).fill(0);
    if (boundaries === 0) return { ranges: [[0, count]], bytes };
    const budget = Math.min(this.#options.budget, MOST_BUDGET);
    const ranges: [number, number][] = [];
    let from = 0;
    let sums = new Array<number>(boundaries).fill(0);
    for (let index = 0; index < count; index++) {
      const own = sums.map((_, b) => this.#between(index, b, b === boundaries - 1));
      if (index > from && own.some((size, b) => sums[b] + size > budget)) {
        ranges.push([from, index]);
        from = index;
        sums = sums.map(() => 0);
      }
      for (let b = 0; b < boundaries; b++) {
        sums[b] += own[b];
        bytes[b] = Math.max(bytes[b], sums[b]);
      }
    }
    if (count > from) ranges.push([from, count]);
    return { ranges, bytes };
  }

  #part(from: number, to: number, passes: number, buffers: readonly GPUBuffer[]): void {
    let sources: (Range | null)[] = [];
    for (let index = from; index < to; index++) sources.push(this.#imageRange(index));
    for (let pass = 0; pass < passes; pass++) {
      const last = pass === passes - 1;
      const source: SourceKind = pass === 0 ? "u8" : "f32";
      const target = last && !this.#packs ? this.#output : PIXELS;
      const targets: (Range | null)[] = [];
      let at = 0;
      for (let index = from; index < to; index++) {
        if (target !== PIXELS) {
          targets.push(this.#tensorRange(index, index + 1));
          continue;
        }
        const byteLength = this.#between(index, pass, last);
        const used = last || sources[index - from] !== null;
        targets.push(used ? { buffer: buffers[pass], byteOffset: at, byteLength } : null);
        at += byteLength;
      }
      this.#pass(from, pass, source, target, sources, targets);
      if (last) this.#zeros(from, target, targets);
      sources = targets;
    }
    if (this.#packs) {
      this.#recorder.pack(
        packKernel(this.#output),
        {
          buffer: buffers[passes - 1],
          byteOffset: 0,
          byteLength: (to - from) * this.#width * this.#height * PIXEL_BYTES.f32,
        },
        this.#tensorRange(from, to),
        DTYPE_BYTES[this.#output.dtype],
        [this.#width, this.#height, to - from],
      );
    }
  }

  /** One pass over a part of the batch: kernel by kernel, so that each is dispatched once. */
  #pass(
    from: number,
    pass: number,
    source: SourceKind,
    target: TargetKind,
    sources: readonly (Range | null)[],
    targets: readonly (Range | null)[],
  ): void {
    const elementBytes = bytesOfElement(target);
    const kernels = new Map<ReturnType<typeof nearestKernel>, number[]>();
    sources.forEach((range, i) => {
      if (!range) return;
      const placement = this.#placements[from + i][pass];
      const { geometry } = placement;
      if (isWide(geometry, this.#options.maxSteps)) {
        const [reduced, own] = this.#reduce(source, placement, range);
        const kernel = nearestKernel("f32", target);
        this.#recorder.add(kernel, own, reduced, targets[i]!, elementBytes);
        return;
      }
      const { filterX, filterY } = geometry;
      const kernel = filterX === FILTERS.nearest && filterY === FILTERS.nearest
        ? nearestKernel(source, target)
        : resampleKernel(source, target, filterX, filterY);
      const members = kernels.get(kernel);
      if (members) members.push(i);
      else kernels.set(kernel, [i]);
    });
    for (const [kernel, members] of kernels) {
      for (const i of members) {
        const placement = this.#placements[from + i][pass];
        this.#recorder.add(kernel, placement, sources[i]!, targets[i]!, elementBytes);
      }
    }
  }

  /** Fills the places of images that are not there: a pixel of whatever image, times zero. */
  #zeros(from: number, target: TargetKind, targets: readonly (Range | null)[]): void {
    const source = { buffer: this.#images.buffer, byteOffset: 0, byteLength: PIXEL_BYTES.u8 };
    const { geometry } = this.#empty;
    geometry.width = this.#width;
    geometry.height = this.#height;
    targets.forEach((range, i) => {
      if (this.#images.images[from + i] !== null) return;
      const kernel = nearestKernel("u8", target);
      this.#recorder.add(kernel, this.#empty, source, range!, bytesOfElement(target));
    });
  }

  /** Resamples one sample axis by axis, the one that leaves less behind first. */
  #reduce(source: SourceKind, placement: Placement, range: Range): [Range, Placement] {
    const { geometry } = placement;
    const { width, height, viewWidth, viewHeight } = geometry;
    const acrossFirst = width * viewHeight <= viewWidth * height;
    const first = this.#pixels(acrossFirst ? width * viewHeight : viewWidth * height);
    const second = this.#pixels(width * height);
    const axis = acrossFirst ? 0 : 1;
    const filters = [geometry.filterX, geometry.filterY];
    this.#recorder.add(reduceKernel(source, filters[axis], axis), placement, range, first, 16);

    // The second axis sees what the first has left, row by row; the first is done.
    const rest = new Placement();
    Object.assign(rest.geometry, geometry);
    rest.geometry.base = 0;
    rest.geometry.stepX = 1;
    rest.geometry.stepY = acrossFirst ? width : viewWidth;
    rest.geometry.viewWidth = acrossFirst ? width : viewWidth;
    rest.geometry.viewHeight = acrossFirst ? viewHeight : height;
    this.#recorder.add(
      reduceKernel("f32", filters[1 - axis], acrossFirst ? 1 : 0),
      rest,
      first,
      second,
      16,
    );

    const copy = new Placement();
    copy.geometry.begin(width, height, width);
    copy.colour.rows.set(placement.colour.rows);
    return [second, copy];
  }

  #pixels(count: number): Range {
    const byteLength = count * PIXEL_BYTES.f32;
    return { buffer: this.#lend(byteLength, "augment reduced"), byteOffset: 0, byteLength };
  }

  /** Lends a power of two, so that a stream of varying sizes soon finds all buffers in the pool. */
  #lend(bytes: number, label: string): GPUBuffer {
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 256)));
    const most = this.#images.device.limits.maxBufferSize;
    const usage = GPUBufferUsage.STORAGE;
    const buffer = this.#options.pool.acquire(Math.max(bytes, Math.min(size, most)), usage, label);
    this.#lent.push(buffer);
    return buffer;
  }

  #imageRange(index: number): Range | null {
    const image: GpuImage | null = this.#images.images[index];
    if (!image) return null;
    return {
      buffer: this.#images.buffer,
      byteOffset: image.byteOffset,
      byteLength: image.rowPitch * (image.height - 1) + image.width * PIXEL_BYTES.u8,
    };
  }

  #tensorRange(from: number, to: number): Range {
    const { target, first } = this.#options;
    const bytes = 3 * this.#width * this.#height * DTYPE_BYTES[target.dtype];
    return {
      buffer: target.buffer,
      byteOffset: target.byteOffset + (first + from) * bytes,
      byteLength: (to - from) * bytes,
    };
  }
}

function bytesOfElement(target: TargetKind): number {
  return target.layout === "pixels" ? PIXEL_BYTES.f32 : DTYPE_BYTES[target.dtype];
}

/** A view of one pixel whose colours become zero. */
function nothing(): Placement {
  const placement = new Placement();
  placement.geometry.begin(1, 1, 1);
  placement.colour.rows.fill(0);
  return placement;
}

/** Whether a tile of 4 × 4 output pixels would take an invocation more loop steps than it may. */
function isWide(geometry: Geometry, maxSteps: number): boolean {
  if (geometry.filterX === FILTERS.nearest && geometry.filterY === FILTERS.nearest) return false;
  const across = 3 * geometry.scaleX + 2 * geometry.reachX + 2;
  const down = 3 * geometry.scaleY + 2 * geometry.reachY + 2;
  return across * (down + 1) + down > maxSteps;
}
