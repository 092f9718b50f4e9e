import { type AnswerHeader, Cursor, Opcode, ProtocolFault, skipPrelude } from "./cql_frame.ts";

/** Kinds of results (section 4.2.5). */
const Kind = { VOID: 1, ROWS: 2, KEYSPACE: 3, PREPARED: 4, SCHEMA: 5 };
const Metadata = { GLOBAL_TABLE: 1, MORE_PAGES: 2, NONE: 4 };
const Type = { CUSTOM: 0x00, LIST: 0x20, MAP: 0x21, SET: 0x22, UDT: 0x30, TUPLE: 0x31 };
/** Bytes of a value of the types whose values have all the same length (section 6). */
const WIDTHS: (number | undefined)[] = new Array(0x32).fill(undefined);
for (
  const [type, width] of [
    [0x02, 8], // bigint
    [0x04, 1], // boolean
    [0x05, 8], // counter
    [0x07, 8], // double
    [0x08, 4], // float
    [0x09, 4], // int
    [0x0b, 8], // timestamp
    [0x0c, 16], // uuid
    [0x0f, 16], // timeuuid
    [0x11, 4], // date
    [0x12, 8], // time
    [0x13, 2], // smallint
    [0x14, 1], // tinyint
  ]
) WIDTHS[type] = width;
/** Types within types: more than a table can have, and few enough for any parser's stack. */
const DEEPEST = 32;

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
  for (let left = rows; left > 0; left--) {
    for (let i = 0; i < types.length; i++) {
      const width = WIDTHS[types[i]];
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
  const types: number[] = [];
  for (let i = 0; i < columns; i++) {
    if (!global) {
      cursor.skipString();
      cursor.skipString();
    }
    const name = head ? cursor.string() : "";
    if (!head) cursor.skipString();
    const type = checkType(cursor, 0);
    head?.columns.push({ name, type });
    types.push(type);
  }
  return types;
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
