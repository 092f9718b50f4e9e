import type { JpegFrame, JpegScan } from "./frame.ts";
import { type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import type { EntropyPath } from "./options.ts";
import type { Decodable, Tuning } from "./stage.ts";

/** Most restart segments of a scan that are synchronised, each of which needs records of its own. */
const MOST_SEGMENTS = 1 << 16;

/**
 * Whether a scan's pieces can find their place in the MCU by themselves: the components must not all
 * share the same tables, and its restart segments not be too many.
 *
 * @param scan The scan.
 * @returns False if they do, or are.
 */
function synchronises(scan: JpegScan): boolean {
  if (scan.segmentCount > MOST_SEGMENTS) return false;
  return scan.components.length === 1 ||
    scan.dc.some((table, i) => table !== scan.dc[0] || scan.ac[i] !== scan.ac[0]);
}

/**
 * Chooses the scans that are decoded by self-synchronisation.
 *
 * By segment, a decode takes as long as its longest segment; by self-synchronisation, all bits are
 * shared out evenly, but are decoded more than once.
 *
 * @param decodables The pictures that are decoded together.
 * @param lexed Where their segments lie.
 * @param tuning What suits the device.
 * @param path What was asked for.
 * @returns The scans; all others go by segment.
 */
export function chooseSync(
  decodables: readonly Pick<Decodable, "frame">[],
  lexed: LexedBlobs,
  tuning: Tuning,
  path: EntropyPath,
): Set<JpegScan> {
  const chosen = new Set<JpegScan>();
  if (path === "segment") return chosen;
  const threshold = path === "sync" ? -1 : longestInOrder(decodables, lexed, tuning);
  for (const { frame } of decodables) {
    if (frame.gathered) continue;
    for (const scan of frame.scans) {
      if (synchronises(scan) && scanBits(scan, lexed).longest > threshold) chosen.add(scan);
    }
  }
  return chosen;
}

/**
 * Says how a scan is decoded if its file is decoded alone, and why.
 *
 * @param frame The frame.
 * @param scan One of its scans.
 * @param lexed Where its segments lie.
 * @param tuning What suits the device.
 * @returns The path, and the reason in words.
 */
export function explainPath(
  frame: JpegFrame,
  scan: JpegScan,
  lexed: LexedBlobs,
  tuning: Tuning,
): { path: "segment" | "sync"; why: string } {
  if (frame.gathered) {
    return { path: "segment", why: "its coefficients are gathered over several scans" };
  }
  if (!synchronises(scan)) {
    const why = scan.segmentCount > MOST_SEGMENTS
      ? `it has more than ${MOST_SEGMENTS} restart segments`
      : "all components share one set of tables, so that a piece cannot tell its component";
    return { path: "segment", why };
  }
  const { longest } = scanBits(scan, lexed);
  const most = Math.floor(longestInOrder([{ frame }], lexed, tuning));
  const why = `its longest segment has ${longest} bits; in order is faster up to ${most}`;
  return { path: longest > most ? "sync" : "segment", why };
}

/** Bits of the longest segment that is better decoded in order. */
function longestInOrder(
  decodables: readonly Pick<Decodable, "frame">[],
  lexed: LexedBlobs,
  { lanes, sync }: Tuning,
): number {
  let bits = 0;
  for (const { frame } of decodables) {
    for (const scan of frame.scans) bits += scanBits(scan, lexed).all;
  }
  return Math.max(sync.cost * bits / lanes, sync.least);
}

/** Bits of a scan's segments, and of the longest of them. */
function scanBits(scan: JpegScan, { segments }: LexedBlobs): { all: number; longest: number } {
  let all = 0;
  let longest = 0;
  for (let i = 0; i < scan.segmentCount; i++) {
    const bytes = segments[(scan.firstSegment + i) * SEGMENT_WORDS + 2];
    all += bytes;
    longest = Math.max(longest, bytes);
  }
  return { all: all * 8, longest: longest * 8 };
}
