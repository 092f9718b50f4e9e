import { LimitsError } from "../errors.ts";
import { foldWorkgroups, type Kernel } from "../gpu/kernel.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { type KernelVariant, LANES, PIXEL_BYTES } from "./kernels.ts";
import type { Placement } from "./plan.ts";

/** A range of a buffer that one sample reads or writes. */
export interface Range {
  /** The buffer. */
  buffer: GPUBuffer;
  /** Where it begins, in bytes. */
  byteOffset: number;
  /** How long it is, in bytes. */
  byteLength: number;
}

/** Samples that one dispatch takes: what they read and write lies within a binding each. */
interface Group {
  variant: KernelVariant;
  source: GPUBuffer;
  sourceLow: number;
  sourceHigh: number;
  target: GPUBuffer;
  targetLow: number;
  targetHigh: number;
  elementBytes: number;
  firstRecord: number;
  count: number;
  width: number;
  height: number;
}

const RECORD_WORDS = 32;
const RECORD_BYTES = RECORD_WORDS * 4;
/** Length of the array in sample.wgsl. */
const MOST_SAMPLES = 256;
/** Offsets of bindings are multiples of this; the largest that a device may ask for. */
const ALIGNMENT = 256;
const RECORD_ALIGNMENT = ALIGNMENT / RECORD_BYTES;
const ORIGIN = 0;
const TARGET = 3;

/**
 * Collects what shall be done to samples, and does it with as few dispatches as bindings allow.
 *
 * Additions with the same kernel and buffers that follow one another become one dispatch, as long as
 * all that they read, and all that they write, fits into one binding.
 */
export class Recorder {
  readonly #device: GPUDevice;
  readonly #limit: number;
  readonly #groups: Group[] = [];
  #ints = new Int32Array(RECORD_WORDS * 64);
  #floats = new Float32Array(this.#ints.buffer);
  #records = 0;

  /**
   * Makes an empty record.
   *
   * @param device The device.
   * @param limit Most bytes that one storage binding may have.
   */
  constructor(device: GPUDevice, limit: number) {
    this.#device = device;
    this.#limit = limit;
  }

  /** The kernels that are needed. */
  get variants(): Iterable<KernelVariant> {
    return this.#groups.map((group) => group.variant);
  }

  /**
   * Adds one sample of one pass.
   *
   * @param variant The kernel.
   * @param placement What it does.
   * @param source Where the sample lies.
   * @param target Where its output goes.
   * @param elementBytes Bytes of what the kernel counts as one element of the target.
   */
  add(
    variant: KernelVariant,
    placement: Placement,
    source: Range,
    target: Range,
    elementBytes: number,
  ): void {
    const { geometry, colour } = placement;
    const at = this.#begin(variant, source, target, elementBytes) * RECORD_WORDS;
    const ints = this.#ints, floats = this.#floats;
    ints[at + ORIGIN] = source.byteOffset / PIXEL_BYTES[variant.source] + geometry.base;
    ints[at + 1] = geometry.stepX;
    ints[at + 2] = geometry.stepY;
    ints[at + TARGET] = target.byteOffset / elementBytes;
    ints[at + 4] = geometry.width;
    ints[at + 5] = geometry.height;
    ints[at + 6] = geometry.viewWidth;
    ints[at + 7] = geometry.viewHeight;
    ints[at + 8] = geometry.indexX;
    ints[at + 9] = geometry.indexY;
    ints[at + 10] = geometry.indexStepX;
    ints[at + 11] = geometry.indexStepY;
    floats[at + 12] = geometry.startX;
    floats[at + 13] = geometry.startY;
    floats[at + 14] = geometry.scaleX;
    floats[at + 15] = geometry.scaleY;
    floats[at + 16] = geometry.reachX;
    floats[at + 17] = geometry.reachY;
    floats[at + 18] = 1 / geometry.stretchX;
    floats[at + 19] = 1 / geometry.stretchY;
    floats.set(colour.rows, at + 20);
    const group = this.#groups[this.#groups.length - 1];
    group.width = Math.max(group.width, geometry.width);
    group.height = Math.max(group.height, geometry.height);
    if (variant.kind === "reduce") {
      group.height = variant.constants.AXIS === 0 ? geometry.viewHeight : geometry.viewWidth;
      group.width = variant.constants.AXIS === 0 ? geometry.width : geometry.height;
    }
  }

  /**
   * Adds the packing of samples that lie one after the other.
   *
   * @param variant The kernel.
   * @param source Their pixels.
   * @param target Their elements in the tensor.
   * @param elementBytes Bytes of an element.
   * @param size Width, height, and number of samples.
   */
  pack(
    variant: KernelVariant,
    source: Range,
    target: Range,
    elementBytes: number,
    size: readonly [number, number, number],
  ): void {
    const at = this.#begin(variant, source, target, elementBytes) * RECORD_WORDS;
    this.#ints[at + ORIGIN] = source.byteOffset / PIXEL_BYTES.f32;
    this.#ints[at + TARGET] = target.byteOffset / elementBytes;
    this.#ints.set(size, at + 4);
  }

