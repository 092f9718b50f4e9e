import type { JpegComponent } from "./frame.ts";
import { hasChromaPass, type PictureKind } from "./picture_kind.ts";
import {
  BLOCK_BYTES,
  BLOCK_EDGE,
  blockWork,
  type Decodable,
  markBlocks,
  owners,
  params,
  type Stage,
  type Tuning,
} from "./stage.ts";
import type { QuantTable } from "./tables.ts";
import type { Region, Words } from "./words.ts";

const COMPONENT_WORDS = 8;
/** Fields of a component's shape; the numbers are the shader's. */
const H_SHIFT = 4;
const V_SHIFT = 8;
const PLACE_SHIFT = 12;
const EDGE_SHIFT = 16;
const MARKED = 1 << 20;
/** The shape of a component whose blocks lie row by row: MCUs of one block. */
const ONE_BLOCK = 1 | 1 << H_SHIFT | 1 << V_SHIFT;
const QUANT_WORDS = 32;
/** Words of a block's samples: one byte each. */
const SAMPLE_WORDS = BLOCK_EDGE * BLOCK_EDGE / 4;

/** Most quantisation tables in one group: what a uniform binding holds. */
export const MOST_QUANTS = 512;
/** Most components in one group, and most pictures: what a uniform binding of records holds. */
export const MOST_RECORDS = 2048;

/** Work of a kernel that transforms blocks into samples. */
export interface SampleStage extends Stage {
  /** Whose each workgroup is. */
  readonly owners: Region;
}

/** What the other stages need to know of the components. */
export interface ComponentPlan {
  /** Component records. */
  readonly components: Region;
  /** Quantisation tables. */
  readonly quants: Region;
  /** Components that become planes of bytes. */
  readonly planes: SampleStage;
  /** Pairs of chroma components that become planes of their own kind. */
  readonly chroma: SampleStage;
  /** First block of each scan of the pictures that are not gathered, in their order. */
  readonly scanBlocks: Uint32Array;
  /** First block of each component of the gathered pictures, in their order. */
  readonly gatheredBlocks: Uint32Array;
  /** First block of all gathered pictures, which come last. */
  readonly firstGathered: number;
  /** First block of those that are not gathered; marks lie before it. */
  readonly firstMarked: number;
  /** Number after that of the last block. */
  readonly blocks: number;
  /** First word of each component's samples, in the order of the pictures. */
  readonly samples: Uint32Array;
  /** Bytes of coefficients. */
  readonly coefficientBytes: number;
  /** Bytes of samples. */
  readonly sampleBytes: number;
}

