import { EOI, isSkipped, RST0, RST7, SOI, SOS, standsAlone } from "./markers.ts";

/** Words of one blob's record in {@linkcode LexedBlobs.blobs}. */
export const BLOB_WORDS = 6;
/** Words of one marker's record in {@linkcode LexedBlobs.markers}. */
export const MARKER_WORDS = 3;
/** Words of one segment's record in {@linkcode LexedBlobs.segments}. */
export const SEGMENT_WORDS = 5;

/** Most markers of one blob that are lexed: each of a picture's may have 64 KB. */
export const MOST_MARKERS = 1 << 16;
/** Most entropy-coded segments of one blob: one for each block of a grey picture of 2^28 pixels. */
export const MOST_SEGMENTS = 1 << 22;

/** How the lexer came to the end of a blob. */
export const LexEnd = {
  /** At an EOI marker. */
  eoi: 0,
  /** Where the blob ends, without an EOI. */
  data: 1,
  /** Inside of a marker segment that is longer than the blob. */
  cut: 2,
  /** At a marker segment whose length is below 2, unless it is one that libjpeg-turbo skips. */
  length: 3,
  /** At the beginning: the blob does not begin with SOI. */
  noSoi: 4,
  /** At a marker or a segment beyond those that a blob may have. */
  many: 5,
} as const;

/** Zeroed after each segment, of which a whole word stays: the decoder looks one word ahead. */
const GUARD_BYTES = 8;
/** Segments of a blob begin at a multiple of this: the strictest offset of a storage binding. */
const BLOB_ALIGNMENT = 256;

/**
 * What lexing gives: the markers of many blobs, and their entropy-coded segments ready for the GPU.
 *
 * This is a contract with several makers, so it is flat numbers only.
 */
export interface LexedBlobs {
  /**
   * Entropy-coded segments: without stuffed zeros, each at a multiple of 4 bytes and followed by at
   * least 4 zero bytes. The first segment of a blob begins at a multiple of 256 bytes.
   */
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes used of `bytes`; a multiple of 4. */
  byteCount: number;
  /**
   * Per blob 6 words: first marker, number of markers, first segment, number of segments, a
   * {@linkcode LexEnd}, and the offset in the blob where lexing ended.
   */
  blobs: Uint32Array<ArrayBuffer>;
  /** Number of blobs. */
  blobCount: number;
  /** Per marker 3 words: code, offset of its payload in the blob, bytes of its payload. */
  markers: Uint32Array<ArrayBuffer>;
  /** Number of markers. */
  markerCount: number;
  /**
   * Per segment 5 words: which SOS of the blob it follows (from 0), where it begins in `bytes`, its
   * length in bytes, where it began in the blob, code of the marker that ended it (0: end of data).
   */
  segments: Uint32Array<ArrayBuffer>;
  /** Number of segments. */
  segmentCount: number;
}

/**
 * Splits JPEG blobs into markers and entropy-coded segments (ITU-T T.81, B.1.1).
 *
 * Its memory is used again by the next batch: {@linkcode Lexer.reset} begins one.
 */
export class Lexer implements LexedBlobs {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  byteCount = 0;
  blobs: Uint32Array<ArrayBuffer> = new Uint32Array(64 * BLOB_WORDS);
  blobCount = 0;
  markers: Uint32Array<ArrayBuffer> = new Uint32Array(1024 * MARKER_WORDS);
  markerCount = 0;
  segments: Uint32Array<ArrayBuffer> = new Uint32Array(256 * SEGMENT_WORDS);
  segmentCount = 0;

  /** Forgets all blobs, keeping the memory. */
  reset(): void {
    this.byteCount = 0;
    this.blobCount = 0;
    this.markerCount = 0;
    this.segmentCount = 0;
  }

  /** Takes the last blob back, as if it had not been lexed. */
  pop(): void {
    const record = --this.blobCount * BLOB_WORDS;
    this.markerCount = this.blobs[record];
    const segment = this.blobs[record + 2];
    if (segment < this.segmentCount) this.byteCount = this.segments[segment * SEGMENT_WORDS + 1];
    this.segmentCount = segment;
  }

  /**
   * Lexes one more blob.
   *
   * @param blob The blob; read only now.
   * @returns Its place among the blobs.
   */
  push(blob: Uint8Array): number {
    const index = this.blobCount++;
    if (this.blobs.length < this.blobCount * BLOB_WORDS) this.blobs = doubled(this.blobs);
    const record = index * BLOB_WORDS;
    this.blobs[record] = this.markerCount;
    this.blobs[record + 2] = this.segmentCount;
    const [end, offset] = this.#markers(blob);
    this.blobs[record + 1] = this.markerCount - this.blobs[record];
    this.blobs[record + 3] = this.segmentCount - this.blobs[record + 2];
    this.blobs[record + 4] = end;
    this.blobs[record + 5] = offset;
    return index;
  }

