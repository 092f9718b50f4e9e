/** Frames and bodies of the CQL binary protocol, versions 3 and 4, as a server writes them. */

/** Opcodes of the protocol (section 2.4). */
export const Opcode = {
  ERROR: 0x00,
  STARTUP: 0x01,
  READY: 0x02,
  AUTHENTICATE: 0x03,
  OPTIONS: 0x05,
  SUPPORTED: 0x06,
  QUERY: 0x07,
  RESULT: 0x08,
  PREPARE: 0x09,
  EXECUTE: 0x0a,
  REGISTER: 0x0b,
  EVENT: 0x0c,
  AUTH_CHALLENGE: 0x0e,
  AUTH_RESPONSE: 0x0f,
  AUTH_SUCCESS: 0x10,
} as const;

/** Types of columns (section 4.2.5.2); a set is of texts. */
export const Type = {
  ascii: 0x01,
  bigint: 0x02,
  blob: 0x03,
  boolean: 0x04,
  double: 0x07,
  float: 0x08,
  int: 0x09,
  uuid: 0x0c,
  text: 0x0d,
  timeuuid: 0x0f,
  inet: 0x10,
  map: 0x21,
  set: 0x22,
} as const;

/** Name of a type that the server knows. */
export type TypeName = keyof typeof Type;

/** Length of a frame's header. */
export const HEADER = 9;

/** A frame. */
export interface Frame {
  /** Version, with the highest bit set in answers. */
  version: number;
  flags: number;
  stream: number;
  opcode: number;
  body: Uint8Array;
}

/** Collects the parts of a body. */
export class Body {
  readonly #parts: Uint8Array[] = [];

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  /** Appends a [byte]. */
  byte(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  /** Appends a [short]. */
  short(value: number): this {
    return this.raw(Uint8Array.of(value >>> 8, value));
  }

  /** Appends an [int]. */
  int(value: number): this {
    return this.raw(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
  }

  /** Appends a [string]. */
  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.short(bytes.length).raw(bytes);
  }

  /** Appends [bytes]; null is a length of -1. */
  bytes(bytes: Uint8Array | null): this {
    return bytes === null ? this.int(-1) : this.int(bytes.length).raw(bytes);
  }

  /** All of it in one piece. */
  done(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/**
 * Writes a frame.
 *
 * @param frame The frame.
 * @param length What its header gives as the length of its body; the true one when left out.
 */
export function frameBytes(frame: Frame, length = frame.body.length): Uint8Array<ArrayBuffer> {
  return new Body().byte(frame.version).byte(frame.flags).short(frame.stream & 0xffff)
    .byte(frame.opcode).int(length).raw(frame.body).done();
}

/** A column of a result. */
export interface Column {
  name: string;
  type: TypeName;
  /** The type that it is stored with, where the statement has it written as another. */
  was?: TypeName;
}

/** A result of kind Rows, in parts that a lie can change one by one. */
export interface Rows {
  keyspace: string;
  table: string;
  columns: Column[];
  cells: (Uint8Array | null)[][];
  /** Number of columns that is told; the true one when left out. */
  columnCount?: number;
  /** Number of rows that is told; the true one when left out. */
  rowCount?: number;
  /** Where the next page begins. */
  pageState?: Uint8Array;
  /** Whether the columns are left out. */
  noMetadata?: boolean;
}

/** Writes a result of kind Rows (section 4.2.5.2). */
export function rowsBody(rows: Rows): Uint8Array<ArrayBuffer> {
  const body = new Body().int(2);
  writeMetadata(body, rows);
  body.int(rows.rowCount ?? rows.cells.length);
  for (const row of rows.cells) for (const cell of row) body.bytes(cell);
  return body.done();
}

/** Writes flags, number and definitions of columns. */
export function writeMetadata(body: Body, rows: Rows, primaryKey?: number[]): void {
  const { columns, pageState, noMetadata, columnCount = columns.length } = rows;
  body.int((noMetadata ? 4 : columns.length > 0 ? 1 : 0) | (pageState ? 2 : 0)).int(columnCount);
  if (primaryKey) {
    body.int(primaryKey.length);
    for (const place of primaryKey) body.short(place);
  }
  if (pageState) body.bytes(pageState);
  if (noMetadata || columns.length === 0) return;
  body.string(rows.keyspace).string(rows.table);
  for (const { name, type } of columns) {
    body.string(name).short(Type[type]);
    if (type === "set") body.short(Type.text);
    if (type === "map") body.short(Type.text).short(Type.text);
  }
}

/** Writes an error (section 9); `more` is what follows its text. */
export function errorBody(code: number, text: string, more?: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Body().int(code).string(text).raw(more ?? new Uint8Array()).done();
}

/** Writes the value of a column. */
export function cell(type: TypeName, value: unknown): Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return value;
  const body = new Body();
  switch (type) {
    case "int":
      return body.int(value as number).done();
    case "boolean":
      return body.byte(value ? 1 : 0).done();
    case "set":
    case "map": {
      const entries = value as string[];
      body.int(type === "map" ? entries.length / 2 : entries.length);
      for (const entry of entries) body.bytes(new TextEncoder().encode(entry));
      return body.done();
    }
    case "double": {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setFloat64(0, value as number);
      return bytes;
    }
    case "bigint": {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(value as number));
      return bytes;
    }
    default:
      return new TextEncoder().encode(String(value));
  }
}

/** Reads what a client sent. */
export class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  short(): number {
    return this.#view.getUint16((this.#at += 2) - 2);
  }

  int(): number {
    return this.#view.getInt32((this.#at += 4) - 4);
  }

  take(length: number): Uint8Array {
    return this.bytes.subarray(this.#at, this.#at += length);
  }

  longString(): string {
    return new TextDecoder().decode(this.take(this.int()));
  }

  value(): Uint8Array | null {
    const length = this.int();
    return length < 0 ? null : this.take(length);
  }
}
