import { type ChunkRun, orderChunks } from "./chunk_runs.ts";
import type { JpegScan } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { SEGMENT_WORDS } from "./lex.ts";
import {
  BLOCK_BYTES,
  type Decodable,
  type Decoding,
  params,
  type Stage,
  type Tuning,
} from "./stage.ts";
import { syncRecords, type SyncSegment, type SyncStage } from "./sync_records.ts";
import type { Region, Words } from "./words.ts";

/** Words of a chunk's record, and of those the ones that are not zero at first. */
export const CHUNK_WORDS = 12;
const CHUNK_FIELDS = 6;
const SCAN_WORDS = 12;
/** Where the DC and AC tables of four components stand in a scan's record. */
const SCAN_DC = 4;
const SCAN_AC = 8;
/** Most turns of a block: 64 symbols, and twice as many where their codes are long. */
export const BLOCK_TURNS = 128;
/** Fewest bits of a turn of a long code, which has at least 10 and takes two. */
const LONG_TURN_BITS = 5;
/** End of a window that holds all there is. */
export const NO_END = 0xffffffff;

/** Chunks that go by segment and are dispatched together. */
export interface EntropyRun extends ChunkRun, Stage {
  /** Their records, in the words that kernels write. */
  readonly chunks: Region;
}

/** Work of the entropy decoder. */
export interface EntropyStage {
  /** Window of the lexed bytes. */
  readonly bits: Region;
  /** Huffman tables. */
  readonly tables: Region;
  /** Scan records. */
  readonly scans: Region;
  /** What goes by segment. */
  readonly runs: readonly EntropyRun[];
  /** What goes by self-synchronisation; undefined if nothing does. */
  readonly sync: SyncStage | undefined;
}

/**
 * Writes a record per scan, and per restart segment a chunk, or what its chunks are found from.
 *
 * @param decodables The pictures that are not gathered.
 * @param scanBlocks First block of each of their scans.
 * @param decoding What they are decoded with.
 * @param sync Scans that go by self-synchronisation.
 * @returns Where the records lie; undefined if there are no pictures.
 */
export function entropyRecords(
  decodables: readonly Decodable[],
  scanBlocks: Uint32Array,
  decoding: Decoding,
  sync: ReadonlySet<JpegScan>,
): EntropyStage | undefined {
  if (decodables.length === 0) return undefined;
  const { lexed, uploaded, read, written, tuning, binding } = decoding;
  const { segments } = lexed;
  const offsets = tableOffsets(decodables);
  const tables = tableRecords(offsets, read);
  const scans = read.region(scanBlocks.length * SCAN_WORDS);
  const count = chunkCount(decodables, sync);
  const records = new Uint32Array(count * CHUNK_FIELDS);
  const lengths = new Float64Array(count);
  const turns = new Float64Array(count);
  const firstByte = segments[decodables[0].frame.scans[0].firstSegment * SEGMENT_WORDS + 1];
  let lastByte = firstByte;
  let scanAt = 0;
  let chunkAt = 0;
  let syncTurns = 0;
  const pieces: SyncSegment[] = [];
  for (const { frame, index, section } of decodables) {
    for (const [s, scan] of frame.scans.entries()) {
      scanRecord(scan, read.data, scans.offset / 4 + scanAt * SCAN_WORDS, offsets, frame);
      const minBits = shortestCode(scan.ac);
      const minDcBits = shortestCode(scan.dc);
      const mcus = scan.mcusAcross * scan.mcusDown;
      const interval = scan.restartInterval || mcus;
      const whole = scan.restartInterval === 0 ? section?.whole.scans[s] : undefined;
      const share = whole ? scan.mcusDown / whole.mcusDown : 1;
      for (let i = firstSegment(scan, section?.firstMcus[s]); i < scan.segmentCount; i++) {
        const segment = (scan.firstSegment + i) * SEGMENT_WORDS;
        const position = (segments[segment + 1] - firstByte) * 8;
        const bits = segments[segment + 2] * 8;
        const blocks = Math.min(interval, mcus - i * interval) * scan.blocksPerMcu;
        const firstBlock = scanBlocks[scanAt] + i * interval * scan.blocksPerMcu;
        const address = firstBlock * (BLOCK_BYTES / 4);
        lastByte = segments[segment + 1] + segments[segment + 2];
        if (sync.has(scan)) {
          pieces.push({ position, bits, address, blocks, scan: scanAt, image: index });
          syncTurns = Math.max(syncTurns, Math.ceil(bits / Math.min(minBits, minDcBits)));
          continue;
        }
        const record = chunkAt * CHUNK_FIELDS;
        records[record] = position;
        records[record + 1] = position + bits;
        records[record + 2] = address;
        records[record + 3] = blocks;
        records[record + 4] = scanAt;
        records[record + 5] = index;
        lengths[chunkAt] = Math.ceil(segments[segment + 2] * share);
        // Two more, as the last symbol may reach beyond the segment.
        const ac = Math.ceil(bits / Math.min(minBits, LONG_TURN_BITS)) + 2;
        turns[chunkAt++] = Math.min(2 * blocks + ac, blocks * BLOCK_TURNS);
      }
      scanAt++;
    }
  }
  const most = Math.floor(binding / (CHUNK_WORDS * 4));
  const order = orderChunks(lengths, turns, most, tuning, (turns) => dispatchesOf(turns, tuning));
  const chunks = written.region(count * CHUNK_WORDS);
  for (let i = 0; i < count; i++) {
    const to = chunks.offset / 4 + order.places[i] * CHUNK_WORDS;
    for (let field = 0; field < CHUNK_FIELDS; field++) {
      written.data[to + field] = records[i * CHUNK_FIELDS + field];
    }
  }
  return {
    bits: { offset: firstByte - uploaded, size: Math.ceil((lastByte - firstByte) / 4) * 4 + 4 },
    tables,
    scans,
    runs: order.runs.map((run) => ({
      ...run,
      workgroups: Math.ceil(run.count / tuning.entropy),
      chunks: {
        offset: chunks.offset + run.first * CHUNK_WORDS * 4,
        size: run.count * CHUNK_WORDS * 4,
      },
      params: params(read, run.count, tuning.cap, 0, NO_END),
    })),
    sync: syncRecords(pieces, syncTurns, read, tuning),
  };
}