  #markers(blob: Uint8Array): [end: number, offset: number] {
    const size = blob.length;
    if (size < 2 || blob[0] !== 0xff || blob[1] !== SOI) return [LexEnd.noSoi, 0];
    let at = 2;
    let scans = 0;
    while (true) {
      at = blob.indexOf(0xff, at);
      if (at < 0) return [LexEnd.data, size];
      while (at < size && blob[at] === 0xff) at++;
      if (at >= size) return [LexEnd.data, size];
      const code = blob[at++];
      if (code === 0) continue;
      const markers = this.markerCount - this.blobs[(this.blobCount - 1) * BLOB_WORDS];
      if (markers === MOST_MARKERS) return [LexEnd.many, at - 2];
      if (standsAlone(code)) {
        this.#marker(code, at, 0);
        if (code === EOI) return [LexEnd.eoi, at];
        continue;
      }
      if (at + 2 > size) return [LexEnd.cut, at - 2];
      const length = (blob[at] << 8) | blob[at + 1];
      if (length < 2) {
        if (!isSkipped(code)) return [LexEnd.length, at - 2];
        this.#marker(code, at += 2, 0);
        continue;
      }
      if (at + length > size) {
        this.#marker(code, at + 2, size - at - 2);
        return [LexEnd.cut, at - 2];
      }
      this.#marker(code, at + 2, length - 2);
      at += length;
      if (code !== SOS) continue;
      const next = this.#segments(blob, at, scans++);
      if (next < 0) return [LexEnd.many, -next];
      at = next;
    }
  }

  /**
   * Unstuffs the segments of one scan; gives the offset of the marker that ends it, or that of a segment
   * too many, which is negative then.
   */
  #segments(blob: Uint8Array, from: number, scan: number): number {
    const size = blob.length;
    const first = this.blobs[(this.blobCount - 1) * BLOB_WORDS + 2];
    const firstOfBlob = first === this.segmentCount;
    let to = align(this.byteCount, firstOfBlob ? BLOB_ALIGNMENT : 4);
    let begin = to;
    let run = from;
    let started = from;
    this.#reserve(to + size - from + GUARD_BYTES);
    while (true) {
      let mark = blob.indexOf(0xff, run);
      if (mark < 0) mark = size;
      let code = mark + 1 < size ? blob[mark + 1] : -1;
      const end = code === 0 ? mark + 1 : mark;
      this.#reserve(to + end - run + GUARD_BYTES);
      this.bytes.set(blob.subarray(run, end), to);
      to += end - run;
      if (code === 0) {
        run = mark + 2;
        continue;
      }
      while (code === 0xff) code = ++mark + 1 < size ? blob[mark + 1] : -1;
      if (code === 0) {
        // Fill bytes, then a stuffed zero: one byte of data, as libjpeg reads it.
        run = mark + 2;
        this.bytes[to++] = 0xff;
        continue;
      }
      if (this.segmentCount - first === MOST_SEGMENTS) return -started;
      this.#segment(scan, begin, to - begin, started, code < 0 ? 0 : code);
      this.bytes.fill(0, to, to + GUARD_BYTES);
      to = this.byteCount = align(to, 4) + 4;
      if (code < RST0 || code > RST7) return code < 0 ? size : mark;
      run = started = mark + 2;
      begin = to;
    }
  }

  #marker(code: number, offset: number, length: number): void {
    const record = this.markerCount++ * MARKER_WORDS;
    if (this.markers.length < record + MARKER_WORDS) this.markers = doubled(this.markers);
    this.markers[record] = code;
    this.markers[record + 1] = offset;
    this.markers[record + 2] = length;
  }

  #segment(scan: number, begin: number, length: number, offset: number, code: number): void {
    const record = this.segmentCount++ * SEGMENT_WORDS;
    if (this.segments.length < record + SEGMENT_WORDS) this.segments = doubled(this.segments);
    this.segments[record] = scan;
    this.segments[record + 1] = begin;
    this.segments[record + 2] = length;
    this.segments[record + 3] = offset;
    this.segments[record + 4] = code;
  }

  #reserve(size: number): void {
    if (size <= this.bytes.length) return;
    const larger = new Uint8Array(Math.ceil(Math.max(size, this.bytes.length * 1.5) / 4096) * 4096);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

function align(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

function doubled(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}
