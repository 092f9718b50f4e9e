import { blockWork, type Decodable, owners, params, type Stage, type Tuning } from "./stage.ts";
import type { Region, Words } from "./words.ts";

const COMPONENT_WORDS = 33;
const UNKNOWN = 13;
const QUANT = 23;
const ACROSS_SHIFT = 16;
const ESTIMATES = 10;
/** Bytes of a block's coefficients 0 to 9. */
const SMOOTHED_BYTES = 20;

const NONE = [0, 0, 0, 0, 0];

/**
 * Weights of the DC values of 5×5 blocks, for coefficients 0 to 9 in zigzag order, where nothing of AC
 * is known (libjpeg-turbo 2.1, jdcoefct.c).
 */
const BLIND: readonly (readonly number[])[] = [
  [
    ...[-2, -6, -8, -6, -2],
    ...[-6, 6, 42, 6, -6],
    ...[-8, 42, 152, 42, -8],
    ...[-6, 6, 42, 6, -6],
    ...[-2, -6, -8, -6, -2],
  ],
  [
    ...[-1, -1, 0, 1, 1],
    ...[-3, 13, 0, -13, 3],
    ...[-3, 38, 0, -38, 3],
    ...[-3, 13, 0, -13, 3],
    ...[-1, -1, 0, 1, 1],
  ],
  [
    ...[-1, -3, -3, -3, -1],
    ...[-1, 13, 38, 13, -1],
    ...NONE,
    ...[1, -13, -38, -13, 1],
    ...[1, 3, 3, 3, 1],
  ],
  [
    ...[0, 0, 1, 0, 0],
    ...[0, 2, 7, 2, 0],
    ...[0, -5, -14, -5, 0],
    ...[0, 2, 7, 2, 0],
    ...[0, 0, 1, 0, 0],
  ],
  [
    ...[-1, 0, 0, 0, 1],
    ...[0, 9, 0, -9, 0],
    ...NONE,
    ...[0, -9, 0, 9, 0],
    ...[1, 0, 0, 0, -1],
  ],
  [...NONE, ...[0, 2, -5, 2, 0], ...[1, 7, -14, 7, 1], ...[0, 2, -5, 2, 0], ...NONE],
  [...NONE, ...[0, 1, 0, -1, 0], ...[0, 2, 0, -2, 0], ...[0, 1, 0, -1, 0], ...NONE],
  [...NONE, ...[0, 1, -3, 1, 0], ...NONE, ...[0, -1, 3, -1, 0], ...NONE],
  [...NONE, ...[0, 1, 0, -1, 0], ...[0, -3, 0, 3, 0], ...[0, 1, 0, -1, 0], ...NONE],
  [...NONE, ...[0, 1, 2, 1, 0], ...NONE, ...[0, -1, -2, -1, 0], ...NONE],
];

/** The same for coefficients 1 to 5 where something of AC is known; those after them stay. */
const SIGHTED: readonly (readonly number[])[] = [
  new Array(25).fill(0),
  [...NONE, ...NONE, ...[-7, 50, 0, -50, 7], ...NONE, ...NONE],
  [
    ...[0, 0, -7, 0, 0],
    ...[0, 0, 50, 0, 0],
    ...NONE,
    ...[0, 0, -50, 0, 0],
    ...[0, 0, 7, 0, 0],
  ],
  [
    ...[0, 0, -1, 0, 0],
    ...[0, 0, 13, 0, 0],
    ...[0, 0, -24, 0, 0],
    ...[0, 0, 13, 0, 0],
    ...[0, 0, -1, 0, 0],
  ],
  [
    ...[0, -1, 0, 1, 0],
    ...[-1, 10, 0, -10, 1],
    ...NONE,
    ...[1, -10, 0, 10, -1],
    ...[0, 1, 0, -1, 0],
  ],
  [...NONE, ...NONE, ...[-1, 13, -24, 13, -1], ...NONE, ...NONE],
];

