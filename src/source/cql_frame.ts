/** Headers of the answers of the CQL binary protocol, versions 3 and 4, and how their bytes are read. */

/** Opcodes of answers (section 2.4). */
export const Opcode = {
  ERROR: 0x00,
  STARTUP: 0x01,
  READY: 0x02,
  AUTHENTICATE: 0x03,
  SUPPORTED: 0x06,
  QUERY: 0x07,
  RESULT: 0x08,
  EVENT: 0x0c,
  AUTH_CHALLENGE: 0x0e,
  AUTH_RESPONSE: 0x0f,
  AUTH_SUCCESS: 0x10,
} as const;

/** Length of a frame's header. */
export const HEADER = 9;
/** The longest body that is taken, in bytes: what Cassandra itself has allowed at most. */
export const LONGEST_BODY: number = 256 << 20;

/** Flags of a frame (section 2.2). */
const Flag = { COMPRESSED: 0x01, TRACING: 0x02, PAYLOAD: 0x04, WARNING: 0x08 };
const KNOWN_FLAGS = Flag.TRACING | Flag.PAYLOAD | Flag.WARNING;
const VERSIONS = [0x83, 0x84];
/** The bytes are not as the protocol has them. */
export class ProtocolFault extends Error {
  /** @param what What was received. */
  constructor(what: string) {
    super(`an answer that is no CQL (${what})`);
    this.name = "ProtocolFault";
  }
}

/** The header of an answer. */
export interface AnswerHeader {
  /** Version of the protocol, 3 or 4. */
  version: number;
  /** Flags of what precedes the body's own content. */
  flags: number;
  /** The request that it answers; -1 for an event. */
  stream: number;
  /** What it is. */
  opcode: number;
  /** Length of its body in bytes. */
  length: number;
}

/**
 * Checks the first byte of an answer: another protocol is known by it.
 *
 * @param version The byte.
 * @throws {ProtocolFault} If no server of the protocol begins an answer so.
 */
export function checkVersion(version: number): void {
  if (VERSIONS.includes(version)) return;
  throw new ProtocolFault(`a frame of version 0x${version.toString(16).padStart(2, "0")}`);
}

/**
 * Reads the header of an answer.
 *
 * @param view The bytes.
 * @param at Where it begins.
 * @param longest Bytes of the longest body that can be.
 * @returns Its fields.
 * @throws {ProtocolFault} If no server of the protocol sends such a one.
 */
export function readHeader(view: DataView, at: number, longest = LONGEST_BODY): AnswerHeader {
  const version = view.getUint8(at);
  checkVersion(version);
  const flags = view.getUint8(at + 1);
  if ((flags & ~KNOWN_FLAGS) !== 0) {
    throw new ProtocolFault(
      flags & Flag.COMPRESSED
        ? "a compressed frame that was not agreed on"
        : `a frame with the flags 0x${flags.toString(16)}`,
    );
  }
  const stream = view.getInt16(at + 2);
  const opcode = view.getUint8(at + 4);
  const length = view.getUint32(at + 5);
  if (length > longest) throw new ProtocolFault(`a frame of ${length} bytes`);
  if (stream < 0 !== (opcode === Opcode.EVENT) || stream < -1) {
    throw new ProtocolFault(`opcode ${opcode} on stream ${stream}`);
  }
  return { version: version & 0x7f, flags, stream, opcode, length };
}

/** Reads within a body, never beyond its end. */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  /**
   * @param bytes The body.
   * @param at Where to begin.
   */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = at;
  }

  /** Where it stands. */
  get at(): number {
    return this.#at;
  }

  /** Bytes up to the end. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /**
   * Goes over bytes.
   *
   * @param length How many.
   * @returns Where they begin.
   */
  skip(length: number): number {
    if (length < 0 || length > this.left) {
      throw new ProtocolFault(`${length} bytes are told where ${this.left} are left of the frame`);
    }
    this.#at += length;
    return this.#at - length;
  }

  /** Reads a [byte]. */
  byte(): number {
    return this.#view.getUint8(this.skip(1));
  }

  /** Reads a [short]. */
  short(): number {
    return this.#view.getUint16(this.skip(2));
  }

  /** Reads an [int]. */
  int(): number {
    return this.#view.getInt32(this.skip(4));
  }

  /** Goes over [bytes]; those of a negative length are null. */
  skipBytes(): void {
    const length = this.int();
    if (length > 0) this.skip(length);
  }

  /** Goes over a [string]. */
  skipString(): void {
    this.skip(this.short());
  }

  /** Goes over a [string list]. */
  skipStrings(): void {
    for (let left = this.short(); left > 0; left--) this.skipString();
  }

  /**
   * Reads [bytes] that must be there.
   *
   * @returns A view.
   */
  bytes(): Uint8Array {
    const length = this.int();
    const begin = this.skip(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  /**
   * Reads a [string].
   *
   * @returns The text.
   */
  string(): string {
    const length = this.short();
    const begin = this.skip(length);
    return new TextDecoder().decode(this.#bytes.subarray(begin, begin + length));
  }

  /** A count of things each of which takes at least so many bytes. */
  count(what: string, value: number, least: number): number {
    if (value < 0 || value * least > this.left) {
      throw new ProtocolFault(`${value} ${what} are told where ${this.left} bytes are left`);
    }
    return value;
  }
}

/**
 * Goes over what the flags of a frame put before its content.
 *
 * @param cursor Stands at the begin of the body.
 * @param flags Flags of the frame.
 */
export function skipPrelude(cursor: Cursor, flags: number): void {
  if (flags & Flag.TRACING) cursor.skip(16);
  if (flags & Flag.WARNING) cursor.skipStrings();
  if (flags & Flag.PAYLOAD) {
    for (let left = cursor.short(); left > 0; left--) {
      cursor.skipString();
      cursor.skipBytes();
    }
  }
}
