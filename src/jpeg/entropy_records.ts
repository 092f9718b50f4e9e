import type { JpegScan } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
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

/** Words of a chunk's record. */
export const CHUNK_WORDS = 12;
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

/** Work of the entropy decoder. */
export interface EntropyStage extends Stage {
  /** Window of the lexed bytes. */
  readonly bits: Region;
  /** Huffman tables. */
  readonly tables: Region;
  /** Scan records. */
  readonly scans: Region;
  /** Chunk records of what goes by segment, in the words that kernels write. */
  readonly chunks: Region;
  /** What goes by self-synchronisation; undefined if nothing does. */
  readonly sync: SyncStage | undefined;
  /** Number of chunks that go by segment. */
  readonly count: number;
  /** Most turns of one of them. */
  readonly turns: number;
  /** Dispatches after which every chunk is done, whatever its data. */
  readonly dispatches: number;
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
  const { lexed, uploaded, read, written, tuning } = decoding;
  const { segments } = lexed;
  const offsets = tableOffsets(decodables);
  const tables = tableRecords(offsets, read);
  const scans = read.region(scanBlocks.length * SCAN_WORDS);
  const order = longestFirst(decodables, lexed, tuning.entropy, sync);
  const chunks = written.region(order.length * CHUNK_WORDS);
  const { data } = written;
  const firstByte = segments[decodables[0].frame.scans[0].firstSegment * SEGMENT_WORDS + 1];
  let lastByte = firstByte;
  let scanAt = 0;
  let chunkAt = 0;
  let turns = 0;
  let syncTurns = 0;
  const pieces: SyncSegment[] = [];
  for (const { frame, index, section } of decodables) {
    for (const [s, scan] of frame.scans.entries()) {
      scanRecord(scan, read.data, scans.offset / 4 + scanAt * SCAN_WORDS, offsets, frame);
      const minBits = shortestCode(scan.ac);
      const minDcBits = shortestCode(scan.dc);
      const mcus = scan.mcusAcross * scan.mcusDown;
      const interval = scan.restartInterval || mcus;
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
        const chunk = chunks.offset / 4 + order[chunkAt++] * CHUNK_WORDS;
        data[chunk] = position;
        data[chunk + 1] = position + bits;
        data[chunk + 2] = address;
        data[chunk + 3] = blocks;
        data[chunk + 4] = scanAt;
        data[chunk + 5] = index;
        // Two more, as the last symbol may reach beyond the segment.
        const ac = Math.ceil(bits / Math.min(minBits, LONG_TURN_BITS)) + 2;
        turns = Math.max(turns, Math.min(2 * blocks + ac, blocks * BLOCK_TURNS));
      }
      scanAt++;
    }
  }
  return {
    workgroups: Math.ceil(order.length / tuning.entropy),
    bits: { offset: firstByte - uploaded, size: Math.ceil((lastByte - firstByte) / 4) * 4 + 4 },
    tables,
    scans,
    chunks,
    dispatches: dispatchesOf(turns, tuning),
    params: params(read, order.length, tuning.cap, 0, NO_END),
    count: order.length,
    turns,
    sync: syncRecords(pieces, syncTurns, read, tuning),
  };
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

/**
 * Where each chunk's record goes. Invocations that run in lockstep get work of like length; a long
 * workgroup is followed by the next longest at the other end, as CPU adapters give each thread a
 * run of workgroups.
 */
function longestFirst(
  decodables: readonly Decodable[],
  lexed: LexedBlobs,
  workgroup: number,
  sync: ReadonlySet<JpegScan>,
): Uint32Array {
  const lengths: number[] = [];
  for (const { frame, section } of decodables) {
    for (const [s, scan] of frame.scans.entries()) {
      if (sync.has(scan)) continue;
      const whole = scan.restartInterval === 0 ? section?.whole.scans[s] : undefined;
      const share = whole ? scan.mcusDown / whole.mcusDown : 1;
      for (let i = firstSegment(scan, section?.firstMcus[s]); i < scan.segmentCount; i++) {
        const bytes = lexed.segments[(scan.firstSegment + i) * SEGMENT_WORDS + 2];
        lengths.push(Math.ceil(bytes * share));
      }
    }
  }
  const count = lengths.length;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = lengths[i] * count + i;
  keys.sort();
  const order = new Uint32Array(count);
  const whole = Math.floor(count / workgroup);
  for (let rank = 0; rank < count; rank++) {
    const turn = Math.floor(rank / workgroup);
    const place = turn === whole ? turn : turn % 2 === 0 ? turn / 2 : whole - (turn + 1) / 2;
    order[keys[count - 1 - rank] % count] = place * workgroup + rank % workgroup;
  }
  return order;
}
