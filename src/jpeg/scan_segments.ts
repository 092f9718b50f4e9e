import { JpegFault } from "./fault.ts";
import type { JpegScan } from "./frame.ts";
import { BLOB_WORDS, type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import { markerName, RST0 } from "./markers.ts";

const RESTARTS = 8;

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
  if (segment - scan.firstSegment < scan.segmentCount || bytes * 8 < leastBits(scan, blocks)) {
    throw new JpegFault(
      "corrupt",
      `its scan ${ordinal} must have data for ${blocks} blocks: received ${bytes} bytes (truncated)`,
    );
  }
  return segment;
}

/** Fewest bits of a scan's blocks: one for DC, one for AC; one run may end all blocks of a segment. */
function leastBits({ kind, segmentCount }: JpegScan, blocks: number): number {
  if (kind === "sequential") return 2 * blocks;
  return kind.startsWith("dc") ? blocks : segmentCount;
}
