import { LimitsError } from "../errors.ts";
import { foldWorkgroups, type Kernel } from "../gpu/kernel.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { type KernelVariant, LANES, PIXEL_BYTES } from "./kernels.ts";
import { STEP_WORDS } from "./pixel_step.ts";
import { type Placement, type Statistic, STATISTICS } from "./placement.ts";

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
  /** What mixing reads beside the source. */
  partner: GPUBuffer | null;
  partnerLow: number;
  partnerHigh: number;
  elementBytes: number;
  firstRecord: number;
  count: number;
  width: number;
  height: number;
}

const RECORD_WORDS = 64;
const WORD = 4;
const RECORD_BYTES = RECORD_WORDS * 4;
/** Length of the array in sample.wgsl. */
const MOST_SAMPLES = 256;
/** Offsets of bindings are multiples of this; the largest that a device may ask for. */
const ALIGNMENT = 256;
/** Places in a record, in words. */
const ORIGIN = 0;
const TARGET = 3;
const SIZE = 4;
const INDEX = 8;
const PROGRAM = 32;
const WARP = 36;
const FILL = 44;
const ARGUMENTS = 48;
const BOX = 52;
/** Kernels of which every sample is a dispatch of its own. */
const SINGLE: ReadonlySet<string> = new Set(["reduce", "pack"]);

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
  #stepWords = new Uint32Array(STEP_WORDS * 64);
  #stepFloats = new Float32Array(this.#stepWords.buffer);
  #steps = 0;
  #statistics: { counts: GPUBuffer; tables: GPUBuffer } | null = null;

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
   * Names the buffers for statistics; the counts are cleared before all else.
   *
   * @param counts Where `histogram` counts.
   * @param tables What pixel programs look up.
   */
  useStatistics(counts: GPUBuffer, tables: GPUBuffer): void {
    this.#statistics = { counts, tables };
  }

  /**
   * Adds one sample of one pass.
   *
   * @param variant The kernel.
   * @param placement What it does.
   * @param source Where the sample lies.
   * @param target Where its output goes.
   * @param elementBytes Bytes of what the kernel counts as one element of the target.
   * @param table First word of its statistics.
   */
  add(
    variant: KernelVariant,
    placement: Placement,
    source: Range,
    target: Range,
    elementBytes: number,
    table = 0,
  ): void {
    const { geometry, colour } = placement;
    const at = this.#begin(variant, source, target, elementBytes) * RECORD_WORDS;
    const ints = this.#ints, floats = this.#floats;
    ints[at + ORIGIN] = source.byteOffset / PIXEL_BYTES[variant.source] + geometry.base;
    ints[at + 1] = geometry.stepX;
    ints[at + 2] = geometry.stepY;
    ints[at + SIZE] = geometry.width;
    ints[at + 5] = geometry.height;
    ints[at + 6] = geometry.viewWidth;
    ints[at + 7] = geometry.viewHeight;
    ints[at + INDEX] = geometry.indexX;
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
    this.#addSteps(placement, at, table, variant.kind === "mask");
    if (geometry.warped) {
      for (let i = 0; i < 3; i++) {
        floats[at + WARP + i] = geometry.map[i];
        floats[at + WARP + 4 + i] = geometry.map[3 + i];
      }
    }
    if (geometry.fill) floats.set(geometry.fill, at + FILL);
    floats[at + FILL + 3] = geometry.fill ? 1 : 0;
    if (variant.kind !== "mask") floats.set(placement.numbers, at + ARGUMENTS);
    const group = this.#groups[this.#groups.length - 1];
    group.width = Math.max(group.width, geometry.width);
    group.height = Math.max(group.height, geometry.height);
    if (variant.kind === "reduce") {
      group.height = variant.constants.AXIS === 0 ? geometry.viewHeight : geometry.viewWidth;
      group.width = variant.constants.AXIS === 0 ? geometry.width : geometry.height;
    }
  }

  /**
   * Adds one pass of a mask.
   *
   * @param variant The kernel.
   * @param placement What happens to its image.
   * @param source Where the mask lies: one word a pixel.
   * @param target Where its numbers go, a word each.
   * @param fill The number of what lies beyond the image.
   */
  addMask(
    variant: KernelVariant,
    placement: Placement,
    source: Range,
    target: Range,
    fill: number,
  ): void {
    this.add(variant, placement, source, target, WORD);
    this.#ints[(this.#records - 1) * RECORD_WORDS + ARGUMENTS] = fill;
  }

  /**
   * Adds the storing of a mask, and the pasting of its partner's.
   *
   * @param variant The kernel.
   * @param source Its numbers.
   * @param partner First number of its partner, counted from the source's first.
   * @param target Where it goes.
   * @param size Width and height.
   * @param box Rectangle of the partner: x0, y0, x1, y1.
   */
  addMaskStore(
    variant: KernelVariant,
    source: Range,
    partner: number,
    target: Range,
    size: readonly [number, number],
    box: ArrayLike<number>,
  ): void {
    const elementBytes = WORD / variant.constants.PER;
    const at = this.#begin(variant, source, target, elementBytes) * RECORD_WORDS;
    this.#ints[at + ORIGIN] = 0;
    this.#ints.set(size, at + SIZE);
    this.#ints[at + INDEX] = partner;
    this.#floats.set(box, at + BOX);
    const group = this.#groups[this.#groups.length - 1];
    group.width = Math.max(group.width, size[0] * size[1]);
  }

  /**
   * Adds the counting of a whole image, and what is made of the counts.
   *
   * @param variant The kernel that counts.
   * @param size Width, height and pitch of what is counted, in pixels.
   * @param source Where it lies.
   * @param counts Where the counts go.
   */
  addHistogram(
    variant: KernelVariant,
    size: { width: number; height: number; pitch: number },
    source: Range,
    counts: Range,
  ): void {
    const at = this.#begin(variant, source, counts, WORD) * RECORD_WORDS;
    this.#ints[at + 1] = 1;
    this.#ints[at + 2] = size.pitch;
    this.#ints[at + SIZE] = size.width;
    this.#ints[at + 5] = size.height;
    const group = this.#groups[this.#groups.length - 1];
    group.width = Math.max(group.width, size.width * size.height);
    group.height = 1;
  }

  /**
   * Adds what is made of counts.
   *
   * @param variant The kernel.
   * @param statistic What is made.
   * @param counts The counts.
   * @param table Where it goes.
   */
  addTable(variant: KernelVariant, statistic: Statistic, counts: Range, table: Range): void {
    const at = this.#begin(variant, counts, table, WORD) * RECORD_WORDS;
    this.#ints[at + INDEX] = STATISTICS[statistic];
    const group = this.#groups[this.#groups.length - 1];
    group.width = group.height = 1;
  }

  /**
   * Adds the mixing of one sample.
   *
   * @param variant The kernel.
   * @param source Its pixels.
   * @param partner Its partner's pixels.
   * @param target Where it goes.
   * @param elementBytes Bytes of an element of the target.
   * @param size Width and height.
   * @param weight Weight of the sample itself.
   * @param box Rectangle that is the partner's: x0, y0, x1, y1.
   */
  addMix(
    variant: KernelVariant,
    source: Range,
    partner: Range,
    target: Range,
    elementBytes: number,
    size: readonly [number, number],
    weight: number,
    box: ArrayLike<number>,
  ): void {
    const at = this.#begin(variant, source, target, elementBytes, partner) * RECORD_WORDS;
    this.#ints.set(size, at + SIZE);
    this.#ints[at + INDEX] = partner.byteOffset / PIXEL_BYTES.f32;
    for (const diagonal of [20, 25, 30]) this.#floats[at + diagonal] = 1;
    this.#floats[at + ARGUMENTS] = weight;
    this.#floats.set(box, at + BOX);
    const group = this.#groups[this.#groups.length - 1];
    [group.width, group.height] = size;
  }

  /** Writes a pixel program; of a mask's image only what fills the parts around it. */
  #addSteps(placement: Placement, at: number, table: number, mask: boolean): void {
    const first = this.#steps;
    for (let i = 0; i < placement.stepCount; i++) {
      const step = placement.steps[i];
      if (mask && step.kind !== "outside") continue;
      if ((this.#steps + 1) * STEP_WORDS > this.#stepWords.length) this.#growSteps();
      step.write(this.#stepWords, this.#stepFloats, this.#steps * STEP_WORDS, table);
      this.#steps++;
    }
    this.#ints[at + PROGRAM] = first;
    this.#ints[at + PROGRAM + 1] = this.#steps - first;
  }

  #growSteps(): void {
    const words = new Uint32Array(this.#stepWords.length * 2);
    words.set(this.#stepWords);
    this.#stepWords = words;
    this.#stepFloats = new Float32Array(words.buffer);
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
    this.#ints.set(size, at + SIZE);
  }

  /** Finds or opens the group that takes a sample, and the place for its record, begun. */
  #begin(
    variant: KernelVariant,
    source: Range,
    target: Range,
    elementBytes: number,
    partner?: Range,
  ): number {
    const sourceLow = floorTo(source.byteOffset, ALIGNMENT);
    const sourceHigh = ceilTo(source.byteOffset + source.byteLength, 4);
    const targetLow = floorTo(target.byteOffset, ALIGNMENT);
    const targetHigh = ceilTo(target.byteOffset + target.byteLength, 4);
    const partnerLow = partner ? floorTo(partner.byteOffset, ALIGNMENT) : 0;
    const partnerHigh = partner ? ceilTo(partner.byteOffset + partner.byteLength, 4) : 0;
    const needed = Math.max(sourceHigh - sourceLow, targetHigh - targetLow);
    if (needed > this.#limit) {
      throw new LimitsError(
        `Cannot augment as what one sample reads or writes must be at most ${this.#limit} bytes on this device: ` +
          `received ${needed}`,
      );
    }
    let group = this.#groups[this.#groups.length - 1];
    if (
      SINGLE.has(variant.kind) || !group || group.variant !== variant ||
      group.source !== source.buffer ||
      group.target !== target.buffer || group.count === MOST_SAMPLES ||
      span(group.sourceLow, group.sourceHigh, sourceLow, sourceHigh) > this.#limit ||
      span(group.targetLow, group.targetHigh, targetLow, targetHigh) > this.#limit ||
      span(group.partnerLow, group.partnerHigh, partnerLow, partnerHigh) > this.#limit
    ) {
      group = {
        variant,
        source: source.buffer,
        sourceLow,
        sourceHigh,
        target: target.buffer,
        targetLow,
        targetHigh,
        partner: partner?.buffer ?? null,
        partnerLow,
        partnerHigh,
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
    group.partnerLow = Math.min(group.partnerLow, partnerLow);
    group.partnerHigh = Math.max(group.partnerHigh, partnerHigh);
    group.count++;
    if ((this.#records + 1) * RECORD_WORDS > this.#ints.length) this.#grow();
    const at = this.#records * RECORD_WORDS;
    this.#ints[at + ORIGIN] = source.byteOffset / PIXEL_BYTES[variant.source];
    this.#ints[at + TARGET] = target.byteOffset / elementBytes;
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
    const { queue } = this.#device;
    // Every binding of records has the length of the array in the shader.
    const records = pool.acquire(
      (this.#records + MOST_SAMPLES) * RECORD_BYTES,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      "augment samples",
    );
    const steps = pool.acquire(
      Math.max(1, this.#steps) * STEP_WORDS * WORD,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
      "augment steps",
    );
    try {
      const encoder = this.#device.createCommandEncoder({ label: "augment" });
      if (this.#statistics) encoder.clearBuffer(this.#statistics.counts);
      const pass = encoder.beginComputePass({ label: "augment" });
      for (const group of this.#groups) {
        this.#rebase(group);
        const kernel = kernels.get(group.variant.key)!;
        const bound = kernel.bind(this.#bindings(group, records, steps));
        kernel.dispatch(pass, bound, workgroups(group));
      }
      pass.end();
      queue.writeBuffer(records, 0, this.#ints, 0, this.#records * RECORD_WORDS);
      if (this.#steps > 0) {
        queue.writeBuffer(steps, 0, this.#stepWords, 0, this.#steps * STEP_WORDS);
      }
      queue.submit([encoder.finish()]);
    } finally {
      pool.release(records);
      pool.release(steps);
    }
  }

  #bindings(group: Group, records: GPUBuffer, steps: GPUBuffer): GPUBufferBinding[] {
    const { variant, source, sourceLow, sourceHigh, target, targetLow, targetHigh } = group;
    const bindings: GPUBufferBinding[] = [
      {
        buffer: records,
        offset: group.firstRecord * RECORD_BYTES,
        size: MOST_SAMPLES * RECORD_BYTES,
      },
      {
        buffer: source,
        offset: sourceLow,
        size: Math.min(sourceHigh, floorTo(source.size, WORD)) - sourceLow,
      },
      { buffer: target, offset: targetLow, size: targetHigh - targetLow },
    ];
    if (variant.program || variant.kind === "mask") {
      bindings.push({ buffer: steps, size: Math.max(1, this.#steps) * STEP_WORDS * WORD });
    }
    // Programs that look nothing up must have something bound all the same.
    if (variant.program) bindings.push({ buffer: this.#statistics?.tables ?? steps });
    if (group.partner) {
      bindings.push({
        buffer: group.partner,
        offset: group.partnerLow,
        size: group.partnerHigh - group.partnerLow,
      });
    }
    return bindings;
  }

  /** Counts pixels and elements from where the bindings begin. */
  #rebase(group: Group): void {
    const pixels = group.sourceLow / PIXEL_BYTES[group.variant.source];
    const elements = group.targetLow / group.elementBytes;
    for (let i = 0; i < group.count; i++) {
      const at = (group.firstRecord + i) * RECORD_WORDS;
      this.#ints[at + ORIGIN] -= pixels;
      this.#ints[at + TARGET] -= elements;
      if (group.partner) this.#ints[at + INDEX] -= group.partnerLow / PIXEL_BYTES.f32;
    }
  }
}

function workgroups(group: Group): [number, number, number] {
  const { variant, width, height, count } = group;
  if (variant.kind === "pack") {
    const [x, y] = foldWorkgroups(Math.ceil((group.targetHigh - group.targetLow) / 4 / LANES));
    return [x, y, 1];
  }
  if (variant.kind === "mask_store") {
    // One word more, as a mask of bytes may begin within one.
    const words = Math.ceil(width / variant.constants.PER) + 1;
    const [x, y] = foldWorkgroups(Math.ceil(words / LANES));
    return [x, y, count];
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