/** Workgroups of components, gathered for one kernel. */
class Work {
  readonly #size: number;
  readonly #owners: number[] = [];
  readonly #counts: number[] = [];
  #workgroups = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Adds a component's blocks; gives its first workgroup. */
  add(owner: number, blocks: number): number {
    const first = this.#workgroups;
    const count = Math.ceil(blocks / this.#size);
    this.#owners.push(owner);
    this.#counts.push(count);
    this.#workgroups += count;
    return first;
  }

  stage(read: Words): SampleStage {
    return {
      workgroups: this.#workgroups,
      work: blockWork(this.#workgroups * this.#size),
      owners: owners(read, this.#owners, this.#counts),
      params: params(read, this.#workgroups),
    };
  }
}

/**
 * Lays coefficients and samples out and writes a record per component.
 *
 * A scan's blocks lie in the order in which they are coded; those of a gathered picture by component,
 * row by row.
 *
 * @param decodables The pictures.
 * @param kinds How each is made.
 * @param read Where the records go.
 * @param tuning Sizes of workgroups.
 * @param marked Whether the entropy decoder marks what is zero of pictures that are not gathered.
 * @returns The layout.
 */
export function componentRecords(
  decodables: readonly Decodable[],
  kinds: readonly PictureKind[],
  read: Words,
  tuning: Tuning,
  marked = true,
): ComponentPlan {
  let componentCount = 0;
  for (const { frame } of decodables) componentCount += frame.components.length;
  const layout = blockLayout(decodables, marked);
  const { scanBlocks, gatheredBlocks, blocks } = layout;
  const components = read.uniform(componentCount * COMPONENT_WORDS);
  const { data } = read;
  const samples = new Uint32Array(componentCount);
  const quants = new Map<QuantTable, number>();
  const planes = new Work(tuning.transform);
  const chroma = new Work(tuning.transform);
  let place = 0;
  let firstScan = 0;
  let gatheredPlace = 0;
  let words = 0;
  decodables.forEach(({ frame, section }, i) => {
    const kind = kinds[i];
    frame.components.forEach((component, c) => {
      const record = components.offset / 4 + place * COMPONENT_WORDS;
      const shown = component.blocksWide * component.blocksHigh;
      const skip = section?.skip[c] ?? 0;
      let quant = quants.get(component.quant!);
      if (quant === undefined) quants.set(component.quant!, quant = quants.size);
      if (frame.gathered) {
        data[record] = gatheredBlocks[gatheredPlace++] + skip;
        data[record + 1] = component.paddedWide;
        data[record + 2] = ONE_BLOCK | edge(kind, component) << EDGE_SHIFT;
      } else {
        const scan = frame.scans[component.scan];
        const single = scan.components.length === 1;
        data[record] = scanBlocks[firstScan + component.scan] + skip;
        data[record + 1] = scan.mcusAcross;
        data[record + 2] = scan.blocksPerMcu | (single ? 1 : component.h) << H_SHIFT |
          (single ? 1 : component.v) << V_SHIFT | component.place << PLACE_SHIFT |
          edge(kind, component) << EDGE_SHIFT | (marked ? MARKED : 0);
      }
      data[record + 3] = component.blocksWide;
      data[record + 4] = shown;
      data[record + 5] = samples[place] = words;
      data[record + 6] = quant * (QUANT_WORDS / 4);
      if (kind === "any") {
        data[record + 7] = planes.add(place, shown);
        words += shown * SAMPLE_WORDS;
      } else if (c === 1 && hasChromaPass(kind)) {
        data[record + 7] = chroma.add(place, shown);
        words += shown * SAMPLE_WORDS * 2;
      }
      place++;
    });
    if (!frame.gathered) firstScan += frame.scans.length;
  });
  return {
    components,
    quants: quantRecords(quants, read),
    planes: planes.stage(read),
    chroma: chroma.stage(read),
    ...layout,
    samples,
    coefficientBytes: blocks * BLOCK_BYTES,
    sampleBytes: words * 4,
  };
}

/** First blocks of scans and of gathered components. */
function blockLayout(decodables: readonly Decodable[], marked: boolean) {
  const counts: number[] = [];
  const gatheredBlocks: number[] = [];
  let coded = 0;
  for (const { frame } of decodables) {
    if (frame.gathered) continue;
    for (const scan of frame.scans) {
      const count = scan.mcusAcross * scan.mcusDown * scan.blocksPerMcu;
      counts.push(count);
      coded += count;
    }
  }
  const firstMarked = marked ? markBlocks(coded) : 0;
  let blocks = firstMarked;
  const scanBlocks = counts.map((count) => (blocks += count) - count);
  const firstGathered = blocks;
  for (const { frame } of decodables) {
    if (!frame.gathered) continue;
    for (const component of frame.components) {
      gatheredBlocks.push(blocks);
      blocks += component.paddedWide * component.paddedHigh;
    }
  }
  return {
    scanBlocks: Uint32Array.from(scanBlocks),
    gatheredBlocks: Uint32Array.from(gatheredBlocks),
    firstMarked,
    firstGathered,
    blocks,
  };
}

function quantRecords(quants: Map<QuantTable, number>, read: Words): Region {
  const region = read.uniform(quants.size * QUANT_WORDS);
  const halves = new Uint16Array(read.data.buffer);
  for (const [table, at] of quants) {
    halves.set(table.values, region.offset / 2 + at * table.values.length);
  }
  return region;
}

/** Samples in the last column of blocks, if the triangle filter across reads the one after them. */
function edge(kind: PictureKind, component: JpegComponent): number {
  return kind === "422" || kind === "420" ? component.width % BLOCK_EDGE : 0;
}
