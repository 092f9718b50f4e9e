import { largest } from "../extremes.ts";
import { type ComponentPlan, componentRecords } from "./component_records.ts";
import { BLOCK_TURNS, dispatchesOf, entropyRecords, type EntropyStage } from "./entropy_records.ts";
import type { JpegFrame, JpegScan } from "./frame.ts";
import { pictureKind } from "./picture_kind.ts";
import { pictureRecords, type PictureStage } from "./picture_records.ts";
import {
  BLOCK_BYTES,
  BLOCK_EDGE,
  type Decodable,
  type Decoding,
  markBlocks,
  params,
} from "./stage.ts";
import { type Region, REGION_BYTES } from "./words.ts";

/** Most bytes of one strip's coefficients, if one row of MCUs does not need more. */
const STRIP_BYTES = 2 ** 26;
/** Rows of MCUs that two neighbouring strips both need: the triangle filter reads one row beyond. */
const OVERLAP = 2;

/** How the pixels of a strip are made. */
export interface StripPictures {
  /** Window of the pixels. */
  readonly output: Region;
  /** Its components. */
  readonly components: ComponentPlan;
  /** Making pixels, by kernel. */
  readonly pictures: readonly PictureStage[];
}

/** One strip of a picture: rows of MCUs whose buffers fit a binding. */
export interface Strip extends StripPictures {
  /** What the entropy decoder does for it. */
  readonly window: EntropyWindow;
  /** Bytes of coefficients that the strip before has, where they begin there, and where here. */
  readonly kept: { readonly from: number; readonly to: number; readonly bytes: number };
}

/** What the entropy decoder does for some rows of MCUs. */
export interface EntropyWindow {
  /** Parameters of each run that goes by segment, and dispatches after which all blocks are there. */
  readonly runs: readonly { readonly params: Region; readonly dispatches: number }[];
  /** Parameters of what goes by self-synchronisation. */
  readonly sync: Region | undefined;
}

/** A picture that is decoded strip by strip, as it is larger than a binding. */
export interface StripGroup {
  readonly entropy: EntropyStage;
  readonly strips: readonly Strip[];
  /** Bytes of the largest strip's coefficients and samples, and of what is kept between strips. */
  readonly coefficientBytes: number;
  readonly sampleBytes: number;
  readonly keptBytes: number;
}

/**
 * Whether one scan has all of a picture, so that the blocks of a strip follow one another in it.
 *
 * @param frame Its frame.
 * @returns False for progressive pictures and those of several scans.
 */
export function hasOneScan(frame: JpegFrame): boolean {
  return !frame.gathered && frame.scans.length === 1;
}

/**
 * Writes the records with which a picture is decoded in strips.
 *
 * @param decodable The picture.
 * @param decoding What it is decoded with.
 * @param sync Scans that go by self-synchronisation.
 * @returns The strips.
 */
export function planStrips(
  decodable: Decodable,
  decoding: Decoding,
  sync: ReadonlySet<JpegScan>,
): StripGroup {
  const { read, tuning, binding } = decoding;
  const { frame } = decodable;
  const layout = mcuRows(frame);
  const kind = pictureKind(frame);
  const height = rowsOfStrips(decodable, layout, binding, 0);
  const entropy = entropyRecords([decodable], Uint32Array.of(0), decoding, sync)!;
  const strips: Strip[] = [];
  for (let first = 0, before = 0; first < layout.rows; first += height) {
    const last = Math.min(first + height, layout.rows);
    // With the neighbours that the triangle filter needs.
    const from = Math.max(first - 1, 0);
    const to = Math.min(last + 1, layout.rows);
    const part = strip(decodable, layout, { first, last, from, to }, kind === "any");
    const output = pixelWindow(part);
    const kinds = [kind];
    const components = componentRecords([part], kinds, read, tuning);
    const words = layout.bytes / 4;
    // Counted so that the strip's first block comes to lie after its marks.
    const begin = from * words - components.firstMarked * (BLOCK_BYTES / 4);
    const window = (count: number) => params(read, count, tuning.cap, begin, to * words);
    const turns = (to - from) * layout.bytes / BLOCK_BYTES * BLOCK_TURNS;
    strips.push({
      output,
      components,
      pictures: pictureRecords([part], kinds, components.samples, output.offset, read, tuning),
      window: {
        runs: entropy.runs.map((run) => ({
          params: window(run.count),
          dispatches: dispatchesOf(Math.min(run.turns, turns), tuning),
        })),
        sync: entropy.sync && window(entropy.sync.count),
      },
      kept: kept(layout.bytes, from - before, first + 1 - from, components, strips.at(-1)),
    });
    before = from;
  }
  return {
    entropy,
    strips,
    coefficientBytes: largest(strips.map(({ components }) => components.coefficientBytes)),
    sampleBytes: largest(strips.map(({ components }) => components.sampleBytes)),
    keptBytes: largest(strips.map(({ kept }) => kept.bytes)),
  };
}

/** Coefficients that lie in the strip before too: `rows` rows of MCUs from row `from` of it on. */
function kept(
  rowBytes: number,
  from: number,
  rows: number,
  { firstMarked }: ComponentPlan,
  previous?: Strip,
): Strip["kept"] {
  const to = firstMarked * BLOCK_BYTES;
  if (!previous) return { from: 0, to, bytes: 0 };
  const begin = previous.components.firstMarked * BLOCK_BYTES + from * rowBytes;
  const end = Math.min(begin + rows * rowBytes, previous.components.coefficientBytes);
  return { from: begin, to, bytes: end - begin };
}

