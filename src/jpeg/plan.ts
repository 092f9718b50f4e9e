import type { GpuImage } from "../gpu/images.ts";
import type { Orientation } from "./exif.ts";
import type { JpegFrame, JpegScan } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import type { QuantTable } from "./tables.ts";
import { upsampling } from "./upsample.ts";
import type { Region, Words } from "./words.ts";

/** Bytes of one block's coefficients: 64 of 16 bits. */
export const BLOCK_BYTES = 128;
/** Words of one image's status: flags, and the bit where decoding stopped. */
export const STATUS_WORDS = 2;
/** Words of a chunk's record. */
export const CHUNK_WORDS = 12;

const SCAN_WORDS = 4;
const SLOT_WORDS = 4;
const COMPONENT_WORDS = 8;
const IMAGE_WORDS = 32;
const QUANT_WORDS = 32;
const PARAM_WORDS = 4;
const BLOCK_EDGE = 8;
const COLOURS = { grey: 0, YCbCr: 1, RGB: 2 } as const;

/** A picture that can be decoded, and where it goes. */
export interface Decodable {
  /** Its place in the batch. */
  readonly index: number;
  /** What its markers say. */
  readonly frame: JpegFrame;
  /** Where its pixels go. */
  readonly target: GpuImage;
  /** Orientation to apply; 1 if none. */
  readonly orientation: Orientation;
}

/** Invocations per workgroup, by kernel, and symbols per dispatch. */
export interface Tuning {
  /** Invocations per workgroup of the entropy decoder. */
  readonly entropy: number;
  /** Invocations per workgroup of the inverse DCT. */
  readonly idct: number;
  /** Invocations per workgroup of the colour kernel. */
  readonly colour: number;
  /** Most symbols that an invocation decodes in one dispatch. */
  readonly cap: number;
}

/** One kernel's work: its records in the uploaded words and its size. */
export interface Stage {
  /** Number of workgroups. */
  readonly workgroups: number;
  /** Uniform parameters. */
  readonly params: Region;
}

/** Pictures that are decoded together: each of their buffers fits a binding. */
export interface Group {
  /** Window of the lexed bytes. */
  readonly bits: Region;
  /** Window of the pixels. */
  readonly output: Region;
  /** Bytes of coefficients. */
  readonly coefficientBytes: number;
  /** Bytes of samples. */
  readonly sampleBytes: number;
  /** Entropy decoding: `chunks` lies in the words that the GPU writes. */
  readonly entropy: Stage & {
    readonly tables: Region;
    readonly scans: Region;
    readonly slots: Region;
    readonly chunks: Region;
    readonly dispatches: number;
  };
  /** Inverse DCT. */
  readonly idct: Stage & {
    readonly components: Region;
    readonly quants: Region;
    readonly owners: Region;
  };
  /** Upsampling and colour conversion. */
  readonly colour: Stage & { readonly images: Region; readonly owners: Region };
}

/** What one picture takes, in bytes. */
export interface Footprint {
  /** Coefficients of all components. */
  readonly coefficients: number;
  /** Samples of all components. */
  readonly samples: number;
}

/**
 * What a picture takes on the GPU while it is decoded.
 *
 * @param frame The frame.
 * @returns Bytes of coefficients and of samples.
 */
export function footprint(frame: JpegFrame): Footprint {
  let blocks = 0;
  let shown = 0;
  for (const component of frame.components) {
    blocks += component.blockPitch * component.blockRows;
    shown += component.blocksWide * component.blocksHigh;
  }
  return { coefficients: blocks * BLOCK_BYTES, samples: shown * BLOCK_EDGE * BLOCK_EDGE };
}

/**
 * Writes the records with which the kernels decode some pictures.
 *
 * @param decodables The pictures; in the order of their targets.
 * @param lexed Where their segments lie.
 * @param read Receives the records that kernels only read.
 * @param written Receives the records that kernels write.
 * @param tuning Sizes of workgroups.
 * @returns Where the records lie, and the sizes of the buffers.
 */
export function planGroup(
  decodables: readonly Decodable[],
  lexed: LexedBlobs,
  read: Words,
  written: Words,
  tuning: Tuning,
): Group {
  const first = decodables[0].target.byteOffset;
  const last = decodables[decodables.length - 1];
  const output = {
    offset: first,
    size: last.target.byteOffset + last.target.rowPitch * last.target.height - first,
  };
  const components = componentRecords(decodables, read, tuning);
  const entropy = entropyRecords(decodables, components.firstBlocks, lexed, read, written, tuning);
  const colour = colourRecords(decodables, components.planes, first, read, tuning);
  return { ...entropy, output, ...components.sizes, idct: components.stage, colour };
}

function params(read: Words, ...values: number[]): Region {
  const region = read.region(PARAM_WORDS);
  read.data.set(values, region.offset / 4);
  return region;
}

