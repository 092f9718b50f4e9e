import { JpegFault } from "./fault.ts";
import type { FrameHeader, JpegScan } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { BLOB_WORDS, type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import { badLength, markerName, RST0 } from "./markers.ts";
import type { TableSlots } from "./table_segments.ts";

/** Most blocks that one MCU may have (ITU-T T.81, B.2.3). */
const MOST_BLOCKS_PER_MCU = 10;
const MOST_COMPONENTS = 4;
const LAST_COEFFICIENT = 63;
const BLOCK_EDGE = 8;
const RESTARTS = 8;
/** Each block takes at least one bit for DC and one for AC. */
const LEAST_BLOCK_BITS = 2;

/** What a scan header is read against. */
export interface ScanContext {
  /** The frame. */
  readonly header: FrameHeader;
  /** The tables that are there when the scan begins. */
  readonly slots: TableSlots;
  /** MCUs from one RST marker to the next; 0 for no such markers. */
  readonly restartInterval: number;
  /** Scans that came before. */
  readonly ordinal: number;
  /** First segment that no earlier scan has. */
  readonly firstSegment: number;
}

/**
 * Reads a scan header of a sequential frame (ITU-T T.81, B.2.3) and marks the components it codes.
 *
 * @param payload Its payload.
 * @param offset Where the payload begins in the blob.
 * @param context The frame, tables and segments so far.
 * @returns The scan, and what is odd about it.
 * @throws {JpegFault} If it is broken or of a kind that is not supported.
 */
export function parseScanHeader(
  payload: Uint8Array,
  offset: number,
  context: ScanContext,
): { scan: JpegScan; warning?: string } {
  const { header, slots, restartInterval, ordinal, firstSegment } = context;
  const all = header.components;
  const count = payload[0];
  if (!(count >= 1 && count <= MOST_COMPONENTS) || payload.length !== 2 * count + 4) {
    badLength("SOS", offset, payload.length);
  }
  const components: number[] = [];
  const dc: HuffmanTable[] = [];
  const ac: HuffmanTable[] = [];
  let blocksPerMcu = 0;
  for (let i = 0; i < count; i++) {
    const id = payload[1 + 2 * i];
    const tables = payload[2 + 2 * i];
    // Where ids repeat, libjpeg-turbo takes the first component from place i on.
    const index = all.findIndex((c, at) => c.id === id && at >= i && !components.includes(at));
    if (index < 0) {
      throw new JpegFault("corrupt", `its scan must name components of the frame: received ${id}`);
    }
    const component = all[index];
    if (component.scan >= 0) {
      throw new JpegFault("unsupported", `its component ${id} is coded in two sequential scans`);
    }
    components.push(index);
    dc.push(slots.huffman("dc", tables >> 4));
    ac.push(slots.huffman("ac", tables & 15));
    component.quant = slots.quant(component.quantSlot);
    if (!component.quant) {
      throw new JpegFault(
        "corrupt",
        `its component ${id} must have a quantisation table: received none in slot ${component.quantSlot}`,
      );
    }
    component.scan = ordinal;
    component.place = blocksPerMcu;
    blocksPerMcu += count === 1 ? 1 : component.h * component.v;
  }
  if (blocksPerMcu > MOST_BLOCKS_PER_MCU) {
    throw new JpegFault(
      "corrupt",
      `its MCUs must have at most ${MOST_BLOCKS_PER_MCU} blocks: received ${blocksPerMcu}`,
    );
  }
  const first = all[components[0]];
  const mcusAcross = count === 1
    ? first.blocksWide
    : Math.ceil(header.width / (BLOCK_EDGE * header.hMax));
  const mcusDown = count === 1
    ? first.blocksHigh
    : Math.ceil(header.height / (BLOCK_EDGE * header.vMax));
  const sequential = payload[1 + 2 * count] === 0 &&
    payload[2 + 2 * count] === LAST_COEFFICIENT && payload[3 + 2 * count] === 0;
  return {
    scan: {
      components,
      dc,
      ac,
      mcusAcross,
      mcusDown,
      blocksPerMcu,
      restartInterval,
      firstSegment,
      segmentCount: restartInterval === 0 ? 1 : Math.ceil(mcusAcross * mcusDown / restartInterval),
    },
    warning: sequential ? undefined : "its scan parameters are not those of a sequential scan",
  };
}

/**
 * Checks that a scan has the segments that its size asks for.
 *
 * @param scan The scan.
 * @param ordinal Which scan of the blob it is.
 * @param lexed Lexed blobs.
 * @param index Which of them.
 * @returns The first segment of the next scan.
 * @throws {JpegFault} If restart markers are missing or misplaced, or the data cannot be enough.
 */
export function checkSegments(
  scan: JpegScan,
  ordinal: number,
  lexed: LexedBlobs,
  index: number,
): number {
  const { segments, blobs } = lexed;
  const end = blobs[index * BLOB_WORDS + 2] + blobs[index * BLOB_WORDS + 3];
  let segment = scan.firstSegment;
  let bytes = 0;
  for (; segment < end && segments[segment * SEGMENT_WORDS] === ordinal; segment++) {
    const found = segment - scan.firstSegment;
    const record = segment * SEGMENT_WORDS;
    const length = segments[record + 2];
    const from = segments[record + 3];
    const next = segments[record + 4];
    if (found + 1 < scan.segmentCount && next !== RST0 + found % RESTARTS) {
      throw new JpegFault(
        "corrupt",
        `its scan ${ordinal} must have RST${found % RESTARTS} after MCU ${
          (found + 1) * scan.restartInterval
        }: received ${
          next === 0 ? "the end of the data" : markerName(next)
        } after ${length} bytes from byte ${from}`,
      );
    }
    if (found < scan.segmentCount) bytes += length;
    else if (length > 0) {
      throw new JpegFault(
        "corrupt",
        `its scan ${ordinal} must have ${scan.segmentCount} segments: received more, at byte ${from}`,
      );
    }
  }
  const blocks = scan.mcusAcross * scan.mcusDown * scan.blocksPerMcu;
  if (segment - scan.firstSegment < scan.segmentCount || bytes * 8 < blocks * LEAST_BLOCK_BITS) {
    throw new JpegFault(
      "corrupt",
      `its scan ${ordinal} must have data for ${blocks} blocks: received ${bytes} bytes (truncated)`,
    );
  }
  return segment;
}
