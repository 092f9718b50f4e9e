/**
 * What the CQL binary protocol, versions 3 and 4, says of the bytes of an answer, checked before
 * anything believes them.
 */

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
/** Kinds of results (section 4.2.5). */
const Kind = { VOID: 1, ROWS: 2, KEYSPACE: 3, PREPARED: 4, SCHEMA: 5 };
const Metadata = { GLOBAL_TABLE: 1, MORE_PAGES: 2, NONE: 4 };
const Type = { CUSTOM: 0x00, LIST: 0x20, MAP: 0x21, SET: 0x22, UDT: 0x30, TUPLE: 0x31 };
/** Bytes of a value of the types whose values have all the same length (section 6). */
const WIDTHS: Record<number, number> = {
  0x02: 8, // bigint
  0x04: 1, // boolean
  0x05: 8, // counter
  0x07: 8, // double
  0x08: 4, // float
  0x09: 4, // int
  0x0b: 8, // timestamp
  0x0c: 16, // uuid
  0x0f: 16, // timeuuid
  0x11: 4, // date
  0x12: 8, // time
  0x13: 2, // smallint
  0x14: 1, // tinyint
};
/** Types within types: more than a table can have, and few enough for any parser's stack. */
const DEEPEST = 32;

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

/**
 * Checks that a body is as its opcode and flags have it, to its last byte where that matters.
 *
 * @param header The frame's header.
 * @param body The frame's body.
 * @throws {ProtocolFault} If it is not.
 */
export function checkBody({ version, opcode, flags }: AnswerHeader, body: Uint8Array): void {
  const cursor = new Cursor(body);
  skipPrelude(cursor, flags);
  switch (opcode) {
    case Opcode.READY:
      return;
    case Opcode.RESULT:
      return checkResult(cursor, version);
    case Opcode.ERROR:
      return checkError(cursor);
    case Opcode.AUTHENTICATE:
      return cursor.skipString();
    case Opcode.AUTH_CHALLENGE:
    case Opcode.AUTH_SUCCESS:
      return cursor.skipBytes();
    case Opcode.SUPPORTED:
      for (let left = cursor.short(); left > 0; left--) {
        cursor.skipString();
        cursor.skipStrings();
      }
      return;
    case Opcode.EVENT:
      return checkEvent(cursor);
    default:
      throw new ProtocolFault(`opcode ${opcode}`);
  }
}

function checkResult(cursor: Cursor, version: number): void {
  const kind = cursor.int();
  switch (kind) {
    case Kind.VOID:
      return;
    case Kind.ROWS:
      return checkRows(cursor, checkColumns(cursor));
    case Kind.KEYSPACE:
      return cursor.skipString();
    case Kind.PREPARED:
      if (cursor.skip(cursor.short()) === cursor.at) {
        throw new ProtocolFault("a prepared statement without an id");
      }
      checkColumns(cursor, version > 3);
      checkColumns(cursor);
      return;
    case Kind.SCHEMA:
      return checkSchemaChange(cursor);
    default:
      throw new ProtocolFault(`a result of kind ${kind}`);
  }
}

function checkRows(cursor: Cursor, types: number[]): void {
  const rows = cursor.int();
  // Rows of no columns take no bytes: as many as one likes would fit.
  if (types.length === 0 && rows !== 0) throw new ProtocolFault(`${rows} rows of no columns`);
  cursor.count("rows", rows, 4 * types.length);
  const widths = types.map((type) => WIDTHS[type]);
  for (let left = rows; left > 0; left--) {
    for (const width of widths) {
      const length = cursor.int();
      if (length < 0) continue;
      // A value of any type may be empty, for the sake of clients of long ago.
      if (width !== undefined && length !== width && length !== 0) {
        throw new ProtocolFault(`a value of ${length} bytes where its type has ${width}`);
      }
      cursor.skip(length);
    }
  }
  if (cursor.left > 0) throw new ProtocolFault(`${cursor.left} bytes after the last row`);
}

/** A column as an answer describes it. */
export interface AnswerColumn {
  /** Its name. */
  name: string;
  /** Code of its type (section 4.2.5.2). */
  type: number;
}

/** What precedes the rows of an answer. */
export interface RowsHead {
  /** The columns. */
  columns: AnswerColumn[];
  /** Where the next page begins; undefined on the last one. */
  pageState?: Uint8Array;
}