/**
 * How many rows of MCUs a strip has.
 *
 * @param decodable The picture.
 * @param layout What a row takes.
 * @param binding Most bytes of a storage binding.
 * @param reach Rows beyond the neighbours, above and below, that must be bound with them.
 * @returns Rows without the neighbours; 1 at least.
 */
export function rowsOfStrips(
  { target, orientation }: Decodable,
  layout: McuRows,
  binding: number,
  reach: number,
): number {
  const upright = orientation <= 4;
  const around = OVERLAP + 2 * reach;
  const marks = markBlocks(layout.bytes / BLOCK_BYTES) * BLOCK_BYTES;
  // A block more, or a part of a row, where the first one is not at an offset that a binding can have.
  const most = Math.min(
    Math.floor((Math.min(binding, STRIP_BYTES) - BLOCK_BYTES) / (layout.bytes + marks)) - around,
    Math.floor(binding / layout.samples) - OVERLAP,
    upright ? Math.floor((binding - REGION_BYTES) / (target.rowPitch * layout.pixels)) : Infinity,
  );
  return Math.max(1, most);
}

/** What one row of MCUs takes; one of all components, even where a scan has one alone. */
export interface McuRows {
  /** Rows of the picture. */
  readonly rows: number;
  /** Rows of the scan's MCUs. */
  readonly scanRows: number;
  /** Bytes of coefficients. */
  readonly bytes: number;
  /** Bytes of samples. */
  readonly samples: number;
  /** Rows of pixels. */
  readonly pixels: number;
}

/**
 * Measures the rows of MCUs of a frame.
 *
 * @param frame A frame of one scan.
 * @returns What one row takes.
 */
export function mcuRows(frame: JpegFrame): McuRows {
  const [scan] = frame.scans;
  const rows = Math.ceil(frame.height / (BLOCK_EDGE * frame.vMax));
  const single = scan.components.length === 1;
  const scanRows = single ? frame.components[0].v : 1;
  const blocks = scanRows * scan.mcusAcross * scan.blocksPerMcu;
  let samples = 0;
  for (const { blocksWide, v } of frame.components) {
    samples += blocksWide * v * BLOCK_EDGE * BLOCK_EDGE;
  }
  return {
    rows,
    scanRows,
    bytes: blocks * BLOCK_BYTES,
    samples,
    pixels: BLOCK_EDGE * frame.vMax,
  };
}

/**
 * A picture that has the rows of a strip only.
 *
 * @param decodable The picture.
 * @param layout What a row of MCUs takes.
 * @param rows Rows of MCUs: its own, and from which to which there are coefficients.
 * @param any Whether its pixels are made from planes.
 * @param before Blocks that are bound before the first of them.
 * @returns The strip.
 */
export function strip(
  decodable: Decodable,
  { scanRows, pixels }: McuRows,
  { first, last, from, to }: { first: number; last: number; from: number; to: number },
  any: boolean,
  before = 0,
): Decodable {
  const { frame } = decodable;
  const [scan] = frame.scans;
  const single = scan.components.length === 1;
  const firstRow = first * pixels;
  const skip: number[] = [];
  const components = frame.components.map((component, c) => {
    // Planes have the neighbours too; what a kernel makes at once has not.
    const plane = any || c > 0 && frame.components[c].v < frame.vMax ||
      c > 0 && frame.components[c].h < frame.hMax;
    const begin = plane ? from : first;
    const end = plane ? to : last;
    const { v } = component;
    skip.push(before + (begin - from) * scanRows * scan.mcusAcross * scan.blocksPerMcu);
    const blockRow = begin * v;
    return {
      ...component,
      height: Math.min(component.height, end * v * BLOCK_EDGE) - blockRow * BLOCK_EDGE,
      blocksHigh: Math.min(component.blocksHigh, end * v) - blockRow,
    };
  });
  const chroma = frame.components[1]?.v ?? 0;
  const height = Math.min(frame.height, last * pixels) - firstRow;
  const mcusDown = single ? Math.min(scan.mcusDown, to * scanRows) - from * scanRows : to - from;
  return {
    ...decodable,
    frame: { ...frame, height, components, scans: [{ ...scan, mcusDown }] },
    section: {
      whole: frame,
      firstColumn: 0,
      firstRow,
      before: any ? (first - from) * pixels : 0,
      chromaBefore: (first - from) * chroma * BLOCK_EDGE,
      skip,
      firstMcus: [0],
    },
  };
}

/**
 * Finds the bytes of the output that a strip's pixels go to, from an offset on that a binding can have.
 *
 * @param strip The strip.
 * @returns Where they lie.
 */
export function pixelWindow({ frame, target, orientation, section }: Decodable): Region {
  const { rowPitch, byteOffset, height } = target;
  // A picture whose rows become columns goes everywhere.
  if (orientation > 4) return { offset: byteOffset, size: rowPitch * height };
  const { firstRow, whole } = section!;
  const down = orientation <= 2;
  const row = down ? firstRow : whole.height - firstRow - frame.height;
  const begin = byteOffset + row * rowPitch;
  const offset = begin - begin % REGION_BYTES;
  return { offset, size: begin + frame.height * rowPitch - offset };
}
