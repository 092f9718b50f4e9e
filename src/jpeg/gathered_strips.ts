import { componentRecords } from "./component_records.ts";
import { dispatchesOf } from "./entropy_records.ts";
import type { JpegFrame, JpegScan } from "./frame.ts";
import { pictureKind } from "./picture_kind.ts";
import { pictureRecords } from "./picture_records.ts";
import {
  BLOCK_TURNS,
  type Interleaving,
  type ProgressivePlan,
  progressiveRecords,
  type ProgressiveStage,
} from "./progressive_records.ts";
import { smoothingRecords, type SmoothingStage } from "./smoothing.ts";
import {
  BLOCK_BYTES,
  BLOCK_EDGE,
  blockWork,
  type Decodable,
  type Decoding,
  params,
  type Stage,
  type Tuning,
} from "./stage.ts";
import { exceeds } from "./plan.ts";
import {
  hasOneScan,
  mcuRows,
  pixelWindow,
  rowsOfStrips,
  strip,
  type StripPictures,
} from "./strips.ts";
import type { Region, Words } from "./words.ts";

/** Blocks that a binding's offset is a multiple of: 256 bytes. */
const ALIGNED_BLOCKS = 256 / BLOCK_BYTES;
/** Rows of MCUs around a strip that smoothing reads: two of blocks, of which an MCU may have one. */
const SMOOTHING_REACH = 2;
/** Most blocks that an MCU of all components may have here: a field of 4 bits. */
const MOST_INTERLEAVED = 15;
/** Bytes of a block's mask. */
const MASK_BYTES = 8;

/** What one stage of a wave does in one window. */
export interface WindowedStage {
  /** The stage. */
  readonly stage: ProgressiveStage;
  /** Its parameters. */
  readonly params: Region;
  /** Dispatches after which no chunk has anything left to do in the window. */
  readonly dispatches: number;
}

/** The coefficients of some rows of MCUs. */
export interface CoefficientWindow {
  /** Where they lie. */
  readonly coefficients: Region;
  /** Marking those that are not zero. */
  readonly masks: Stage & { readonly bytes: number };
  /** What each wave does. */
  readonly waves: readonly (readonly WindowedStage[])[];
}

/** One strip: how its pixels are made once all coefficients are there. */
export interface GatheredStrip extends StripPictures {
  /** Where its coefficients lie, its neighbours' among them. */
  readonly coefficients: Region;
  /** Smoothing, if the picture is not complete: into a copy, as its neighbours need what was there. */
  readonly smoothing: { readonly stage: SmoothingStage; readonly around: Region } | undefined;
}

/** A picture of several scans that is decoded in strips, as it is larger than a binding. */
export interface GatheredStripGroup {
  /** Records of its scans. */
  readonly progressive: ProgressivePlan;
  /** Windows that together have all its coefficients, each once. */
  readonly windows: readonly CoefficientWindow[];
  /** The strips. */
  readonly gatheredStrips: readonly GatheredStrip[];
  /** Bytes of all coefficients. */
  readonly coefficientBytes: number;
}

/**
 * Whether a picture is one of several scans that has to be decoded in strips.
 *
 * @param decodable The picture.
 * @param binding Most bytes of a storage binding.
 * @returns True if so.
 */
export function isGatheredInStrips(decodable: Decodable, binding: number): boolean {
  return !hasOneScan(decodable.frame) && exceeds(decodable, binding);
}

/**
 * Whether a picture's coefficients can lie MCU by MCU.
 *
 * @param frame Its frame.
 * @returns False if its MCUs are too large.
 */
export function canInterleave(frame: JpegFrame): boolean {
  return mcuBlocks(frame) <= MOST_INTERLEAVED;
}

/**
 * Bytes of a picture's coefficients that lie MCU by MCU.
 *
 * @param frame Its frame.
 * @returns Bytes.
 */
export function interleavedBytes(frame: JpegFrame): number {
  const layout = mcuRows(interleaved(frame));
  return layout.rows * layout.bytes;
}

/**
 * Writes the records with which a picture of several scans is decoded in strips.
 *
 * All coefficients lie in one buffer, MCU by MCU, so that some rows of MCUs are one range of it. Each
 * wave of scans goes from range to range: a chunk stops at the end of one and goes on in the next.
 *
 * @param decodable The picture.
 * @param decoding What it is decoded with.
 * @returns The strips.
 */
