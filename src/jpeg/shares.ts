import { type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import { footprint } from "./plan.ts";
import type { Decodable, Tuning } from "./stage.ts";

/**
 * Shares pictures out so that the coefficients of each share stay in the processor's cache from the
 * kernel that writes them to the one that reads them, where the adapter runs on the CPU.
 *
 * A share has at least as many segments as there are lanes, of like length, as the longest decides
 * how long it takes.
 *
 * @param decodables The pictures.
 * @param lexed Where their segments lie.
 * @param tuning What suits the device.
 * @returns The pictures of each share, in the order in which they came.
 */
export function cacheShares<Member extends Pick<Decodable, "index" | "frame">>(
  decodables: readonly Member[],
  { segments }: Pick<LexedBlobs, "segments">,
  { lanes, cacheBytes }: Pick<Tuning, "lanes" | "cacheBytes">,
): (readonly Member[])[] {
  let bytes = 0;
  for (const { frame } of decodables) bytes += footprint(frame).coefficients;
  const count = Math.round(bytes / cacheBytes);
  if (count <= 1) return [decodables];
  const most = bytes / count;
  const sizes = decodables.map((decodable) => {
    const { scans } = decodable.frame;
    let coded = 0;
    let chunks = 0;
    for (const { firstSegment, segmentCount } of scans) {
      for (let i = 0; i < segmentCount; i++) {
        coded += segments[(firstSegment + i) * SEGMENT_WORDS + 2];
      }
      chunks += segmentCount;
    }
    return { decodable, coded, chunks: chunks / scans.length };
  });
  sizes.sort((a, b) => b.coded - a.coded);
  const shares: Member[][] = [];
  let share: Member[] = [];
  let chunks = 0;
  bytes = 0;
  for (const size of sizes) {
    share.push(size.decodable);
    chunks += size.chunks;
    bytes += footprint(size.decodable.frame).coefficients;
    if (chunks < lanes || bytes < most) continue;
    shares.push(share);
    share = [];
    chunks = 0;
    bytes = 0;
  }
  if (share.length > 0) shares.push(share);
  for (const share of shares) share.sort((a, b) => a.index - b.index);
  return shares;
}
