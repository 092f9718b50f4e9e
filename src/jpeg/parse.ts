import { describeFormat } from "./detect.ts";
import { exifOrientation, type Orientation } from "./exif.ts";
import { JpegFault } from "./fault.ts";
import { ColourHints } from "./colour.ts";
import type { ColourModel, FrameHeader, JpegFrame, JpegScan } from "./frame.ts";
import { parseFrameHeader } from "./frame_header.ts";
import {
  BLOB_WORDS,
  type LexedBlobs,
  LexEnd,
  MARKER_WORDS,
  MOST_MARKERS,
  MOST_SEGMENTS,
} from "./lex.ts";
import * as M from "./markers.ts";
import { checkArithmetic } from "./conditioning.ts";
import { Progression } from "./progression.ts";
import { parseScanHeader } from "./scan_header.ts";
import { checkSegments } from "./scan_segments.ts";
import { TableSlots } from "./table_segments.ts";
import type { TableCache } from "./tables.ts";
import { Warnings } from "./warnings.ts";

/** Bytes from a marker's 0xFF to its payload. */
const PAYLOAD_OFFSET = 4;
/** Bytes of a marker itself. */
const MARKER_BYTES = 2;
const FILL = 0xff;

const ZERO_DIVISORS = new Uint8Array(64);

/** What the parser needs beside the blob. */
export interface ParseOptions {
  /** Most pixels that a header may ask for. */
  maxPixels: number;
  /** Most scans that it may have. */
  maxScans: number;
  /** Where tables are kept. */
  tables: TableCache;
}

/**
 * Reads what the markers of a lexed blob say.
 *
 * @param lexed Lexed blobs.
 * @param index Which of them.
 * @param blob The blob itself.
 * @param options Limits and the table cache.
 * @returns The frame.
 * @throws {JpegFault} If the blob is not a JPEG file, is broken, too large, or of a kind that is not
 * supported.
 */
export function parseJpeg(
  lexed: LexedBlobs,
  index: number,
  blob: Uint8Array,
  options: ParseOptions,
): JpegFrame {
  const record = index * BLOB_WORDS;
  // One by one, as views and destructuring cost more than all else here.
  const { blobs, markers } = lexed;
  const first = blobs[record];
  const count = blobs[record + 1];
  const firstSegment = blobs[record + 2];
  const end = blobs[record + 4];
  const endsAt = blobs[record + 5];
  if (blob.length === 0) {
    throw new JpegFault("corrupt", "its blob must not be empty: received 0 bytes");
  }
  if (end === LexEnd.noSoi) {
    throw new JpegFault(
      "format",
      `its blob must be a JPEG file: received ${describeFormat(blob)}`,
    );
  }
  if (end === LexEnd.many) {
    throw new JpegFault(
      "limits",
      `it must have at most ${MOST_MARKERS} markers and ${MOST_SEGMENTS} restart segments: received more, at byte ${endsAt}`,
    );
  }
  const parser = new Parser(lexed, index, blob, firstSegment, options);
  for (let i = first; i < first + count; i++) {
    const offset = markers[i * MARKER_WORDS + 1];
    if (end === LexEnd.cut && offset === endsAt + PAYLOAD_OFFSET) break;
    parser.marker(markers[i * MARKER_WORDS], offset, markers[i * MARKER_WORDS + 2]);
  }
  if (end === LexEnd.cut || end === LexEnd.length) {
    throw new JpegFault(
      "corrupt",
      end === LexEnd.cut
        ? `its marker segment at byte ${endsAt} must lie inside of the blob: received one that goes on after its end`
        : `its marker segment at byte ${endsAt} must have a length of at least 2: received less`,
    );
  }
  if (end === LexEnd.data) {
    parser.warnings.add("it must have an EOI marker at its end: received none");
  }
  return parser.frame();
}

class Parser {
  readonly warnings = new Warnings();
  readonly #lexed: LexedBlobs;
  readonly #index: number;
  readonly #blob: Uint8Array;
  readonly #options: ParseOptions;
  readonly #slots: TableSlots;
  readonly #hints = new ColourHints();
  readonly #scans: JpegScan[] = [];
  #header?: FrameHeader;
  #colour: ColourModel = "grey";
  #progression?: Progression;
  #segment: number;
  #restartInterval = 0;
  #orientation: Orientation = 1;
  /** Where the next marker is expected; negative after a scan, whose data ends at a marker. */
  #next = MARKER_BYTES;

  constructor(
    lexed: LexedBlobs,
    index: number,
    blob: Uint8Array,
    firstSegment: number,
    options: ParseOptions,
  ) {
    this.#lexed = lexed;
    this.#index = index;
    this.#blob = blob;
    this.#segment = firstSegment;
    this.#options = options;
    this.#slots = new TableSlots(options.tables, blob);
  }

