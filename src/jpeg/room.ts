import { type DeviceBounds, fitsSync, mostCoded } from "./budget.ts";
import { MOST_QUANTS, MOST_RECORDS } from "./component_records.ts";
import type { HuffmanTable } from "./huffman.ts";
import { type LexedBlobs, SEGMENT_WORDS } from "./lex.ts";
import { footprint } from "./plan.ts";
import type { Decodable } from "./stage.ts";

/** Most bytes of coefficients that are in flight at once, if one picture does not need more. */
const SCRATCH_BYTES = 2 ** 28;
/** What is read beyond the end of coded data. */
const AHEAD_BYTES = 8;

/** What is left of the bindings of one group. */
export class Room {
  readonly #bounds: DeviceBounds;
  readonly #quants = new Set<unknown>();
  readonly #tables = new Set<number>();
  #empty = true;
  #components = 0;
  #coefficients = 0;
  #tableBytes = 0;
  #segments = 0;
  #firstPixel = 0;
  #firstCoded = 0;

  /** @param bounds What the device allows. */
  constructor(bounds: DeviceBounds) {
    this.#bounds = bounds;
  }

  /**
   * Makes room for a picture.
   *
   * @param decodable The picture.
   * @param lexed Where its segments lie.
   * @returns False if there is none. The first one always fits.
   */
  take({ frame, target }: Decodable, lexed: Pick<LexedBlobs, "segments">): boolean {
    const last = frame.scans[frame.scans.length - 1];
    const begin = frame.scans[0].firstSegment * SEGMENT_WORDS;
    const end = (last.firstSegment + last.segmentCount - 1) * SEGMENT_WORDS;
    const codedEnd = lexed.segments[end + 1] + lexed.segments[end + 2] + AHEAD_BYTES;
    if (this.#empty) {
      this.#firstPixel = target.byteOffset;
      this.#firstCoded = lexed.segments[begin + 1];
    }
    this.#coefficients += footprint(frame).coefficients;
    this.#components += frame.components.length;
    for (const component of frame.components) this.#quants.add(component.quant);
    for (const { dc, ac, segmentCount } of frame.scans) {
      for (let i = 0; i < dc.length; i++) this.#takeTable(dc[i]);
      for (let i = 0; i < ac.length; i++) this.#takeTable(ac[i]);
      this.#segments += segmentCount;
    }
    const { maxBinding } = this.#bounds;
    const coded = codedEnd - this.#firstCoded;
    const fits = this.#empty ||
      this.#coefficients <= Math.min(maxBinding, SCRATCH_BYTES) &&
        this.#tableBytes <= maxBinding &&
        this.#quants.size <= MOST_QUANTS &&
        this.#components <= MOST_RECORDS &&
        coded <= mostCoded(maxBinding) &&
        fitsSync(this.#segments, coded, this.#bounds) &&
        target.byteOffset + target.rowPitch * target.height - this.#firstPixel <= maxBinding;
    this.#empty = false;
    return fits;
  }

  #takeTable(table: HuffmanTable): void {
    if (this.#tables.has(table.key)) return;
    this.#tables.add(table.key);
    this.#tableBytes += table.lookup.length * 4;
  }
}
