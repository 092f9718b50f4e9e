/** Compares the JPEG lexer in C with the one in TypeScript. */
import { assert, assertEquals } from "@std/assert";
import type { BlobMemory, NativeLexer } from "../../src/ffi/native_lexer.ts";
import { BLOB_WORDS, type LexedBlobs, Lexer, SEGMENT_WORDS } from "../../src/jpeg/lex.ts";
import { MemoryBlobBatch } from "../../src/source/blob_batch.ts";

/** Files as a source has them. */
function memory(files: Uint8Array[]): BlobMemory {
  return new MemoryBlobBatch(files.map((data) => ({ data, label: null })));
}

/** What has a meaning of what a lexer has made: gaps between segments have none. */
function content(lexed: LexedBlobs): Record<string, Uint8Array | Uint32Array> {
  const { bytes, byteCount, blobCount, markerCount, segmentCount } = lexed;
  const segments = lexed.segments.slice(0, segmentCount * SEGMENT_WORDS);
  const data = new Uint8Array(byteCount);
  for (let i = 0; i < segmentCount; i++) {
    const begin = segments[i * SEGMENT_WORDS + 1];
    const end = Math.ceil((begin + segments[i * SEGMENT_WORDS + 2]) / 4) * 4 + 4;
    data.set(bytes.subarray(begin, end), begin);
  }
  return {
    counts: Uint32Array.of(byteCount, blobCount, markerCount, segmentCount),
    blobs: lexed.blobs.slice(0, blobCount * BLOB_WORDS),
    markers: lexed.markers.slice(0, markerCount * 3),
    segments,
    data,
  };
}

/** Asserts that both lexers make the same of files. */
export async function assertEqualLexers(native: NativeLexer, files: Uint8Array[]): Promise<void> {
  const lexer = new Lexer();
  for (const file of files) lexer.push(file);
  using lexed = await native.lex(memory(files));
  assert(lexed);
  const expected = content(lexer);
  for (const [name, numbers] of Object.entries(content(lexed))) {
    assertEquals(numbers.length, expected[name].length, name);
    // A loop, as there may be millions.
    assertEquals(numbers.findIndex((number, i) => number !== expected[name][i]), -1, name);
  }
}
