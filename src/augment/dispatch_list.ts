import { type CassetteError, LimitsError } from "../errors.ts";
import { foldWorkgroups, type Kernel } from "../gpu/kernel.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { faultError, inScopes } from "../gpu/scope.ts";
import { type KernelVariant, LANES, PIXEL_BYTES } from "./kernels.ts";
import { STEP_WORDS } from "./pixel_step.ts";
import type { Placement } from "./placement.ts";

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
/** Bytes that kernels read at a time. */
const VECTOR = 16;
const RECORD_BYTES = RECORD_WORDS * 4;
/** Length of the array in sample.wgsl. */
const MOST_SAMPLES = 256;
/** Offsets of bindings are multiples of this; the largest that a device may ask for. */
export const BINDING_ALIGNMENT = 256;
/** Places in a record, in words: the first pixel, the first element, the partner's, the program. */
const ORIGIN = 0;
const TARGET = 3;
const INDEX = 8;
const PROGRAM = 32;
/** Kernels that look at all pixels of an image, one after the other. */
const COUNTING: ReadonlySet<string> = new Set(["histogram", "summary"]);
/** Kernels of which every sample is a dispatch of its own. */
const SINGLE: ReadonlySet<string> = new Set(["reduce", "pack"]);

/**
 * Records of samples, and the dispatches that take them: as few as bindings allow.
 *
 * Additions with the same kernel and buffers that follow one another become one dispatch, as long as
 * all that they read, and all that they write, fits into one binding.
 */
export class DispatchList {
  readonly #device: GPUDevice;
  readonly #limit: number;
  readonly #groups: Group[] = [];
  /** The records as whole numbers; another array after it has grown. */
  protected ints = new Int32Array(RECORD_WORDS * 64);
  /** The same memory as numbers. */
  protected floats = new Float32Array(this.ints.buffer);
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
   * Finds or opens the dispatch that takes a sample, and begins its record.
   *
   * @param variant The kernel.
   * @param source What the sample reads.
   * @param target Where its output goes.
   * @param elementBytes Bytes of what the kernel counts as one element of the target.
   * @param partner What it reads beside the source.
   * @returns First word of the record.
   */
  protected begin(
    variant: KernelVariant,
    source: Range,
    target: Range,
    elementBytes: number,
    partner?: Range,
  ): number {
    const sourceLow = floorTo(source.byteOffset, BINDING_ALIGNMENT);
    const sourceHigh = ceilTo(source.byteOffset + source.byteLength, VECTOR);
    const targetLow = floorTo(target.byteOffset, BINDING_ALIGNMENT);
    const targetHigh = ceilTo(target.byteOffset + target.byteLength, WORD);
    const partnerLow = partner ? floorTo(partner.byteOffset, BINDING_ALIGNMENT) : 0;
    const partnerHigh = partner ? ceilTo(partner.byteOffset + partner.byteLength, WORD) : 0;
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
    if ((this.#records + 1) * RECORD_WORDS > this.ints.length) this.#grow();
    const at = this.#records * RECORD_WORDS;
    this.ints[at + ORIGIN] = source.byteOffset / PIXEL_BYTES[variant.source];
    this.ints[at + TARGET] = target.byteOffset / elementBytes;
    this.#records++;
    return at;
  }

  /**
   * Widens the dispatch of the last sample.
   *
   * @param width Columns that it must reach.
   * @param height Rows that it must reach.
   */
  protected widen(width: number, height: number): void {
    const group = this.#groups[this.#groups.length - 1];
    group.width = Math.max(group.width, width);
    group.height = Math.max(group.height, height);
  }

  #grow(): void {
    const ints = new Int32Array(this.ints.length * 2);
    ints.set(this.ints);
    this.ints = ints;
    this.floats = new Float32Array(ints.buffer);
  }

  /**
   * Writes a pixel program; of a mask's image only what fills the parts around it.
   *
   * @param placement The pass that has it.
   * @param at First word of the sample's record.
   * @param table First word of its statistics.
   * @param mask Whether the sample is a mask.
   */
  protected addSteps(placement: Placement, at: number, table: number, mask: boolean): void {
    const first = this.#steps;
    for (let i = 0; i < placement.stepCount; i++) {
      const step = placement.steps[i];
      if (mask && step.kind !== "outside") continue;
      if ((this.#steps + 1) * STEP_WORDS > this.#stepWords.length) this.#growSteps();
      step.write(this.#stepWords, this.#stepFloats, this.#steps * STEP_WORDS, table);
      this.#steps++;
    }
    this.ints[at + PROGRAM] = first;
    this.ints[at + PROGRAM + 1] = this.#steps - first;
  }

  #growSteps(): void {
    const words = new Uint32Array(this.#stepWords.length * 2);
    words.set(this.#stepWords);
    this.#stepWords = words;
    this.#stepFloats = new Float32Array(words.buffer);
  }

  /**
   * Submits all that was added, in one command buffer.
   *
   * @param kernels The compiled kernels by their keys.
   * @param pool Lends the buffer for the records.
   * @returns Why the device did not take it; undefined if it did.
   */
  async submit(
    kernels: ReadonlyMap<string, Kernel>,
    pool: BufferPool,
  ): Promise<CassetteError | undefined> {
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
      const { fault } = inScopes(this.#device, () => {
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
        queue.writeBuffer(records, 0, this.ints, 0, this.#records * RECORD_WORDS);
        if (this.#steps > 0) {
          queue.writeBuffer(steps, 0, this.#stepWords, 0, this.#steps * STEP_WORDS);
        }
        queue.submit([encoder.finish()]);
      });
      const lack = await pool.failure([records, steps, ...this.#buffers()]);
      const found = await fault;
      return lack ?? (found && faultError(found, "augment"));
    } finally {
      pool.release(records);
      pool.release(steps);
    }
  }

  /** All buffers that are read or written, but for the records. */
  #buffers(): Set<GPUBuffer> {
    const buffers = new Set<GPUBuffer>();
    for (const { source, target, partner } of this.#groups) {
      buffers.add(source).add(target);
      if (partner) buffers.add(partner);
    }
    if (this.#statistics) buffers.add(this.#statistics.counts).add(this.#statistics.tables);
    return buffers;
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
    const pixelBytes = PIXEL_BYTES[group.variant.source];
    const pixels = group.sourceLow / pixelBytes;
    const elements = group.targetLow / group.elementBytes;
    for (let i = 0; i < group.count; i++) {
      const at = (group.firstRecord + i) * RECORD_WORDS;
      this.ints[at + ORIGIN] -= pixels;
      this.ints[at + TARGET] -= elements;
      if (group.partner) this.ints[at + INDEX] -= group.partnerLow / pixelBytes;
    }
  }
}

/**
 * The workgroups that a dispatch takes, of which no dimension may have more than 65,535.
 *
 * @param group Kernel, how far it must reach, and how many samples it takes.
 * @returns Workgroups in x, y and z.
 */
export function workgroups(
  group: Pick<Group, "variant" | "width" | "height" | "count" | "targetLow" | "targetHigh">,
): [number, number, number] {
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
  if (COUNTING.has(variant.kind)) {
    const [x, y] = foldWorkgroups(Math.ceil(width / tileWidth));
    return [x, y, count];
  }
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
