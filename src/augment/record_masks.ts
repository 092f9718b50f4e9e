import { largest } from "../extremes.ts";
import type { GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import type { Chain } from "./chain.ts";
import { maskKernel, maskStoreKernel } from "./kernels.ts";
import { lendPixels } from "./lend.ts";
import type { MaskTensor } from "./mask_tensor.ts";
import { partition } from "./parts.ts";
import { Placement } from "./placement.ts";
import type { Range } from "./dispatch_list.ts";
import type { Recorder } from "./recorder.ts";

/** Where masks go, and what their numbers are. */
export interface RecordMaskOptions {
  /** The tensor. */
  target: MaskTensor;
  /** Place of the first mask in it. */
  first: number;
  /** The bits of a pixel's word that are its number. */
  bits: number;
  /** The number of what lies beyond a mask. */
  fill: number;
  /** Most bytes of intermediate numbers at a time, unless one mask has more. */
  budget: number;
  /** Lends the buffers for them. */
  pool: BufferPool;
}

const WORD = 4;
const NO_BOX = [0, 0, 0, 0];

/**
 * Records what happens to the masks of a batch: the geometry of their images, each pixel from the
 * nearest one, then the rectangles that `cutmix` pastes.
 *
 * @param masks The masks, a word a pixel.
 * @param chains What is done to the image of each; entries of null masks are not read.
 * @param recorder Takes the work.
 * @param options Target and numbers.
 * @returns Buffers of the pool, to be released once the work has been submitted.
 */
export function recordMasks(
  masks: GpuImages,
  chains: readonly Chain[],
  recorder: Recorder,
  options: RecordMaskOptions,
): GPUBuffer[] {
  const lent: GPUBuffer[] = [];
  const lend = (bytes: number, label: string): GPUBuffer => {
    const buffer = lendPixels(masks.device, options.pool, bytes, label);
    lent.push(buffer);
    return buffer;
  };
  try {
    const [, height, width] = options.target.shape;
    const count = masks.images.length;
    const own = width * height * WORD;
    const moved = lend(own * count, "augment masks");
    const place = (buffer: GPUBuffer, index: number): Range => ({
      buffer,
      byteOffset: index * own,
      byteLength: own,
    });
    move(masks, chains, recorder, options, lend, (index) => place(moved, index));
    const steps = largest(
      masks.images.map((image, index) => image ? chains[index].mixingCount : 0),
      1,
    );
    let source = moved;
    for (let step = 0; step < steps; step++) {
      const target = step < steps - 1 ? lend(own * count, "augment mixed masks") : null;
      for (let index = 0; index < count; index++) {
        const chain = masks.images[index] ? chains[index] : null;
        const mixing = chain && step < chain.mixingCount ? chain.mixings[step] : null;
        const pastes = mixing?.kind === "cutmix";
        recorder.addMaskStore(
          maskStoreKernel(target || options.target.dtype === "i32" ? 1 : 4),
          place(source, index),
          place(source, pastes ? mixing.partner : index),
          target ? place(target, index) : targetRange(options, index),
          [width, height],
          pastes ? mixing.box : NO_BOX,
        );
      }
      if (target) source = target;
    }
    return lent;
  } catch (error) {
    for (const buffer of lent) options.pool.release(buffer);
    throw error;
  }
}

/** The passes that move pixels; at least one. */
function moves(chain: Chain, width: number, height: number, pitch: number): Placement[] {
  const found = chain.passes.slice(0, chain.count).filter(
    ({ kind, geometry, stepCount, steps }) => {
      const pads = steps.slice(0, stepCount).some((step) => step.kind === "outside");
      return kind === "move" && (pads || !geometry.isCopy);
    },
  );
  // Where the first pass only changes colours, the next one's rows are packed, but the mask's are not.
  if (found.length > 0 && found[0] === chain.passes[0]) return found;
  const copy = new Placement();
  copy.begin(width, height, pitch);
  return [copy, ...found];
}

function move(
  masks: GpuImages,
  chains: readonly Chain[],
  recorder: Recorder,
  options: RecordMaskOptions,
  lend: (bytes: number, label: string) => GPUBuffer,
  last: (index: number) => Range,
): void {
  const passes = masks.images.map((image, index) =>
    image ? moves(chains[index], image.width, image.height, image.rowPitch / WORD) : [nowhere()]
  );
  const needs = (index: number): [number, number] => {
    const most: [number, number] = [0, 0];
    passes[index].slice(0, -1).forEach(({ geometry: { width, height } }, level) => {
      most[level % 2] = Math.max(most[level % 2], width * height * WORD);
    });
    return most;
  };
  const parts = partition(passes.length, needs, options.budget);
  const between = parts.bytes.map((bytes, i) =>
    bytes > 0 ? lend(bytes, `augment mask ${i}`) : null
  );
  const [, height, width] = options.target.shape;
  for (const [from, to] of parts.ranges) {
    const sources: Range[] = [];
    for (let index = from; index < to; index++) sources.push(maskRange(masks, index));
    const levels = largest(passes.slice(from, to).map(({ length }) => length));
    for (let level = 0; level < levels; level++) {
      let at = 0;
      for (let index = from; index < to; index++) {
        if (level >= passes[index].length) continue;
        const placement = passes[index][level];
        const { geometry } = placement;
        const isLast = level === passes[index].length - 1;
        if (!masks.images[index]) {
          geometry.width = width;
          geometry.height = height;
        }
        const byteLength = geometry.width * geometry.height * WORD;
        const target = isLast
          ? last(index)
          : { buffer: between[level % 2]!, byteOffset: at, byteLength };
        if (!isLast) at += byteLength;
        const bits = level === 0 ? options.bits : 0xffffffff;
        const fill = masks.images[index] ? options.fill : 0;
        const source = sources[index - from];
        recorder.addMask(maskKernel(geometry.warped, bits), placement, source, target, fill);
        sources[index - from] = target;
      }
    }
  }
}

/** A view of one pixel that is never seen, as all lies beyond it. */
function nowhere(): Placement {
  const placement = new Placement();
  placement.begin(1, 1, 1);
  const { geometry } = placement;
  geometry.warped = true;
  geometry.map.set([0, 0, -1, 0, 0, -1]);
  geometry.fill = [0, 0, 0];
  return placement;
}

function maskRange(masks: GpuImages, index: number): Range {
  const image = masks.images[index];
  if (!image) return { buffer: masks.buffer, byteOffset: 0, byteLength: WORD };
  return {
    buffer: masks.buffer,
    byteOffset: image.byteOffset,
    byteLength: image.rowPitch * (image.height - 1) + image.width * WORD,
  };
}

function targetRange({ target, first }: RecordMaskOptions, index: number): Range {
  const byteLength = target.byteLength / target.shape[0];
  return {
    buffer: target.buffer,
    byteOffset: target.byteOffset + (first + index) * byteLength,
    byteLength,
  };
}