  marker(code: number, offset: number, length: number): void {
    const alone = M.standsAlone(code);
    this.#gap(offset - (alone ? MARKER_BYTES : PAYLOAD_OFFSET));
    this.#next = code === M.SOS ? -1 : offset + length;
    if (alone) {
      if (code !== M.SOI) return;
      throw new JpegFault("corrupt", `it must have one SOI marker: received a second at ${offset}`);
    }
    // The most frequent ones need no view of their payload.
    if (code === M.DQT) return this.#slots.dqt(offset, length);
    if (code === M.DHT) return this.#slots.dht(offset, length);
    const payload = this.#blob.subarray(offset, offset + length);
    if (code === M.SOS) this.#sos(payload, offset);
    else if (code === M.APP0) this.#tell(this.#hints.app0(payload));
    else if (code === M.APP1) this.#orientation = exifOrientation(payload) ?? this.#orientation;
    else if (code === M.APP14) this.#hints.app14(payload);
    else if (code === M.DRI) {
      if (length !== 2) M.badLength("DRI", offset, length);
      this.#restartInterval = payload[0] << 8 | payload[1];
    } else if (M.beginsFrame(code)) this.#sof(code, payload, offset);
    else if (code === M.DAC) checkArithmetic(payload, offset);
    else if (code === M.DNL) {
      // libjpeg-turbo takes no notice of it: the frame header has a height.
      this.#tell("its frame header must be all that gives a height: received a DNL marker");
    } else if (code < M.APP0 || code > M.APP15 && code !== M.COM) {
      throw new JpegFault(
        "corrupt",
        `its markers must be known: received ${M.markerName(code)} at byte ${
          offset - PAYLOAD_OFFSET
        }`,
      );
    }
  }

  frame(): JpegFrame {
    const header = this.#header;
    if (!header) {
      throw new JpegFault("corrupt", "it must have a frame header (SOF): received none");
    }
    if (this.#scans.length === 0) {
      throw new JpegFault("corrupt", "it must have a scan (SOS): received none");
    }
    const uncoded = header.components.filter((component) => component.scan < 0);
    // What no scan codes is grey, as if its divisors were zero.
    for (const component of uncoded) {
      component.quant = this.#options.tables.quant(ZERO_DIVISORS, 0, ZERO_DIVISORS.length);
    }
    const coded = this.#scans.reduce((sum, scan) => sum + scan.components.length, 0);
    const once = uncoded.length === 0 && coded === header.components.length;
    return {
      ...header,
      colour: this.#colour,
      gathered: this.#progression !== undefined || !once,
      unknownBits: uncoded.length === 0 ? this.#progression?.unknownBits() : undefined,
      orientation: this.#orientation,
      scans: this.#scans,
      warnings: this.warnings.list(),
    };
  }

  /** Warns of bytes between two markers that are no fill bytes. */
  #gap(end: number): void {
    if (this.#next < 0) return;
    let bytes = 0;
    for (let at = this.#next; at < end; at++) if (this.#blob[at] !== FILL) bytes++;
    if (bytes === 0) return;
    this.warnings.add(() =>
      `its markers must follow one another: received ${bytes} extraneous bytes before byte ${end}`
    );
  }

  #tell(warning: string | undefined): void {
    if (warning !== undefined) this.warnings.add(warning);
  }

  #sof(code: number, payload: Uint8Array, offset: number): void {
    if (this.#header) {
      throw new JpegFault(
        "corrupt",
        `it must have one frame header: received a second at ${offset}`,
      );
    }
    const header = parseFrameHeader(code, payload, offset, this.#options.maxPixels);
    if (header.process === "progressive") this.#progression = new Progression(header.components);
    this.#header = header;
  }

  #sos(payload: Uint8Array, offset: number): void {
    const header = this.#header;
    if (!header) {
      throw new JpegFault(
        "corrupt",
        "its frame header (SOF) must come before its scans: received a scan first",
      );
    }
    const ordinal = this.#scans.length;
    const { maxScans } = this.#options;
    if (ordinal >= maxScans) {
      throw new JpegFault(
        "limits",
        `it must have at most maxScans = ${maxScans} scans: received another at byte ${offset}`,
      );
    }
    if (ordinal === 0) {
      const { colour, warning } = this.#hints.decide(header.components);
      this.#colour = colour;
      this.#tell(warning);
    } else if (
      !this.#progression && this.#scans[0].components.length === header.components.length
    ) {
      throw new JpegFault(
        "corrupt",
        "it must end after a scan of all components: received another",
      );
    }
    const { scan, warnings } = parseScanHeader(payload, offset, {
      header,
      slots: this.#slots,
      progression: this.#progression,
      restartInterval: this.#restartInterval,
      ordinal,
      firstSegment: this.#segment,
    });
    for (const warning of warnings) this.warnings.add(warning);
    this.#scans.push(scan);
    this.#segment = checkSegments(scan, ordinal, this.#lexed, this.#index);
  }
}
