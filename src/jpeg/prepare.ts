import {
  type CassetteError,
  CorruptJpegError,
  LimitsError,
  UnsupportedFormatError,
  UnsupportedJpegError,
  UsageError,
} from "../errors.ts";
import type { GpuImage } from "../gpu/images.ts";
import type { IdList } from "../ids.ts";
import { checkBudget, type DeviceBounds } from "./budget.ts";
import { JpegFault } from "./fault.ts";
import type { JpegFrame } from "./frame.ts";
import { type LexedBlobs, Lexer, SEGMENT_WORDS } from "./lex.ts";
import type { BlobList } from "./options.ts";
import { parseJpeg } from "./parse.ts";
import { footprint } from "./plan.ts";
import type { Decodable } from "./stage.ts";
import { canInterleave, interleavedBytes } from "./gathered_strips.ts";
import { hasOneScan } from "./strips.ts";
import { TableCache } from "./tables.ts";

const PIXEL_BYTES = 4;
const ROW_ALIGNMENT = 64;
const IMAGE_ALIGNMENT = 256;

/** Consecutive blobs that were lexed and parsed, and whose pictures fit one buffer. */
export interface Part {
  /** Place of the first blob. */
  readonly first: number;
  /** Place after the last blob. */
  end: number;
  /** Bytes of all pictures. */
  bytes: number;
  /** Where each picture goes; null for a blob that cannot be decoded. */
  readonly images: (GpuImage | null)[];
  /** Why a blob cannot be decoded. */
  readonly errors: (CassetteError | undefined)[];
  /** What is odd about a blob that can be decoded all the same. */
  readonly warnings: (readonly string[])[];
  /** The pictures. */
  readonly decodables: Decodable[];
  /** Markers and segments of its blobs; those of a part are valid until the next part. */
  readonly lexed: LexedBlobs;
  /** Which of the lexed bytes are its pictures'. */
  readonly coded: { begin: number; end: number };
  /** Bytes of the records of its pictures, at most: those that kernels only read, and others. */
  readonly records: { read: number; written: number };
}

/** What limits a part. */
export interface PrepareOptions extends DeviceBounds {
  /** Most pixels of one picture. */
  readonly maxPixels: number;
  /** Most scans of one picture. */
  readonly maxScans: number;
  /** Whether EXIF orientation is applied. */
  readonly turn: boolean;
}

/** The CPU's share of decoding: from blobs to what the kernels need to know. */
export class Preparer {
  readonly #lexer = new Lexer();
  readonly #tables = new TableCache();
  readonly #options: PrepareOptions;

  /** @param options Limits. */
  constructor(options: PrepareOptions) {
    this.#options = options;
  }

