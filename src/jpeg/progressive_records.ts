import { orderChunks } from "./chunk_runs.ts";
import type { ComponentPlan } from "./component_records.ts";
import { tableOffsets, tableRecords } from "./entropy_records.ts";
import type { JpegFrame, JpegScan, ScanKind } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { SEGMENT_WORDS } from "./lex.ts";
import { scanWaves } from "./progressive_waves.ts";
import { smoothingRecords, type SmoothingStage } from "./smoothing.ts";
import {
  blockWork,
  type Decodable,
  type Decoding,
  owners,
  params,
  type Stage,
  type Tuning,
} from "./stage.ts";
import type { Region, Words } from "./words.ts";

/** Words of a chunk's record: the state of one invocation, which later dispatches go on from. */
const CHUNK_WORDS = 16;
/** Words of a scan's record, and where four components' values stand in it. */
const SCAN_WORDS = 28;
const SCAN_BASE = 8;
const SCAN_PITCH = 12;
const SCAN_SHAPE = 16;
const SCAN_DC = 20;
const SCAN_AC = 24;
const SHAPE_SHIFT = 8;
/** Bytes of a block's mask. */
const MASK_BYTES = 8;
/** Words of the record of a segment that refines DC. */
const REFINED_WORDS = 8;
/** A chunk of a refining scan that reads a symbol next. */
const READS_SYMBOL = 0xffff;

/** The kernels of gathered pictures. */
export type ProgressiveKernel = "progressive first" | "progressive refine" | "progressive dc";

/** One kernel's work in one wave. */
export interface ProgressiveStage extends Stage {
  /** Which kernel. */
  readonly kernel: ProgressiveKernel;
  /** Its records; in the words that kernels write, except of DC refinement. */
  readonly chunks: Region;
  /** Whose each workgroup is; of DC refinement. */
  readonly owners: Region | undefined;
  /** Number of chunks; of DC refinement, of workgroups. */
  readonly count: number;
  /** Most turns of one of them. */
  readonly turns: number;
  /** Dispatches after which every chunk is done, whatever its data. */
  readonly dispatches: number;
}

/** How the blocks of a picture lie that is decoded strip by strip: MCU by MCU, all components in each. */
export interface Interleaving {
  /** Place of each component's first block in the MCU. */
  readonly places: readonly number[];
  /** Blocks of each component in the MCU, across and down. */
  readonly shares: readonly (readonly [number, number])[];
}

/** Entropy decoding of gathered pictures: waves, of which each needs those before it. */
export interface ProgressivePlan {
  /** Window of the lexed bytes. */
  readonly bits: Region;
  /** Huffman tables. */
  readonly tables: Region;
  /** Scan records. */
  readonly scans: Region;
  /** Work, wave by wave. */
  readonly waves: readonly (readonly ProgressiveStage[])[];
  /** The marks of coefficients that are not zero, which refining scans need. */
  readonly masks: Stage & { readonly bytes: number };
  /** What is done with incomplete pictures after the last wave, if there are any. */
  readonly smoothing: SmoothingStage | undefined;
  /** Bytes that hold masks, and then what is smoothed. */
  readonly scratchBytes: number;
}

/** Numbers of a restart segment, and their order. */
const FIELDS = 7;
const [POSITION, BITS, BLOCKS, RECORD, IMAGE, FIRST, MCU] = [0, 1, 2, 3, 4, 5, 6];

/** Restart segments of scans, as numbers only: there may be millions. */
class Segments {
  count = 0;
  #words = new Uint32Array(64 * FIELDS);

