import type { JpegFrame } from "./frame.ts";
import { JpegFault } from "./fault.ts";
import { footprint } from "./plan.ts";

/** Bytes of a segment's records, of any kernel: what is written, and what is only read. */
const SEGMENT_WRITTEN = 64;
const SEGMENT_READ = 36;
/** Bytes of a scan's records and parameters; each begins at a multiple of 256. */
const SCAN_READ = 2048;
/** Blocks of a component of which a scan that refines DC has a word, at least. */
const BLOCKS_PER_OWNER = 32;
/** Bytes of coded data that a subsequence has at least, and bytes of its records. */
const SUBSEQUENCE_CODED = 128;
const SUBSEQUENCE_CHUNK = 48;
const SUBSEQUENCE_WRITTEN = 128;
/** Most coded bytes whose bits have numbers of 32 bits, with what is read beyond them. */
const MOST_CODED = 2 ** 29 - 64;
/** Most bytes of coefficients whose words have numbers of 32 bits. */
const MOST_COEFFICIENTS = 2 ** 34 - 2 ** 16;

/** What a picture takes beside coefficients, samples and pixels, in bytes; an upper bound of each. */
export interface RecordBytes {
  /** Huffman tables. */
  readonly tables: number;
  /** All that kernels only read, tables among it. */
  readonly read: number;
  /** State of segments, which kernels write. */
  readonly written: number;
}

/** What a device allows. */
export interface DeviceBounds {
  /** Most bytes of a storage binding. */
  readonly maxBinding: number;
  /** Most bytes of a buffer. */
  readonly maxBuffer: number;
}

/**
 * What a picture takes beside coefficients, samples and pixels.
 *
 * @param frame The frame.
 * @param coded Bytes of its entropy-coded data.
 * @returns Bytes.
 */
export function recordBytes(frame: JpegFrame, coded: number): RecordBytes {
  const tables = new Set<Uint32Array>();
  let tableBytes = 0;
  let read = 0;
  let segments = 0;
  for (const { dc, ac, segmentCount, kind, mcusAcross, mcusDown, blocksPerMcu } of frame.scans) {
    for (const list of [dc, ac]) {
      for (const { lookup } of list) {
        if (tables.has(lookup)) continue;
        tables.add(lookup);
        tableBytes += lookup.byteLength;
      }
    }
    read += SCAN_READ + segmentCount * SEGMENT_READ;
    if (kind === "dc refine") read += mcusAcross * mcusDown * blocksPerMcu / BLOCKS_PER_OWNER * 4;
    segments += segmentCount;
  }
  return {
    tables: tableBytes,
    read: Math.ceil(read + tableBytes + coded / SUBSEQUENCE_CODED * 4),
    written: segments * SEGMENT_WRITTEN,
  };
}

/**
 * Most bytes of coded data that are decoded together.
 *
 * @param maxBinding Most bytes of a storage binding.
 * @returns Bytes.
 */
export function mostCoded(maxBinding: number): number {
  return Math.min(maxBinding, MOST_CODED);
}

/**
 * Whether the records of self-synchronising decoding fit.
 *
 * @param segments Number of segments.
 * @param coded Their bytes.
 * @param bounds What the device allows.
 * @returns True if so.
 */
export function fitsSync(
  segments: number,
  coded: number,
  { maxBinding, maxBuffer }: DeviceBounds,
): boolean {
  const subsequences = segments + Math.ceil(coded / SUBSEQUENCE_CODED);
  return subsequences * SUBSEQUENCE_CHUNK <= maxBinding &&
    subsequences * SUBSEQUENCE_WRITTEN <= maxBuffer;
}

/**
 * Refuses a picture that takes more than the device has, before anything is allocated for it.
 *
 * @param frame The frame.
 * @param coded Bytes of its entropy-coded data.
 * @param bounds What the device allows.
 * @returns What it takes beside coefficients, samples and pixels.
 * @throws {JpegFault} If it takes more.
 */
export function checkBudget(
  frame: JpegFrame,
  coded: number,
  { maxBinding, maxBuffer }: DeviceBounds,
): RecordBytes {
  const records = recordBytes(frame, coded);
  const { coefficients } = footprint(frame);
  const refined = frame.scans.reduce(
    (most, { kind, segmentCount }) => kind === "dc refine" ? Math.max(most, segmentCount) : most,
    0,
  );
  const bounds: readonly [what: string, bytes: number, most: number][] = [
    ["entropy-coded data", coded, mostCoded(maxBinding)],
    ["Huffman tables", records.tables, maxBinding],
    ["scans that refine DC", refined * SEGMENT_READ, maxBinding],
    ["records of scans and restart segments", records.read, maxBuffer],
    ["state of restart segments", records.written, maxBuffer],
    ["coefficients", coefficients, MOST_COEFFICIENTS],
  ];
  for (const [what, bytes, most] of bounds) {
    if (bytes <= most) continue;
    throw new JpegFault(
      "limits",
      `its ${what} must take at most ${most} bytes on the GPU: received ${bytes}`,
    );
  }
  return records;
}