  /** Finds or opens the group that takes a sample, and the place for its record. */
  #begin(variant: KernelVariant, source: Range, target: Range, elementBytes: number): number {
    const sourceLow = floorTo(source.byteOffset, ALIGNMENT);
    const sourceHigh = ceilTo(source.byteOffset + source.byteLength, 4);
    const targetLow = floorTo(target.byteOffset, ALIGNMENT);
    const targetHigh = ceilTo(target.byteOffset + target.byteLength, 4);
    const needed = Math.max(sourceHigh - sourceLow, targetHigh - targetLow);
    if (needed > this.#limit) {
      throw new LimitsError(
        `Cannot augment as what one sample reads or writes must be at most ${this.#limit} bytes on this device: ` +
          `received ${needed}`,
      );
    }
    let group = this.#groups[this.#groups.length - 1];
    const single = variant.kind === "reduce" || variant.kind === "pack";
    if (
      single || !group || group.variant !== variant || group.source !== source.buffer ||
      group.target !== target.buffer || group.count === MOST_SAMPLES ||
      span(group.sourceLow, group.sourceHigh, sourceLow, sourceHigh) > this.#limit ||
      span(group.targetLow, group.targetHigh, targetLow, targetHigh) > this.#limit
    ) {
      this.#records = ceilTo(this.#records, RECORD_ALIGNMENT);
      group = {
        variant,
        source: source.buffer,
        sourceLow,
        sourceHigh,
        target: target.buffer,
        targetLow,
        targetHigh,
        elementBytes,
        firstRecord: this.#records,
        count: 0,
        width: 0,
        height: 0,
      };
      this.#groups.push(group);
    }
    group.sourceLow = Math.min(group.sourceLow, sourceLow);
    group.sourceHigh = Math.max(group.sourceHigh, sourceHigh);
    group.targetLow = Math.min(group.targetLow, targetLow);
    group.targetHigh = Math.max(group.targetHigh, targetHigh);
    group.count++;
    if ((this.#records + 1) * RECORD_WORDS > this.#ints.length) this.#grow();
    return this.#records++;
  }

  #grow(): void {
    const ints = new Int32Array(this.#ints.length * 2);
    ints.set(this.#ints);
    this.#ints = ints;
    this.#floats = new Float32Array(ints.buffer);
  }

  /**
   * Submits all that was added, in one command buffer.
   *
   * @param kernels The compiled kernels by their keys.
   * @param pool Lends the buffer for the records.
   */
  submit(kernels: ReadonlyMap<string, Kernel>, pool: BufferPool): void {
    if (this.#records === 0) return;
    // Every binding of records has the length of the array in the shader.
    const records = pool.acquire(
      (ceilTo(this.#records, RECORD_ALIGNMENT) + MOST_SAMPLES) * RECORD_BYTES,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      "augment samples",
    );
    try {
      const encoder = this.#device.createCommandEncoder({ label: "augment" });
      const pass = encoder.beginComputePass({ label: "augment" });
      for (const group of this.#groups) {
        this.#rebase(group);
        const kernel = kernels.get(group.variant.key)!;
        const bound = kernel.bind([
          {
            buffer: records,
            offset: group.firstRecord * RECORD_BYTES,
            size: MOST_SAMPLES * RECORD_BYTES,
          },
          {
            buffer: group.source,
            offset: group.sourceLow,
            size: Math.min(group.sourceHigh, floorTo(group.source.size, 4)) - group.sourceLow,
          },
          {
            buffer: group.target,
            offset: group.targetLow,
            size: group.targetHigh - group.targetLow,
          },
        ]);
        kernel.dispatch(pass, bound, workgroups(group));
      }
      pass.end();
      this.#device.queue.writeBuffer(records, 0, this.#ints, 0, this.#records * RECORD_WORDS);
      this.#device.queue.submit([encoder.finish()]);
    } finally {
      pool.release(records);
    }
  }

  /** Counts pixels and elements from where the bindings begin. */
  #rebase(group: Group): void {
    const pixels = group.sourceLow / PIXEL_BYTES[group.variant.source];
    const elements = group.targetLow / group.elementBytes;
    for (let i = 0; i < group.count; i++) {
      const at = (group.firstRecord + i) * RECORD_WORDS;
      this.#ints[at + ORIGIN] -= pixels;
      this.#ints[at + TARGET] -= elements;
    }
  }
}

function workgroups(group: Group): [number, number, number] {
  const { variant, width, height, count } = group;
  if (variant.kind === "pack") {
    const [x, y] = foldWorkgroups(Math.ceil((group.targetHigh - group.targetLow) / 4 / LANES));
    return [x, y, 1];
  }
  if (variant.kind === "reduce") {
    const [y, z] = foldWorkgroups(height);
    return [width, y, z];
  }
  const [tileWidth, tileHeight] = variant.tile;
  return [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight), count];
}

function span(low: number, high: number, otherLow: number, otherHigh: number): number {
  return Math.max(high, otherHigh) - Math.min(low, otherLow);
}

function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

function ceilTo(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