/**
 * Reads the body of a RESULT frame with rows as far as its number of rows.
 *
 * @param cursor Stands at the begin of the content.
 * @returns What stands there.
 * @throws {ProtocolFault} If it is another result.
 */
export function readRowsHead(cursor: Cursor): RowsHead {
  const kind = cursor.int();
  if (kind !== Kind.ROWS) throw new ProtocolFault(`a result of kind ${kind}`);
  const head: RowsHead = { columns: [] };
  checkColumns(cursor, false, head);
  return head;
}

/** Reads columns and returns their types. */
function checkColumns(cursor: Cursor, keys = false, head?: RowsHead): number[] {
  const flags = cursor.int();
  const columns = cursor.int();
  if (keys) {
    cursor.skip(2 * cursor.count("partition keys", cursor.int(), 2));
  }
  if (flags & Metadata.MORE_PAGES) {
    if (head) head.pageState = cursor.bytes();
    else cursor.skipBytes();
  }
  if (flags & Metadata.NONE) {
    if (columns !== 0) throw new ProtocolFault(`${columns} columns that are not described`);
    return [];
  }
  const global = (flags & Metadata.GLOBAL_TABLE) !== 0;
  if (global) {
    cursor.skipString();
    cursor.skipString();
  }
  cursor.count("columns", columns, global ? 4 : 8);
  return Array.from({ length: columns }, () => {
    for (let names = global ? 0 : 2; names > 0; names--) cursor.skipString();
    const name = head ? cursor.string() : void cursor.skipString();
    const type = checkType(cursor, 0);
    head?.columns.push({ name: name!, type });
    return type;
  });
}

function checkType(cursor: Cursor, depth: number): number {
  if (depth > DEEPEST) throw new ProtocolFault(`a type of ${depth} types in each other`);
  const type = cursor.short();
  switch (type) {
    case Type.CUSTOM:
      cursor.skipString();
      break;
    case Type.MAP:
      checkType(cursor, depth + 1);
    // falls through
    case Type.LIST:
    case Type.SET:
      checkType(cursor, depth + 1);
      break;
    case Type.UDT:
      cursor.skipString();
      cursor.skipString();
      for (let left = cursor.count("fields", cursor.short(), 4); left > 0; left--) {
        cursor.skipString();
        checkType(cursor, depth + 1);
      }
      break;
    case Type.TUPLE:
      for (let left = cursor.count("fields", cursor.short(), 2); left > 0; left--) {
        checkType(cursor, depth + 1);
      }
  }
  return type;
}

/** Errors whose text is followed by more (section 9). */
function checkError(cursor: Cursor): void {
  const code = cursor.int();
  cursor.skipString();
  switch (code) {
    case 0x1000: // Unavailable: consistency, required, alive.
      cursor.skip(10);
      break;
    case 0x1100: // Write time-out: consistency, received, wanted, type of write.
      cursor.skip(10);
      cursor.skipString();
      break;
    case 0x1200: // Read time-out: consistency, received, wanted, whether there were data.
      cursor.skip(11);
      break;
    case 0x1300: // Read failure: as before, with the number of failures.
      cursor.skip(15);
      break;
    case 0x1400: // Failure of a function: keyspace, name, types.
      cursor.skipString();
      cursor.skipString();
      cursor.skipStrings();
      break;
    case 0x1500: // Write failure.
      cursor.skip(14);
      cursor.skipString();
      break;
    case 0x2400: // Already exists: keyspace, table.
      cursor.skipString();
      cursor.skipString();
      break;
    case 0x2500: // Unprepared: the id.
      cursor.skip(cursor.short());
  }
}

function checkEvent(cursor: Cursor): void {
  const type = cursor.string();
  if (type === "SCHEMA_CHANGE") return checkSchemaChange(cursor);
  if (type !== "TOPOLOGY_CHANGE" && type !== "STATUS_CHANGE") {
    throw new ProtocolFault("an event of unknown type");
  }
  cursor.skipString();
  const length = cursor.byte();
  if (length !== 4 && length !== 16) throw new ProtocolFault(`an address of ${length} bytes`);
  cursor.skip(length + 4);
}

function checkSchemaChange(cursor: Cursor): void {
  cursor.skipString();
  const target = cursor.string();
  cursor.skipString();
  if (target === "KEYSPACE") return;
  cursor.skipString();
  if (target === "FUNCTION" || target === "AGGREGATE") cursor.skipStrings();
}