  /** Makes room for more. */
  reserve(count: number): void {
    const words = (this.count + count) * FIELDS;
    if (words <= this.#words.length) return;
    const larger = new Uint32Array(Math.max(words, this.#words.length * 2));
    larger.set(this.#words.subarray(0, this.count * FIELDS));
    this.#words = larger;
  }

  push(
    position: number,
    bits: number,
    blocks: number,
    record: number,
    image: number,
    first: number,
    mcu: number,
  ): void {
    const at = this.count++ * FIELDS;
    this.#words[at + POSITION] = position;
    this.#words[at + BITS] = bits;
    this.#words[at + BLOCKS] = blocks;
    this.#words[at + RECORD] = record;
    this.#words[at + IMAGE] = image;
    this.#words[at + FIRST] = first;
    this.#words[at + MCU] = mcu;
  }

  get(index: number, field: number): number {
    return this.#words[index * FIELDS + field];
  }
}

/** Which kernel decodes a scan. */
export const KERNEL_OF_SCAN: Readonly<Record<ScanKind, ProgressiveKernel>> = {
  sequential: "progressive first",
  "dc first": "progressive first",
  "ac first": "progressive first",
  "ac refine": "progressive refine",
  "dc refine": "progressive dc",
};

/**
 * Most turns that a chunk takes for a block: two for each symbol, as many as there are coefficients, and
 * one for each correction.
 */
export const BLOCK_TURNS: Readonly<Record<ProgressiveKernel, number>> = {
  "progressive first": 128,
  "progressive refine": 193,
  "progressive dc": 0,
};

/**
 * Writes the records with which gathered pictures are decoded: one per scan, and one per restart
 * segment in the wave of its scan.
 *
 * @param decodables The gathered pictures.
 * @param components Where their blocks lie.
 * @param decoding What they are decoded with.
 * @param interleaving How the blocks lie, if not by component.
 * @returns Where the records lie; undefined if there are no pictures.
 */
export function progressiveRecords(
  decodables: readonly Decodable[],
  components: Pick<ComponentPlan, "gatheredBlocks" | "firstGathered" | "blocks">,
  decoding: Decoding,
  interleaving?: Interleaving,
): ProgressivePlan | undefined {
  if (decodables.length === 0) return undefined;
  const { lexed, uploaded, read, tuning } = decoding;
  const { segments } = lexed;
  const offsets = tableOffsets(decodables);
  const tables = tableRecords(offsets, read);
  const scanCount = decodables.reduce((sum, { frame }) => sum + frame.scans.length, 0);
  const scans = read.region(scanCount * SCAN_WORDS);
  const firstByte = segments[decodables[0].frame.scans[0].firstSegment * SEGMENT_WORDS + 1];
  let lastByte = firstByte;
  let record = 0;
  let firstComponent = 0;
  const waves: Map<ProgressiveKernel, Segments>[] = [];
  for (const { frame, index } of decodables) {
    const bases = components.gatheredBlocks.subarray(firstComponent);
    firstComponent += frame.components.length;
    const waveOf = scanWaves(frame.scans);
    frame.scans.forEach((scan, s) => {
      const at = scans.offset / 4 + record * SCAN_WORDS;
      scanRecord(scan, frame, bases, offsets, read.data, at);
      if (interleaving) interleave(scan, interleaving, read.data, at);
      const wave = waves[waveOf[s]] ??= new Map();
      const kernel = KERNEL_OF_SCAN[scan.kind];
      const list = wave.get(kernel) ?? new Segments();
      wave.set(kernel, list);
      list.reserve(scan.segmentCount);
      const mcus = scan.mcusAcross * scan.mcusDown;
      const interval = scan.restartInterval || mcus;
      for (let i = 0; i < scan.segmentCount; i++) {
        const at = (scan.firstSegment + i) * SEGMENT_WORDS;
        lastByte = Math.max(lastByte, segments[at + 1] + segments[at + 2]);
        list.push(
          (segments[at + 1] - firstByte) * 8,
          segments[at + 2] * 8,
          Math.min(interval, mcus - i * interval) * scan.blocksPerMcu,
          record,
          index,
          scan.first,
          i * interval,
        );
      }
      record++;
    });
  }
  const blocks = components.blocks - components.firstGathered;
  const masked = Math.ceil(blocks / tuning.transform);
  const maskBytes = blocks * MASK_BYTES;
  const smoothing = interleaving
    ? undefined
    : smoothingRecords(decodables, components.gatheredBlocks, read, tuning);
  return {
    bits: { offset: firstByte - uploaded, size: Math.ceil((lastByte - firstByte) / 4) * 4 + 4 },
    tables,
    scans,
    waves: waves.map((wave) =>
      Array.from(wave).flatMap(([kernel, list]) =>
        kernel === "progressive dc"
          ? [refinedDc(list, read, tuning)]
          : chunkStages(kernel, list, components.firstGathered, decoding)
      )
    ),
    masks: {
      workgroups: masked,
      work: blockWork(blocks),
      params: params(read, masked, blocks, components.firstGathered),
      bytes: maskBytes,
    },
    smoothing,
    scratchBytes: Math.max(maskBytes, smoothing?.bytes ?? 0),
  };
}

function scanRecord(
  scan: JpegScan,
  frame: JpegFrame,
  bases: Uint32Array,
  offsets: Map<HuffmanTable, number>,
  data: Uint32Array,
  record: number,
): void {
  const single = scan.components.length === 1;
  let pattern = 0;
  let columns = 0;
  let rows = 0;
  let place = 0;
  scan.components.forEach((index, i) => {
    const component = frame.components[index];
    const h = single ? 1 : component.h;
    const v = single ? 1 : component.v;
    for (let n = 0; n < h * v; n++, place++) {
      pattern |= i << 2 * place;
      columns |= n % h << 2 * place;
      rows |= Math.floor(n / h) << 2 * place;
    }
    data[record + SCAN_BASE + i] = bases[index];
    data[record + SCAN_PITCH + i] = component.paddedWide;
    data[record + SCAN_SHAPE + i] = h | v << SHAPE_SHIFT;
    if (scan.dc[i]) data[record + SCAN_DC + i] = offsets.get(scan.dc[i])!;
    if (scan.ac[i]) data[record + SCAN_AC + i] = offsets.get(scan.ac[i])!;
  });
  data.set(
    [
      pattern,
      columns,
      rows,
      scan.blocksPerMcu,
      scan.mcusAcross,
      scan.first,
      scan.last,
      scan.shift,
    ],
    record,
  );
}

/** Where the blocks of a scan lie among those of all components. */
function interleave(
  scan: JpegScan,
  { places, shares }: Interleaving,
  data: Uint32Array,
  record: number,
): void {
  scan.components.forEach((index, i) => {
    const [across, down] = shares[index];
    data[record + SCAN_BASE + i] = places[index];
    data[record + SCAN_PITCH + i] = across | down << SHAPE_SHIFT;
  });
}

function chunkStages(
  kernel: ProgressiveKernel,
  segments: Segments,
  firstGathered: number,
  { read, written, tuning, binding }: Decoding,
): ProgressiveStage[] {
  const refines = kernel === "progressive refine";
  const { count } = segments;
  const lengths = new Float64Array(count);
  const turns = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const bits = segments.get(i, BITS);
    const blocks = segments.get(i, BLOCKS);
    lengths[i] = bits;
    // One turn more, as the last symbol may reach beyond the segment.
    turns[i] = Math.min(refines ? 2 * bits + blocks : bits, blocks * BLOCK_TURNS[kernel]) + 1;
  }
  const most = Math.floor(binding / (CHUNK_WORDS * 4));
  const { places, runs } = orderChunks(
    lengths,
    turns,
    most,
    tuning,
    (turns) => Math.ceil(turns / tuning.cap),
  );
  const chunks = written.region(count * CHUNK_WORDS);
  const { data } = written;
  for (let i = 0; i < count; i++) {
    const to = chunks.offset / 4 + places[i] * CHUNK_WORDS;
    data[to] = segments.get(i, POSITION);
    data[to + 1] = segments.get(i, POSITION) + segments.get(i, BITS);
    data[to + 2] = segments.get(i, BLOCKS);
    data[to + 3] = segments.get(i, RECORD);
    data[to + 4] = segments.get(i, IMAGE);
    data[to + 5] = segments.get(i, FIRST);
    data[to + 7] = segments.get(i, MCU);
    data[to + 8] = refines ? READS_SYMBOL : 0;
  }
  return runs.map((run) => ({
    ...run,
    kernel,
    workgroups: Math.ceil(run.count / tuning.entropy),
    chunks: {
      offset: chunks.offset + run.first * CHUNK_WORDS * 4,
      size: run.count * CHUNK_WORDS * 4,
    },
    owners: undefined,
    params: params(read, run.count, tuning.cap, firstGathered, 0, 0, 0),
  }));
}

function refinedDc(segments: Segments, read: Words, tuning: Tuning): ProgressiveStage {
  const chunks = read.region(segments.count * REFINED_WORDS);
  const places = new Uint32Array(segments.count);
  const counts = new Uint32Array(segments.count);
  let workgroups = 0;
  for (let i = 0; i < segments.count; i++) {
    const at = chunks.offset / 4 + i * REFINED_WORDS;
    const blocks = segments.get(i, BLOCKS);
    read.data[at] = segments.get(i, POSITION);
    read.data[at + 1] = segments.get(i, POSITION) + segments.get(i, BITS);
    read.data[at + 2] = blocks;
    read.data[at + 3] = segments.get(i, RECORD);
    read.data[at + 4] = segments.get(i, IMAGE);
    read.data[at + 5] = workgroups;
    read.data[at + 6] = segments.get(i, MCU);
    places[i] = i;
    counts[i] = Math.ceil(blocks / tuning.transform);
    workgroups += counts[i];
  }
  return {
    kernel: "progressive dc",
    workgroups,
    work: blockWork(workgroups * tuning.transform),
    chunks,
    owners: owners(read, places, counts),
    count: workgroups,
    turns: 0,
    dispatches: 1,
    params: params(read, workgroups, 0, 0, 0, 0, 0),
  };
}
