import { describeFormat } from "./detect.ts";
import { exifOrientation, type Orientation } from "./exif.ts";
import { JpegFault } from "./fault.ts";
import type { ColourModel, FrameHeader, JpegFrame, JpegScan } from "./frame.ts";
import { parseFrameHeader } from "./frame_header.ts";
import { BLOB_WORDS, type LexedBlobs, LexEnd, MARKER_WORDS } from "./lex.ts";
import * as M from "./markers.ts";
import { checkSegments, parseScanHeader } from "./scan_header.ts";
import { TableSlots } from "./table_segments.ts";
import type { TableCache } from "./tables.ts";

/** Bytes from a marker's 0xFF to its payload. */
const PAYLOAD_OFFSET = 4;
const JFIF_BYTES = 14;
const ADOBE_BYTES = 12;
const ADOBE_TRANSFORM = 11;

/** What the parser needs beside the blob. */
export interface ParseOptions {
  /** Most pixels that a header may ask for. */
  maxPixels: number;
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
  const [first, count, firstSegment, , end, endsAt] = lexed.blobs.subarray(record, record + 6);
  if (blob.length === 0) throw new JpegFault("corrupt", "its blob must not be empty");
  if (end === LexEnd.noSoi) {
    throw new JpegFault(
      "format",
      `its blob must be a JPEG file: received ${describeFormat(blob)}`,
    );
  }
  const parser = new Parser(lexed, index, blob, firstSegment, options);
  for (let i = first; i < first + count; i++) {
    const [code, offset, length] = lexed.markers.subarray(i * MARKER_WORDS);
    if (end === LexEnd.cut && offset === endsAt + PAYLOAD_OFFSET) break;
    parser.marker(code, offset, length);
  }
  if (end === LexEnd.cut || end === LexEnd.length) {
    throw new JpegFault(
      "corrupt",
      end === LexEnd.cut
        ? `its marker segment at byte ${endsAt} must lie inside of the blob: it goes on after its end`
        : `its marker segment at byte ${endsAt} must have a length of at least 2`,
    );
  }
  if (end === LexEnd.data) parser.warnings.push("it has no EOI marker at its end");
  return parser.frame();
}

class Parser {
  readonly warnings: string[] = [];
  readonly #lexed: LexedBlobs;
  readonly #index: number;
  readonly #blob: Uint8Array;
  readonly #options: ParseOptions;
  readonly #slots: TableSlots;
  readonly #scans: JpegScan[] = [];
  #header?: FrameHeader;
  #segment: number;
  #restartInterval = 0;
  #orientation: Orientation = 1;
  #jfif = false;
  #adobe = -1;

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
    this.#slots = new TableSlots(options.tables);
  }

  marker(code: number, offset: number, length: number): void {
    if (M.standsAlone(code)) {
      if (code !== M.SOI) return;
      throw new JpegFault("corrupt", `it must have one SOI marker: received a second at ${offset}`);
    }
    const payload = this.#blob.subarray(offset, offset + length);
    if (code === M.DQT) this.#slots.dqt(payload, offset);
    else if (code === M.DHT) this.#slots.dht(payload, offset);
    else if (code === M.SOS) this.#sos(payload, offset);
    else if (code === M.APP0) this.#jfif ||= length >= JFIF_BYTES && starts(payload, "JFIF\0");
    else if (code === M.APP1) this.#orientation = exifOrientation(payload) ?? this.#orientation;
    else if (code === M.APP14) {
      if (length >= ADOBE_BYTES && starts(payload, "Adobe")) this.#adobe = payload[ADOBE_TRANSFORM];
    } else if (code === M.DRI) {
      if (length !== 2) M.badLength("DRI", offset, length);
      this.#restartInterval = payload[0] << 8 | payload[1];
    } else if (M.beginsFrame(code)) {
      const header = parseFrameHeader(code, payload, offset, this.#options.maxPixels);
      if (this.#header) {
        throw new JpegFault(
          "corrupt",
          `it must have one frame header: received a second at ${offset}`,
        );
      }
      this.#header = header;
    } else if (code === M.DNL) {
      throw new JpegFault("unsupported", "it has a DNL marker (height after the first scan)");
    } else if (code < M.APP0 && code !== M.DAC) {
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
    const missing = header.components.find((component) => component.scan < 0);
    if (missing) {
      throw new JpegFault(
        "corrupt",
        `it must have a scan of component ${missing.id}: received none`,
      );
    }
    return {
      ...header,
      colour: this.#colour(header),
      orientation: this.#orientation,
      scans: this.#scans,
      warnings: this.warnings,
    };
  }

  #sos(payload: Uint8Array, offset: number): void {
    const header = this.#header;
    if (!header) {
      throw new JpegFault("corrupt", "its frame header (SOF) must come before its scans");
    }
    const ordinal = this.#scans.length;
    if (ordinal > 0 && this.#scans[0].components.length === header.components.length) {
      throw new JpegFault(
        "corrupt",
        "it must end after a scan of all components: received another",
      );
    }
    const { scan, warning } = parseScanHeader(payload, offset, {
      header,
      slots: this.#slots,
      restartInterval: this.#restartInterval,
      ordinal,
      firstSegment: this.#segment,
    });
    if (warning) this.warnings.push(warning);
    this.#scans.push(scan);
    this.#segment = checkSegments(scan, ordinal, this.#lexed, this.#index);
  }

  /** As libjpeg-turbo decides it (jdapimin.c, default_decompress_parms). */
  #colour({ components }: FrameHeader): ColourModel {
    if (components.length === 1) return "grey";
    if (this.#jfif) return "YCbCr";
    if (this.#adobe >= 0) return this.#adobe === 0 ? "RGB" : "YCbCr";
    const ids = String.fromCharCode(...components.map((component) => component.id));
    return ids === "RGB" ? "RGB" : "YCbCr";
  }
}

function starts(payload: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (payload[i] !== text.charCodeAt(i)) return false;
  return true;
}