  /**
   * Lexes and parses blobs, as many as fit.
   *
   * @param blobs The blobs.
   * @param first Place of the first.
   * @param limit Most bytes of pixels.
   * @param ids Ids of the samples, for errors.
   * @returns The part; at least one blob, if there is one.
   */
  prepare(blobs: BlobList, first: number, limit: number, ids?: IdList): Part {
    const given = "blob" in blobs ? blobs.lexed : undefined;
    if (given && given.blobCount !== blobs.length) {
      throw new UsageError(
        `Cannot decode as lexed must have all ${blobs.length} blobs: received ${given.blobCount}`,
      );
    }
    const part: Part = {
      first,
      end: first,
      bytes: 0,
      images: [],
      errors: [],
      warnings: [],
      decodables: [],
      lexed: given ?? this.#lexer,
      coded: { begin: 0, end: 0 },
      records: { read: 0, written: 0 },
    };
    this.#lexer.reset();
    for (; part.end < blobs.length; part.end++) {
      const blob = "blob" in blobs ? blobs.blob(part.end) : blobs[part.end];
      try {
        if (!this.#add(part, blob, limit, given !== undefined)) break;
      } catch (error) {
        if (!(error instanceof JpegFault)) throw error;
        part.images.push(null);
        part.errors.push(typedError(error, part.end, ids));
        part.warnings.push([]);
      }
    }
    return part;
  }

  /** Adds a blob's picture to a part; false if the part has no room for it. */
  #add(part: Part, blob: Uint8Array, limit: number, lexed: boolean): boolean {
    const { maxPixels, maxScans, turn, maxBuffer } = this.#options;
    const index = lexed ? part.end : this.#lexer.push(blob);
    let added = false;
    try {
      const options = { maxPixels, maxScans, tables: this.#tables };
      const frame = parseJpeg(part.lexed, index, blob, options);
      const coded = codedBytes(frame, part.lexed);
      const { read, written } = checkBudget(frame, coded.end - coded.begin, this.#options);
      const target = this.#place(frame, part.bytes, coded.end - coded.begin, limit);
      const end = target.byteOffset + target.rowPitch * target.height;
      if (part.decodables.length === 0) part.coded.begin = coded.begin;
      const { records } = part;
      const most = Math.max(
        coded.end - part.coded.begin,
        records.read + read,
        records.written + written,
      );
      if (end > limit || most > maxBuffer && part.decodables.length > 0) return false;
      records.read += read;
      records.written += written;
      part.bytes = end;
      part.coded.end = coded.end;
      const orientation = turn ? frame.orientation : 1;
      part.decodables.push({ index: part.images.length, frame, target, orientation });
      part.images.push(target);
      part.errors.push(undefined);
      part.warnings.push(frame.warnings);
      added = true;
    } finally {
      if (!added && !lexed) this.#lexer.pop();
    }
    return true;
  }

  #place(frame: JpegFrame, bytes: number, coded: number, limit: number): GpuImage {
    const { turn, maxBinding, maxBuffer } = this.#options;
    const turned = turn && frame.orientation >= 5;
    const width = turned ? frame.height : frame.width;
    const height = turned ? frame.width : frame.height;
    const rowPitch = align(width * PIXEL_BYTES, ROW_ALIGNMENT);
    const { coefficients, samples } = footprint(frame);
    // What can be decoded strip by strip needs not fit, but pixels that are turned by a quarter must.
    const strips = hasOneScan(frame) ||
      canInterleave(frame) && interleavedBytes(frame) <= maxBuffer;
    const largest = !strips
      ? Math.max(coefficients, samples, rowPitch * height, coded)
      : turned
      ? Math.max(rowPitch * height, coded)
      : coded;
    if (largest > maxBinding) {
      throw new JpegFault(
        "limits",
        `its ${width}×${height} pixels must take at most ${maxBinding} bytes, the device's maxStorageBufferBindingSize: received ${largest}`,
      );
    }
    if (rowPitch * height > limit) {
      throw new JpegFault(
        "limits",
        `its ${width}×${height} pixels must take at most ${limit} bytes: received ${
          rowPitch * height
        }`,
      );
    }
    return {
      byteOffset: align(bytes, IMAGE_ALIGNMENT),
      width,
      height,
      rowPitch,
      channels: frame.components.length === 1 ? 1 : 3,
    };
  }
}

/** Where a picture's segments lie, with the word that the decoder looks ahead. */
function codedBytes(frame: JpegFrame, { segments }: LexedBlobs): { begin: number; end: number } {
  const last = frame.scans[frame.scans.length - 1];
  const from = frame.scans[0].firstSegment * SEGMENT_WORDS;
  const to = (last.firstSegment + last.segmentCount - 1) * SEGMENT_WORDS;
  return { begin: segments[from + 1], end: align(segments[to + 1] + segments[to + 2], 4) + 4 };
}

/**
 * Names a blob in messages.
 *
 * @param place Its place in its list.
 * @param ids Ids of the samples, if there are any.
 * @returns Words such as `sample 7`.
 */
export function subject(place: number, ids?: IdList): string {
  return `sample ${ids ? ids.at(place) : place}`;
}

function typedError(fault: JpegFault, place: number, ids?: IdList): CassetteError {
  const message = `Cannot decode ${subject(place, ids)} as ${fault.message}`;
  const details = { sampleId: ids?.at(place) };
  switch (fault.kind) {
    case "corrupt":
      return new CorruptJpegError(message, details);
    case "unsupported":
      return new UnsupportedJpegError(message, details);
    case "format":
      return new UnsupportedFormatError(message, details);
    case "limits":
      return new LimitsError(message, details);
  }
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