export function planGatheredStrips(
  decodable: Decodable,
  decoding: Decoding,
): GatheredStripGroup {
  const { read, tuning, binding } = decoding;
  const { frame } = decodable;
  const whole = interleaved(frame);
  const layout = mcuRows(whole);
  const kind = pictureKind(frame);
  const picture = { ...decodable, frame: whole };
  const rowBlocks = layout.bytes / BLOCK_BYTES;
  const single = frame.components.length === 1;
  const places = whole.components.map(({ place }) => place);
  const interleaving: Interleaving = {
    places,
    shares: frame.components.map(({ h, v }) => single ? [1, 1] : [h, v]),
  };
  const blocks = { gatheredBlocks: Uint32Array.from(places), firstGathered: 0, blocks: 0 };
  const progressive = progressiveRecords([decodable], blocks, decoding, interleaving)!;
  const height = rowsOfStrips(picture, layout, binding, frame.unknownBits ? SMOOTHING_REACH : 0);
  // A component alone has its blocks row by row, whatever its factors.
  const pitch = single ? frame.components[0].blocksWide : rowBlocks;
  const windows: CoefficientWindow[] = [];
  const gatheredStrips: GatheredStrip[] = [];
  for (let first = 0; first < layout.rows; first += height) {
    const last = Math.min(first + height, layout.rows);
    const bounds = { begin: first * rowBlocks, end: last * rowBlocks, pitch };
    windows.push(coefficientWindow(progressive, bounds, mcuBlocks(frame), read, tuning));
    const from = Math.max(first - 1, 0);
    const to = Math.min(last + 1, layout.rows);
    const bound = rows(from, to, rowBlocks);
    const part = strip(picture, layout, { first, last, from, to }, kind === "any", bound.before);
    const output = pixelWindow(part);
    const components = componentRecords([part], [kind], read, tuning, false);
    const beyond = {
      from: Math.max(from - SMOOTHING_REACH, 0),
      to: Math.min(to + SMOOTHING_REACH, layout.rows),
    };
    const around = rows(beyond.from, beyond.to, rowBlocks);
    const stage = smoothingRecords([decodable], places, read, tuning, {
      from,
      to,
      origin: around.first,
      ahead: bound.first - around.first,
      rowBlocks,
      mcuBlocks: mcuBlocks(frame),
    });
    gatheredStrips.push({
      output,
      components,
      pictures: pictureRecords([part], [kind], components.samples, output.offset, read, tuning),
      coefficients: bound.region,
      smoothing: stage && { stage, around: around.region },
    });
  }
  return {
    progressive,
    windows,
    gatheredStrips,
    coefficientBytes: layout.rows * layout.bytes,
  };
}

/** What the waves do in one window. */
function coefficientWindow(
  progressive: ProgressivePlan,
  { begin, end, pitch }: { begin: number; end: number; pitch: number },
  mcuBlocks: number,
  read: Words,
  tuning: Tuning,
): CoefficientWindow {
  const first = begin - begin % ALIGNED_BLOCKS;
  const count = end - first;
  const masked = Math.ceil(count / tuning.transform);
  const waves = progressive.waves.map((wave) =>
    wave.map((stage) => ({
      stage,
      params: params(read, stage.count, tuning.cap, first, end, pitch, mcuBlocks),
      dispatches: stage.kernel === "progressive dc"
        ? 1
        : dispatchesOf(Math.min(stage.turns, count * BLOCK_TURNS[stage.kernel]) + 2, tuning),
    }))
  );
  return {
    coefficients: { offset: first * BLOCK_BYTES, size: count * BLOCK_BYTES },
    masks: {
      workgroups: masked,
      work: blockWork(count),
      params: params(read, masked, count, 0),
      bytes: count * MASK_BYTES,
    },
    waves,
  };
}

/** Where rows of MCUs lie, from an offset on that a binding can have. */
function rows(from: number, to: number, rowBlocks: number) {
  const before = from * rowBlocks % ALIGNED_BLOCKS;
  const first = from * rowBlocks - before;
  const size = (to * rowBlocks - first) * BLOCK_BYTES;
  return { first, before, region: { offset: first * BLOCK_BYTES, size } };
}

/** A frame as if one scan had coded all its components. */
function interleaved(frame: JpegFrame): JpegFrame {
  const single = frame.components.length === 1;
  let place = 0;
  const components = frame.components.map((component) => {
    const own = { ...component, scan: 0, place };
    place += single ? 1 : component.h * component.v;
    return own;
  });
  const [leader] = components;
  const scan: JpegScan = {
    ...frame.scans[0],
    components: components.map((_, i) => i),
    mcusAcross: single ? leader.blocksWide : Math.ceil(frame.width / (BLOCK_EDGE * frame.hMax)),
    mcusDown: single ? leader.blocksHigh : Math.ceil(frame.height / (BLOCK_EDGE * frame.vMax)),
    blocksPerMcu: place,
  };
  return { ...frame, gathered: false, components, scans: [scan] };
}

/** Blocks of an MCU of all components. */
function mcuBlocks({ components }: JpegFrame): number {
  if (components.length === 1) return 1;
  return components.reduce((sum, { h, v }) => sum + h * v, 0);
}