/** Rows of MCUs that are smoothed of a picture whose blocks lie MCU by MCU. */
export interface SmoothingWindow {
  /** The first of them. */
  readonly from: number;
  /** The row after the last. */
  readonly to: number;
  /** First block that is bound where neighbours are read. */
  readonly origin: number;
  /** Blocks from there to the first that is bound where smoothed ones are put. */
  readonly ahead: number;
  /** Blocks of a row of MCUs, and of an MCU. */
  readonly rowBlocks: number;
  readonly mcuBlocks: number;
}

/** Block smoothing of incomplete progressive pictures. */
export interface SmoothingStage extends Stage {
  /** Component records. */
  readonly components: Region;
  /** Whose each workgroup is. */
  readonly owners: Region;
  /** Weights of both kinds. */
  readonly weights: Region;
  /** Bytes of what is estimated. */
  readonly bytes: number;
}

/**
 * Writes a record per component that is smoothed.
 *
 * @param decodables The gathered pictures.
 * @param firstBlocks First block of each of their components; in the MCU, if there is a window.
 * @param read Where the records go.
 * @param tuning Sizes of workgroups.
 * @param window What is smoothed of the only picture; all, if left out.
 * @returns Where the records lie; undefined if all pictures are complete.
 */
export function smoothingRecords(
  decodables: readonly Decodable[],
  firstBlocks: ArrayLike<number>,
  read: Words,
  tuning: Tuning,
  window?: SmoothingWindow,
): SmoothingStage | undefined {
  const records: number[][] = [];
  const counts: number[] = [];
  let place = 0;
  let workgroups = 0;
  let blocks = 0;
  for (const { frame } of decodables) {
    const { unknownBits, components, vMax } = frame;
    if (!unknownBits) {
      place += components.length;
      continue;
    }
    for (const [c, component] of components.entries()) {
      const unknown = unknownBits[c];
      const blind = unknown.subarray(1).every((bits) => bits < 0);
      const firstRow = (window?.from ?? 0) * component.v;
      const lastRow = Math.min(component.blocksHigh, (window?.to ?? Infinity) * component.v);
      const shown = component.blocksWide * (lastRow - firstRow);
      // A component alone has its blocks row by row, whatever its factors.
      const across = components.length === 1 ? component.blocksWide : component.h;
      const record: number[] = new Array(COMPONENT_WORDS).fill(0);
      record.splice(
        0,
        UNKNOWN,
        workgroups,
        firstBlocks[place++] - (window?.origin ?? 0),
        window?.rowBlocks ?? component.paddedWide,
        component.blocksWide,
        component.blocksHigh,
        component.v,
        Math.ceil(frame.height / (8 * vMax)),
        blocks,
        blind ? 0 : BLIND.flat().length,
        Number(blind),
        window ? window.mcuBlocks | across << ACROSS_SHIFT : 0,
        firstRow,
        shown,
      );
      // deno-lint-ignore cassette/spread -- at most 10 numbers
      record.splice(UNKNOWN, ESTIMATES, ...unknown);
      // deno-lint-ignore cassette/spread -- at most 10 numbers
      record.splice(QUANT, ESTIMATES, ...component.quant!.values.subarray(0, ESTIMATES));
      records.push(record);
      const count = Math.ceil(shown / tuning.transform);
      counts.push(count);
      workgroups += count;
      blocks += shown;
    }
  }
  if (records.length === 0) return undefined;
  return {
    workgroups,
    work: blockWork(workgroups * tuning.transform),
    params: params(read, workgroups, window?.ahead ?? 0),
    components: store(records.flat(), read),
    owners: owners(read, Array.from(counts.keys()), counts),
    weights: store([...BLIND, ...SIGHTED].flat(), read),
    bytes: blocks * SMOOTHED_BYTES,
  };
}

/** Appends numbers, which may be negative. */
function store(values: number[], read: Words): Region {
  const region = read.region(values.length);
  read.data.set(Int32Array.from(values), region.offset / 4);
  return region;
}
