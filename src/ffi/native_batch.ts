import { Arena, type Arenas } from "./arenas.ts";
import type { Native } from "./native.ts";

/** What became of a sample, as in `cassette_fetch.h`. */
export const SampleStatus = {
  OK: 0,
  MISSING_ROW: 1,
  NULL_BLOB: 2,
  EMPTY_BLOB: 3,
  TIMEOUT: 4,
  FAILED: 5,
  WRONG_TYPE: 6,
  NO_MEMORY: 7,
  BAD_ANSWER: 8,
  LARGE_BLOB: 9,
  LARGE_LABEL: 10,
} as const;

/** Bytes at which messages of failures are cut, as in `CASSETTE_MESSAGE_BYTES`. */
export const MESSAGE_BYTES = 1000;

/** Set in a status where the label is null. */
export const LABEL_NULL = 0x80;

/** Why a sample failed. */
export interface NativeSampleFailure {
  /** The driver's error code. */
  code: number;
  /** How often it was asked for. */
  attempts: number;
  /** What the driver said; may be empty. */
  message: string;
}

/** A batch as the shim hands it over; all but `blobs` is copied. */
export interface NativeBatch {
  /** The blobs, in the arena, viewed from the first use on; detached by `release`. */
  readonly blobs: Uint8Array<ArrayBuffer>;
  /** Where each begins in `blobs`. */
  offsets: Float64Array<ArrayBuffer>;
  /** Bytes of each. */
  lengths: Uint32Array<ArrayBuffer>;
  /** One of `SampleStatus` for each, with `LABEL_NULL`. */
  statuses: Uint8Array<ArrayBuffer>;
  /** Integer labels, or bytes of each label in `labelBytes`. */
  labels: Int32Array<ArrayBuffer>;
  /** Blob labels, without gaps. */
  labelBytes: Uint8Array<ArrayBuffer>;
  /** Why samples failed, by index. */
  failures: Map<number, NativeSampleFailure>;
  /** Number of samples that failed. */
  failed: number;
  /** In a group: the low half of the token and the place with which each was asked for, in pairs. */
  origins?: Uint32Array<ArrayBuffer>;
  /** Gives the arena back; views into it have length 0 from then on. */
  release(): void;
}

/** 64-bit words of one `cassette_done`. */
export const DONE_WORDS = 17;

/**
 * Reads what `cassette_wait` wrote about one batch.
 *
 * @param native The shim.
 * @param arenas The session's arenas.
 * @param done The words of one `cassette_done`.
 * @returns The batch.
 */
export function readBatch(
  native: Native,
  arenas: Arenas,
  done: BigUint64Array,
): NativeBatch {
  const batch = Deno.UnsafePointer.create(done[1])!;
  const pointer = Deno.UnsafePointer.create(done[2]);
  const [
    capacity,
    offsets,
    lengths,
    statuses,
    labels,
    labelBytes,
    labelSize,
    errors,
    blobs,
    blobsSize,
  ] = Array.from(done.subarray(4, 14), Number);
  const count = Number(done[15] & 0xffffffffn);
  const failed = Number(done[15] >> 32n);
  const origins = readOrigins(done[14], count);
  if (!pointer) {
    native.symbols.cassette_batch_release(batch, 0);
    return { ...withoutMemory(count), origins };
  }
  const slot = Number(done[16] & 0xffffffffn);
  arenas.forget(Number(done[16] >> 32n) - 1);
  const arena = new Arena(arenas, { batch, address: done[2], capacity, slot });
  // All but the blobs is one piece.
  const meta = new ArrayBuffer(labelBytes + labelSize - offsets);
  new Deno.UnsafePointerView(pointer).copyInto(new Uint8Array(meta), offsets);
  let view: Uint8Array<ArrayBuffer> | undefined;
  return {
    get blobs() {
      if (!arena.held || arena.memory.detached) return new Uint8Array(0);
      return view ??= new Uint8Array(arena.memory, blobs, blobsSize);
    },
    offsets: new Float64Array(meta, 0, count),
    lengths: new Uint32Array(meta, lengths - offsets, count),
    labels: new Int32Array(meta, labels - offsets, count),
    statuses: new Uint8Array(meta, statuses - offsets, count),
    labelBytes: new Uint8Array(meta, labelBytes - offsets, labelSize),
    failures: parseFailures(new DataView(meta, errors - offsets), failed),
    failed,
    origins,
    release: () => arena.release(),
  };
}

function readOrigins(address: bigint, count: number): Uint32Array<ArrayBuffer> | undefined {
  const pointer = Deno.UnsafePointer.create(address);
  if (!pointer) return undefined;
  return new Uint32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, count * 8)).slice();
}

/** A batch for which the shim could not allocate an arena. */
function withoutMemory(count: number): NativeBatch {
  return {
    blobs: new Uint8Array(0),
    offsets: new Float64Array(count),
    lengths: new Uint32Array(count),
    labels: new Int32Array(count),
    statuses: new Uint8Array(count).fill(SampleStatus.NO_MEMORY),
    labelBytes: new Uint8Array(0),
    failures: new Map(),
    failed: count,
    release() {},
  };
}

function parseFailures(view: DataView, count: number): Map<number, NativeSampleFailure> {
  const failures = new Map<number, NativeSampleFailure>();
  for (let i = 0, at = 0; i < count; i++) {
    const length = view.getUint32(at + 12, true);
    const text = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset + at + 16, length);
    failures.set(view.getUint32(at, true), {
      code: view.getUint32(at + 4, true),
      attempts: view.getUint32(at + 8, true),
      message: new TextDecoder().decode(text),
    });
    at += 16 + ((length + 3) & ~3);
  }
  return failures;
}