function componentRecords(decodables: readonly Decodable[], read: Words, tuning: Tuning) {
  let count = 0;
  for (const { frame } of decodables) count += frame.components.length;
  const components = read.region(count * COMPONENT_WORDS);
  const firstBlocks = new Uint32Array(count);
  const planes = new Uint32Array(count);
  const workgroupsOf = new Uint32Array(count);
  const quants = new Map<QuantTable, number>();
  let record = components.offset / 4;
  let place = 0;
  let blocks = 0;
  let samples = 0;
  let workgroups = 0;
  for (const { frame } of decodables) {
    for (const component of frame.components) {
      const table = component.quant!;
      let quant = quants.get(table);
      if (quant === undefined) quants.set(table, quant = quants.size);
      const shown = component.blocksWide * component.blocksHigh;
      const data = read.data;
      data[record] = workgroups;
      data[record + 1] = blocks;
      data[record + 2] = component.blockPitch;
      data[record + 3] = component.blocksWide;
      data[record + 4] = shown;
      data[record + 5] = samples / 4;
      data[record + 6] = quant * (QUANT_WORDS / 4);
      record += COMPONENT_WORDS;
      firstBlocks[place] = blocks;
      planes[place] = samples / 4;
      workgroupsOf[place++] = Math.ceil(shown / tuning.idct);
      workgroups += Math.ceil(shown / tuning.idct);
      blocks += component.blockPitch * component.blockRows;
      samples += shown * BLOCK_EDGE * BLOCK_EDGE;
    }
  }
  const quantRegion = read.region(quants.size * QUANT_WORDS);
  const halves = new Uint16Array(read.data.buffer);
  for (const [table, at] of quants) halves.set(table.values, quantRegion.offset / 2 + at * 64);
  const stage = {
    workgroups,
    components,
    quants: quantRegion,
    owners: owners(read, workgroupsOf, workgroups),
    params: params(read, workgroups),
  };
  return {
    stage,
    firstBlocks,
    planes,
    sizes: { coefficientBytes: blocks * BLOCK_BYTES, sampleBytes: samples },
  };
}

/** Per workgroup, whose it is. */
function owners(read: Words, workgroupsOf: Uint32Array, workgroups: number): Region {
  const region = read.region(workgroups);
  let at = region.offset / 4;
  workgroupsOf.forEach((count, owner) => read.data.fill(owner, at, at += count));
  return region;
}

function entropyRecords(
  decodables: readonly Decodable[],
  firstBlocks: Uint32Array,
  lexed: LexedBlobs,
  read: Words,
  written: Words,
  tuning: Tuning,
) {
  const { segments } = lexed;
  const tables = new Map<HuffmanTable, number>();
  let tableWords = 0;
  let scanCount = 0;
  let slotCount = 0;
  let chunkCount = 0;
  for (const { frame } of decodables) {
    for (const scan of frame.scans) {
      scanCount++;
      slotCount += scan.blocksPerMcu;
      chunkCount += scan.segmentCount;
      for (const list of [scan.dc, scan.ac]) {
        for (const table of list) {
          if (tables.has(table)) continue;
          tables.set(table, tableWords);
          tableWords += table.lookup.length;
        }
      }
    }
  }
  const tableRegion = read.region(tableWords);
  for (const [table, at] of tables) read.data.set(table.lookup, tableRegion.offset / 4 + at);
  const scans = read.region(scanCount * SCAN_WORDS);
  const slots = read.region(slotCount * SLOT_WORDS);
  const chunks = written.region(chunkCount * CHUNK_WORDS);
  const order = longestFirst(decodables, lexed, chunkCount);
  const firstByte = segments[decodables[0].frame.scans[0].firstSegment * SEGMENT_WORDS + 1];
  let lastByte = firstByte;
  let scanAt = 0;
  let slotAt = 0;
  let chunkAt = 0;
  let componentAt = 0;
  let turns = 0;
  for (const { frame, index } of decodables) {
    for (const scan of frame.scans) {
      const record = scans.offset / 4 + scanAt * SCAN_WORDS;
      read.data[record] = slotAt;
      read.data[record + 1] = scan.blocksPerMcu;
      read.data[record + 2] = scan.mcusAcross;
      slotAt = slotRecords(frame, scan, tables, firstBlocks, componentAt, read, slots, slotAt);
      const minBits = Math.max(1, Math.min(...scan.ac.map((table) => table.minBits)));
      const mcus = scan.mcusAcross * scan.mcusDown;
      const interval = scan.restartInterval || mcus;
      for (let i = 0; i < scan.segmentCount; i++) {
        const segment = (scan.firstSegment + i) * SEGMENT_WORDS;
        const begin = segments[segment + 1];
        const bits = segments[segment + 2] * 8;
        const blocks = Math.min(interval, mcus - i * interval) * scan.blocksPerMcu;
        const chunk = chunks.offset / 4 + order[chunkAt++] * CHUNK_WORDS;
        const data = written.data;
        data[chunk] = data[chunk + 7] = (begin - firstByte) * 8;
        data[chunk + 1] = (begin - firstByte) * 8 + bits;
        data[chunk + 2] = i * interval * scan.blocksPerMcu;
        data[chunk + 3] = blocks;
        data[chunk + 4] = scanAt;
        data[chunk + 5] = index;
        lastByte = begin + segments[segment + 2];
        turns = Math.max(turns, blocks + Math.min(Math.ceil(bits / minBits), blocks * 63) + 1);
      }
      scanAt++;
    }
    componentAt += frame.components.length;
  }
  const size = Math.ceil((lastByte - firstByte) / 4) * 4 + 4;
  return {
    bits: { offset: firstByte, size },
    entropy: {
      workgroups: Math.ceil(chunkCount / tuning.entropy),
      tables: tableRegion,
      scans,
      slots,
      chunks,
      dispatches: Math.ceil(turns / tuning.cap),
      params: params(read, chunkCount, tuning.cap),
    },
  };
}