/** Number of the chunks that go by segment. */
function chunkCount(decodables: readonly Decodable[], sync: ReadonlySet<JpegScan>): number {
  let count = 0;
  for (const { frame, section } of decodables) {
    for (const [s, scan] of frame.scans.entries()) {
      if (sync.has(scan)) continue;
      count += Math.max(0, scan.segmentCount - firstSegment(scan, section?.firstMcus[s]));
    }
  }
  return count;
}

/**
 * Dispatches after which a chunk is done.
 *
 * @param turns Its turns.
 * @param tuning Turns of a dispatch; the last one may be half of a long code, which is begun again.
 * @returns Their number.
 */
export function dispatchesOf(turns: number, tuning: Tuning): number {
  return Math.ceil(turns / (tuning.cap - 1));
}

/**
 * Places each different table.
 *
 * @param decodables The pictures that use them.
 * @returns Where each begins, in words.
 */
export function tableOffsets(decodables: readonly Decodable[]): Map<HuffmanTable, number> {
  const offsets = new Map<HuffmanTable, number>();
  let words = 0;
  for (const { frame } of decodables) {
    for (const scan of frame.scans) {
      for (const list of [scan.dc, scan.ac]) {
        for (const table of list) {
          if (offsets.has(table)) continue;
          offsets.set(table, words);
          words += table.lookup.length;
        }
      }
    }
  }
  return offsets;
}

/**
 * Writes tables.
 *
 * @param offsets Where each begins, in words.
 * @param read Where they go.
 * @returns Where they lie.
 */
export function tableRecords(offsets: Map<HuffmanTable, number>, read: Words): Region {
  let words = 0;
  for (const table of offsets.keys()) words += table.lookup.length;
  const region = read.region(words);
  for (const [table, at] of offsets) read.data.set(table.lookup, region.offset / 4 + at);
  return region;
}

/** Fewest bits of a symbol, at least 1. */
function shortestCode(tables: readonly HuffmanTable[]): number {
  let least = Infinity;
  for (let i = 0; i < tables.length; i++) least = Math.min(least, tables[i].minBits);
  return Math.max(1, least);
}

function scanRecord(
  scan: JpegScan,
  data: Uint32Array,
  record: number,
  offsets: Map<HuffmanTable, number>,
  frame: Decodable["frame"],
): void {
  const single = scan.components.length === 1;
  let pattern = 0;
  let place = 0;
  scan.components.forEach((index, i) => {
    const component = frame.components[index];
    for (let n = single ? 1 : component.h * component.v; n > 0; n--) pattern |= i << 2 * place++;
    data[record + SCAN_DC + i] = offsets.get(scan.dc[i])!;
    data[record + SCAN_AC + i] = offsets.get(scan.ac[i])!;
  });
  data[record] = pattern;
  data[record + 1] = scan.blocksPerMcu;
}

/** First restart segment of a scan that an MCU or one after it lies in. */
function firstSegment({ restartInterval }: JpegScan, mcu = 0): number {
  return restartInterval === 0 ? 0 : Math.floor(mcu / restartInterval);
}
