import { explainPath } from "./entropy_path.ts";
import { JpegFault } from "./fault.ts";
import type { JpegFrame, JpegScan } from "./frame.ts";
import { BLOB_WORDS, LexEnd, Lexer, MARKER_WORDS, SEGMENT_WORDS } from "./lex.ts";
import { DHT, DQT, markerName, SOS } from "./markers.ts";
import { parseJpeg } from "./parse.ts";
import { pictureKind } from "./picture_kind.ts";
import type { Tuning } from "./stage.ts";
import { TableCache } from "./tables.ts";

const TABLE_SLOT = 15;
const AC_FLAG = 16;
const COUNTS = 16;
const NO_LIMIT = 0xffff ** 2;

/** One marker of a file. */
export interface MarkerReport {
  /** Its code, such as `0xFFDA`. */
  marker: string;
  /** Where its payload begins. */
  offset: number;
  /** Bytes of its payload. */
  length: number;
}

/** One table of a file. */
export interface TableReport {
  /** What it is for. */
  kind: "quantisation" | "Huffman DC" | "Huffman AC";
  /** Number that components or scans name it by. */
  slot: number;
  /** Bits of a divisor, or number of codes. */
  size: number;
}

/** One component of a frame. */
export interface ComponentReport {
  id: number;
  /** Sampling factors. */
  h: number;
  v: number;
  /** Number of its quantisation table. */
  quantisation: number;
  /** Samples. */
  width: number;
  height: number;
  /** Blocks that hold samples. */
  blocksWide: number;
  blocksHigh: number;
}

/** One scan of a frame. */
export interface ScanReport {
  /** Identifiers of its components. */
  components: number[];
  /** Numbers of their DC and AC tables. */
  dc: number[];
  ac: number[];
  /** First and last coefficient in zigzag order. */
  spectral: [number, number];
  /** Bits of approximation before and after. */
  approximation: [number, number];
  mcus: [number, number];
  /** MCUs from one RST marker to the next; 0 for no such markers. */
  restartInterval: number;
  segments: number;
  /** Bytes of all segments, without stuffing. */
  bytes: number;
  /** Bytes of the longest one. */
  longest: number;
  /** How it is decoded, if nothing else is decoded with it; undefined where no device is known. */
  path?: "segment" | "sync";
  /** Why. */
  why?: string;
}

/** What a JPEG file consists of. */
export interface JpegReport {
  bytes: number;
  /** How the file ends. */
  end: keyof typeof LexEnd;
  /** The frame; undefined if the file cannot be decoded. */
  frame?: {
    process: string;
    width: number;
    height: number;
    colour: string;
    orientation: number;
    /** Which kernels make its pixels. */
    kind: string;
    components: ComponentReport[];
  };
  tables: TableReport[];
  scans: ScanReport[];
  markers: MarkerReport[];
  warnings: string[];
  /** Why the file cannot be decoded. */
  error?: string;
}

/**
 * Takes a JPEG file apart, without decoding it.
 *
 * @param file The file.
 * @param tuning What suits the device that would decode it.
 * @returns What it consists of.
 */
export function inspectJpeg(file: Uint8Array, tuning?: Tuning): JpegReport {
  const lexer = new Lexer();
  const index = lexer.push(file);
  const [first, count, , , end] = lexer.blobs.subarray(index * BLOB_WORDS);
  const report: JpegReport = {
    bytes: file.length,
    end: (Object.keys(LexEnd) as (keyof typeof LexEnd)[]).find((key) => LexEnd[key] === end)!,
    tables: [],
    scans: [],
    markers: [],
    warnings: [],
  };
  const headers: Uint8Array[] = [];
  for (let i = first; i < first + count; i++) {
    const [code, offset, length] = lexer.markers.subarray(i * MARKER_WORDS);
    const payload = file.subarray(offset, offset + length);
    report.markers.push({ marker: markerName(code), offset, length });
    if (code === DQT) report.tables = report.tables.concat(quantTables(payload));
    if (code === DHT) report.tables = report.tables.concat(huffmanTables(payload));
    if (code === SOS) headers.push(payload);
  }
  let frame: JpegFrame;
  try {
    const limits = { maxPixels: NO_LIMIT, maxScans: NO_LIMIT };
    frame = parseJpeg(lexer, index, file, { ...limits, tables: new TableCache() });
  } catch (error) {
    if (!(error instanceof JpegFault)) throw error;
    return { ...report, error: error.message };
  }
  const { process, width, height, colour, orientation } = frame;
  const components = frame.components.map(({ quantSlot: quantisation, ...component }) => {
    const { id, h, v, width, height, blocksWide, blocksHigh } = component;
    return { id, h, v, quantisation, width, height, blocksWide, blocksHigh };
  });
  const kind = pictureKind(frame);
  report.frame = { process, width, height, colour, orientation, kind, components };
  report.scans = frame.scans.map((scan, i) => ({
    ...scanReport(frame, scan, headers[i], lexer),
    ...tuning && explainPath(frame, scan, lexer, tuning),
  }));
  for (const each of frame.warnings) report.warnings.push(each);
  return report;
}

function scanReport(
  frame: JpegFrame,
  scan: JpegScan,
  header: Uint8Array,
  { segments }: Lexer,
): ScanReport {
  const count = header[0];
  const tables = scan.components.map((_, i) => header[2 + 2 * i]);
  const [begin, end, bits] = header.subarray(1 + 2 * count);
  const lengths = Array.from(
    { length: scan.segmentCount },
    (_, i) => segments[(scan.firstSegment + i) * SEGMENT_WORDS + 2],
  );
  return {
    components: scan.components.map((place) => frame.components[place].id),
    dc: tables.map((both) => both >> 4),
    ac: tables.map((both) => both & TABLE_SLOT),
    spectral: [begin, end],
    approximation: [bits >> 4, bits & TABLE_SLOT],
    mcus: [scan.mcusAcross, scan.mcusDown],
    restartInterval: scan.restartInterval,
    segments: scan.segmentCount,
    bytes: lengths.reduce((sum, length) => sum + length, 0),
    longest: lengths.reduce((most, length) => Math.max(most, length), 0),
  };
}

function quantTables(payload: Uint8Array): TableReport[] {
  const found: TableReport[] = [];
  for (let at = 0; at < payload.length;) {
    const wide = payload[at] >> 4 > 0;
    found.push({ kind: "quantisation", slot: payload[at] & TABLE_SLOT, size: wide ? 16 : 8 });
    at += wide ? 129 : 65;
  }
  return found;
}

function huffmanTables(payload: Uint8Array): TableReport[] {
  const found: TableReport[] = [];
  for (let at = 0; at < payload.length;) {
    const kind = payload[at] & AC_FLAG ? "Huffman AC" : "Huffman DC";
    const counts = payload.subarray(at + 1, at + 1 + COUNTS);
    const size = counts.reduce((sum, n) => sum + n, 0);
    found.push({ kind, slot: payload[at] & TABLE_SLOT, size });
    at += 1 + COUNTS + size;
  }
  return found;
}