/** One record per block of an MCU; gives the place after them. */
function slotRecords(
  frame: JpegFrame,
  scan: JpegScan,
  tables: Map<HuffmanTable, number>,
  firstBlocks: Uint32Array,
  componentAt: number,
  read: Words,
  slots: Region,
  slotAt: number,
): number {
  const single = scan.components.length === 1;
  scan.components.forEach((place, i) => {
    const component = frame.components[place];
    const h = single ? 1 : component.h;
    const v = single ? 1 : component.v;
    for (let y = 0; y < v; y++) {
      for (let x = 0; x < h; x++) {
        const record = slots.offset / 4 + slotAt++ * SLOT_WORDS;
        read.data[record] = tables.get(scan.dc[i])! | i << 30;
        read.data[record + 1] = tables.get(scan.ac[i])!;
        read.data[record + 2] = firstBlocks[componentAt + place] + y * component.blockPitch + x;
        read.data[record + 3] = h | component.blockPitch * v << 4;
      }
    }
  });
  return slotAt;
}

/** Where each chunk's record goes: invocations that run side by side get work of like length. */
function longestFirst(
  decodables: readonly Decodable[],
  lexed: LexedBlobs,
  count: number,
): Uint32Array {
  const keys = new Float64Array(count);
  let at = 0;
  for (const { frame } of decodables) {
    for (const scan of frame.scans) {
      for (let i = 0; i < scan.segmentCount; i++) {
        const bytes = lexed.segments[(scan.firstSegment + i) * SEGMENT_WORDS + 2];
        keys[at] = -bytes * count + at;
        at++;
      }
    }
  }
  keys.sort();
  const order = new Uint32Array(count);
  keys.forEach((key, rank) => order[((key % count) + count) % count] = rank);
  return order;
}

function colourRecords(
  decodables: readonly Decodable[],
  planes: Uint32Array,
  firstByte: number,
  read: Words,
  tuning: Tuning,
) {
  const images = read.region(decodables.length * IMAGE_WORDS);
  const workgroupsOf = new Uint32Array(decodables.length);
  let workgroups = 0;
  let plane = 0;
  decodables.forEach(({ frame, target, orientation }, i) => {
    const record = images.offset / 4 + i * IMAGE_WORDS;
    const { base, stepX, stepY } = placement(frame, target, orientation);
    read.data.set([
      workgroups,
      frame.width,
      frame.height,
      COLOURS[frame.colour],
      (target.byteOffset - firstByte) / 4 + base,
      stepX,
      stepY,
    ], record);
    frame.components.forEach((component, c) => {
      read.data.set([
        planes[plane++],
        component.blocksWide * (BLOCK_EDGE / 4),
        component.width,
        component.height,
        upsampling(frame, component),
        frame.hMax / component.h,
        frame.vMax / component.v,
      ], record + 8 + c * COMPONENT_WORDS);
    });
    workgroupsOf[i] = Math.ceil(frame.width * frame.height / tuning.colour);
    workgroups += workgroupsOf[i];
  });
  return {
    workgroups,
    images,
    owners: owners(read, workgroupsOf, workgroups),
    params: params(read, workgroups),
  };
}

/** Where pixel (0, 0) of the stored picture goes, and its neighbours, in words. */
function placement(frame: JpegFrame, target: GpuImage, orientation: Orientation) {
  const pitch = target.rowPitch / 4;
  const right = frame.width - 1;
  const bottom = frame.height - 1;
  switch (orientation) {
    case 1:
      return { base: 0, stepX: 1, stepY: pitch };
    case 2:
      return { base: right, stepX: -1, stepY: pitch };
    case 3:
      return { base: right + bottom * pitch, stepX: -1, stepY: -pitch };
    case 4:
      return { base: bottom * pitch, stepX: 1, stepY: -pitch };
    case 5:
      return { base: 0, stepX: pitch, stepY: 1 };
    case 6:
      return { base: bottom, stepX: pitch, stepY: -1 };
    case 7:
      return { base: bottom + right * pitch, stepX: -pitch, stepY: -1 };
    case 8:
      return { base: right * pitch, stepX: -pitch, stepY: 1 };
  }
}
