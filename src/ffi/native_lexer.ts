import { buildShim, type Say } from "./compiler.ts";
import type { LexedBlobs } from "../jpeg/lex.ts";

const BLOB_WORDS = 6;
const MARKER_WORDS = 3;
const SEGMENT_WORDS = 5;
/** What a blob may take beyond its own bytes: alignment, and a guard. */
const BLOB_SLACK = 264;
/** Markers and segments that there is room for at first, per blob. */
const MARKERS_PER_BLOB = 16;
const SEGMENTS_PER_BLOB = 4;
/** Most markers and segments of a blob, as `cassette_lex.h` has them. */
const MOST_MARKERS = 1 << 16;
const MOST_SEGMENTS = 1 << 22;
/** Bytes that a byte of a blob becomes at most: where segments are short, each has up to 7 more. */
const MOST_GROWTH = 3;
const MOST_BYTES = 2 ** 32 - 1;

/** The functions of `cassette_lex.h`, parameter by parameter. */
const SYMBOLS = {
  cassette_lex: {
    parameters: [
      "buffer", // const uint8_t *data
      "buffer", // const double *offsets
      "buffer", // const uint32_t *lengths
      "u32", // uint32_t first
      "u32", // uint32_t count
      "buffer", // uint8_t *bytes
      "buffer", // uint32_t *blobs
      "buffer", // uint32_t *markers
      "buffer", // uint32_t *segments
      "buffer", // cassette_lex_counts *counts
    ],
    result: "u32",
    nonblocking: true,
  },
} as const;

/** Blobs that lie in one block of memory. */
export interface BlobMemory {
  /** Number of blobs. */
  readonly length: number;
  /** The memory; must stay as it is until the call has ended. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each begins. */
  readonly offsets: Float64Array;
  /** Bytes of each. */
  readonly lengths: Uint32Array;
}

/** Markers and entropy-coded segments of JPEG files; given back on dispose. */
export interface NativeLexed extends LexedBlobs, Disposable {}

interface Memory {
  bytes: Uint8Array<ArrayBuffer>;
  blobs: Uint32Array<ArrayBuffer>;
  markers: Uint32Array<ArrayBuffer>;
  segments: Uint32Array<ArrayBuffer>;
}

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

const libraries = new Map<string, Symbols>();

/**
 * Lexes JPEG files in C, on a thread that is not JavaScript's. Its memory is used again once what it
 * made has been disposed of.
 */
export class NativeLexer {
  readonly #symbols: Symbols;
  readonly #free: Memory[] = [];

  private constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /**
   * Compiles the shim, unless that has been done, and loads it. It is never unloaded.
   *
   * @param say Told what is compiled, in a line each.
   * @returns The lexer.
   * @throws {NoCompilerError} If the shim cannot be compiled.
   */
  static async open(say: Say = () => {}): Promise<NativeLexer> {
    return NativeLexer.load(await buildShim(say));
  }

  /**
   * Loads the shim; it is never unloaded.
   *
   * @param path Where it is.
   * @returns The lexer.
   */
  static load(path: string): NativeLexer {
    let symbols = libraries.get(path);
    if (!symbols) libraries.set(path, symbols = Deno.dlopen(path, SYMBOLS).symbols);
    return new NativeLexer(symbols);
  }

  /**
   * Lexes blobs.
   *
   * @param blobs The blobs; they must stay until the promise settles.
   * @returns Their markers and segments, or undefined if they take more than 4 GB.
   */
  async lex({ length, bytes, offsets, lengths }: BlobMemory): Promise<NativeLexed | undefined> {
    let room = BLOB_SLACK;
    for (let i = 0; i < length; i++) room += lengths[i] + BLOB_SLACK;
    if (room > MOST_BYTES) return undefined;
    const memory = this.#free.pop() ?? {
      bytes: new Uint8Array(0),
      blobs: new Uint32Array(0),
      markers: new Uint32Array(0),
      segments: new Uint32Array(0),
    };
    memory.bytes = grown(memory.bytes, room, 0);
    memory.blobs = grown(memory.blobs, length * BLOB_WORDS, 0);
    memory.markers = grown(memory.markers, length * MARKER_WORDS * MARKERS_PER_BLOB, 0);
    memory.segments = grown(memory.segments, length * SEGMENT_WORDS * SEGMENTS_PER_BLOB, 0);
    const counts = new Uint32Array(8);
    for (let first = 0; first < length;) {
      counts[4] = Math.min(memory.bytes.length, MOST_BYTES);
      counts[5] = length;
      counts[6] = Math.floor(memory.markers.length / MARKER_WORDS);
      counts[7] = Math.floor(memory.segments.length / SEGMENT_WORDS);
      first = await this.#symbols.cassette_lex(
        bytes,
        offsets as Float64Array<ArrayBuffer>,
        lengths as Uint32Array<ArrayBuffer>,
        first,
        length,
        memory.bytes,
        memory.blobs,
        memory.markers,
        memory.segments,
        counts,
      );
      if (first === length) break;
      // Which of them is too small is not told: each grows up to what the blob can take at most.
      const size = lengths[first];
      let rest = counts[0] + MOST_GROWTH * size + BLOB_SLACK;
      for (let i = first + 1; i < length; i++) rest += lengths[i] + BLOB_SLACK;
      if (rest > MOST_BYTES) return undefined;
      memory.bytes = grown(memory.bytes, rest, counts[0]);
      const markers = counts[2] + Math.min(size, MOST_MARKERS);
      const segments = counts[3] + Math.min(size, MOST_SEGMENTS);
      memory.markers = doubled(memory.markers, markers * MARKER_WORDS, counts[2] * MARKER_WORDS);
      memory.segments = doubled(
        memory.segments,
        segments * SEGMENT_WORDS,
        counts[3] * SEGMENT_WORDS,
      );
    }
    return {
      ...memory,
      byteCount: counts[0],
      blobCount: length,
      markerCount: counts[2],
      segmentCount: counts[3],
      [Symbol.dispose]: once(() => this.#free.push(memory)),
    };
  }
}

/** The same memory if it is large enough, else larger one with what was used of it. */
function grown<Words extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  words: Words,
  size: number,
  used: number,
): Words {
  if (words.length >= size) return words;
  const larger = new (words.constructor as new (size: number) => Words)(size);
  larger.set(words.subarray(0, used));
  return larger;
}

/** Memory of twice the size and more, up to what can be needed. */
function doubled(
  words: Uint32Array<ArrayBuffer>,
  most: number,
  used: number,
): Uint32Array<ArrayBuffer> {
  return grown(words, Math.min(words.length * 2 + 1024, most), used);
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
