import type { JpegFrame } from "./frame.ts";
import {
  BLOCK_BYTES,
  BLOCK_EDGE,
  type Decodable,
  owners,
  params,
  type Stage,
  type Tuning,
} from "./plan.ts";
import type { QuantTable } from "./tables.ts";
import { Upsampling, upsampling } from "./upsample.ts";
import type { Region, Words } from "./words.ts";

const COMPONENT_WORDS = 12;
const QUANT_WORDS = 32;

/** Most quantisation tables in one group: what a uniform binding of 64 KiB holds. */
export const MOST_QUANTS = 512;

/** Bytes of the binding that holds them, whatever their number. */
export const QUANT_BINDING_BYTES: number = MOST_QUANTS * QUANT_WORDS * 4;

/** Work of the inverse DCT. */
export interface TransformStage extends Stage {
  /** Component records. */
  readonly components: Region;
  /** Quantisation tables; the binding's size is fixed. */
  readonly quants: Region;
  /** Whose each workgroup is. */
  readonly owners: Region;
}

/** What the other stages need to know of the components. */
export interface ComponentPlan {
  /** The inverse DCT's work. */
  readonly stage: TransformStage;
  /** First block of each scan of the group, in the order of the pictures. */
  readonly scanBlocks: Uint32Array;
  /** First word of each component's samples, in the order of the pictures. */
  readonly planes: Uint32Array;
  /** Bytes of coefficients. */
  readonly coefficientBytes: number;
  /** Bytes of samples. */
  readonly sampleBytes: number;
}

/**
 * Lays coefficients and samples out and writes a record per component.
 *
 * A scan's blocks lie in the order in which they are coded.
 *
 * @param decodables The pictures.
 * @param read Where the records go.
 * @param tuning Sizes of workgroups.
 * @returns The layout.
 */
export function componentRecords(
  decodables: readonly Decodable[],
  read: Words,
  tuning: Tuning,
): ComponentPlan {
  let componentCount = 0;
  let scanCount = 0;
  for (const { frame } of decodables) {
    componentCount += frame.components.length;
    scanCount += frame.scans.length;
  }
  const components = read.region(componentCount * COMPONENT_WORDS);
  const { data } = read;
  const scanBlocks = new Uint32Array(scanCount);
  const planes = new Uint32Array(componentCount);
  const workgroupsOf = new Uint32Array(componentCount);
  const quants = new Map<QuantTable, number>();
  let record = components.offset / 4;
  let place = 0;
  let firstScan = 0;
  let coded = 0;
  let shown = 0;
  let workgroups = 0;
  for (const { frame } of decodables) {
    frame.scans.forEach((scan, i) => {
      scanBlocks[firstScan + i] = coded;
      coded += scan.mcusAcross * scan.mcusDown * scan.blocksPerMcu;
    });
    for (const component of frame.components) {
      const blocks = component.blocksWide * component.blocksHigh;
      const scan = frame.scans[component.scan];
      let quant = quants.get(component.quant!);
      if (quant === undefined) quants.set(component.quant!, quant = quants.size);
      data[record] = workgroups;
      data[record + 1] = scanBlocks[firstScan + component.scan];
      data[record + 2] = scan.mcusAcross;
      data[record + 3] = scan.blocksPerMcu;
      data[record + 4] = scan.components.length > 1 ? component.h : 1;
      data[record + 5] = scan.components.length > 1 ? component.v : 1;
      data[record + 6] = component.place;
      data[record + 7] = component.blocksWide;
      data[record + 8] = blocks;
      data[record + 9] = planes[place] = shown * (BLOCK_EDGE * BLOCK_EDGE / 4);
      data[record + 10] = quant * (QUANT_WORDS / 4);
      data[record + 11] = edge(frame, component);
      record += COMPONENT_WORDS;
      workgroupsOf[place++] = Math.ceil(blocks / tuning.idct);
      workgroups += Math.ceil(blocks / tuning.idct);
      shown += blocks;
    }
    firstScan += frame.scans.length;
  }
  return {
    stage: {
      workgroups,
      components,
      quants: quantRecords(quants, read),
      owners: owners(read, workgroupsOf),
      params: params(read, workgroups),
    },
    scanBlocks,
    planes,
    coefficientBytes: coded * BLOCK_BYTES,
    sampleBytes: shown * BLOCK_EDGE * BLOCK_EDGE,
  };
}

function quantRecords(quants: Map<QuantTable, number>, read: Words): Region {
  const region = read.region(quants.size * QUANT_WORDS);
  const halves = new Uint16Array(read.data.buffer);
  for (const [table, at] of quants) {
    halves.set(table.values, region.offset / 2 + at * table.values.length);
  }
  return { offset: region.offset, size: QUANT_BINDING_BYTES };
}

/** Samples in the last column of blocks, if the triangle filter across reads the one after them. */
function edge(frame: JpegFrame, component: JpegFrame["components"][number]): number {
  const mode = upsampling(frame, component);
  return mode === Upsampling.fancyAcross || mode === Upsampling.fancyBoth
    ? component.width % BLOCK_EDGE
    : 0;
}
