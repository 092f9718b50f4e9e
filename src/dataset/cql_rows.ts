import { type AnswerColumn, checkBody, readRowsHead } from "../source/cql_check.ts";
import { Cursor, Opcode } from "../source/cql_frame.ts";
import type { ColumnValue } from "./schema.ts";

/** A value of a row: UUIDs, blobs, addresses and sets are bytes. */
export type Cell = ColumnValue | Uint8Array;

/** One page of rows, as the server sent it. */
export interface RowPage {
  /** Rows of the page; each array is used again for the next row, its bytes are views. */
  rows: Iterable<Cell[]>;
  /** Number of rows. */
  rowCount: number;
  /** Where the next page begins; undefined on the last one. */
  pageState: Uint8Array | undefined;
  /** Names and types of the columns. */
  columns: AnswerColumn[];
}

/** Types of columns that are read (CQL binary protocol v4, section 4.2.5.2). */
const Type = {
  ASCII: 1,
  BIGINT: 2,
  BLOB: 3,
  COUNTER: 5,
  DOUBLE: 7,
  INT: 9,
  UUID: 12,
  TEXT: 13,
  VARINT: 14,
  TIMEUUID: 15,
  INET: 16,
  SMALLINT: 19,
  TINYINT: 20,
  SET: 34,
};
const READ = new Set(Object.values(Type));

/** Those of them that lists have, as CQL names them. */
export const READ_TYPES: ReadonlySet<string> = new Set([
  "ascii",
  "bigint",
  "blob",
  "counter",
  "double",
  "int",
  "smallint",
  "text",
  "timeuuid",
  "tinyint",
  "uuid",
  "varint",
]);

const SHORT_TEXT = 32;
const CACHED_TEXTS = 16_384;

/**
 * Reads the body of a RESULT frame with rows. All of it is checked before the first row is handed
 * out: what comes of a page can then be taken as a whole.
 *
 * @param body The body.
 * @param texts Texts read before, so that names of classes are decoded once.
 * @returns The rows.
 * @throws {ProtocolFault} If the bytes are not as the protocol has them.
 * @throws {TypeError} If it holds columns of other types.
 */
export function readRows(body: Uint8Array<ArrayBuffer>, texts: TextCache): RowPage {
  checkBody({ version: 4, flags: 0, stream: 0, opcode: Opcode.RESULT, length: body.length }, body);
  const cursor = new Cursor(body);
  const { columns, pageState } = readRowsHead(cursor);
  const rowCount = cursor.int();
  const types = columns.map(({ type }) => type);
  const unread = types.find((type) => !READ.has(type));
  if (unread !== undefined) throw new TypeError(`a column of type ${unread}`);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const rows = cells(body, view, cursor.at, rowCount, types, texts);
  return { rows, rowCount, pageState: pageState?.slice(), columns };
}

/** Codes of the types that lists have, by the names that CQL has for them. */
const CODES: ReadonlyMap<string, number> = new Map(
  Object.entries(Type).map(([name, code]) => [name.toLowerCase(), code]),
);

/**
 * Compares the columns of an answer with those that were asked for.
 *
 * @param found The answer's.
 * @param wanted Names in order.
 * @param types Types by name, as CQL writes them; those that lists do not have are not compared.
 * @returns What is wrong; undefined where nothing is.
 */
export function otherColumns(
  found: readonly AnswerColumn[],
  wanted: readonly string[],
  types?: ReadonlyMap<string, string>,
): string | undefined {
  const names = (list: readonly string[]) => list.map((name) => `"${name}"`).join(", ");
  if (found.length !== wanted.length || found.some(({ name }, i) => name !== wanted[i])) {
    return `the columns ${names(found.map(({ name }) => name))} where ${
      names(wanted)
    } were asked for`;
  }
  for (const { name, type } of found) {
    const wantedType = types?.get(name);
    const code = wantedType === undefined ? undefined : CODES.get(wantedType);
    if (code !== undefined && code !== type) {
      return `column "${name}" of type ${type} where the table had ${wantedType}`;
    }
  }
}

function* cells(
  body: Uint8Array<ArrayBuffer>,
  view: DataView,
  at: number,
  rowCount: number,
  types: number[],
  texts: TextCache,
): Generator<Cell[]> {
  const row: Cell[] = types.map(() => null);
  // A view for each id costs more than to copy its bytes.
  const ids = types.map(() => new Uint8Array(16));
  for (let i = 0; i < rowCount; i++) {
    for (let c = 0; c < types.length; c++) {
      const length = view.getInt32(at);
      at += 4;
      if (length < 0) {
        row[c] = null;
        continue;
      }
      switch (types[c]) {
        case Type.INT:
          row[c] = length === 4 ? view.getInt32(at) : null;
          break;
        case Type.SMALLINT:
          row[c] = length === 2 ? view.getInt16(at) : null;
          break;
        case Type.TINYINT:
          row[c] = length === 1 ? view.getInt8(at) : null;
          break;
        case Type.BIGINT:
        case Type.COUNTER:
          row[c] = length === 8 ? exactInteger(view.getBigInt64(at)) : null;
          break;
        case Type.VARINT:
          row[c] = length > 0 ? varint(body.subarray(at, at + length)) : null;
          break;
        case Type.DOUBLE:
          row[c] = length === 8 ? view.getFloat64(at) : null;
          break;
        case Type.ASCII:
        case Type.TEXT:
          row[c] = texts.read(body, view, at, length);
          break;
        case Type.UUID:
        case Type.TIMEUUID: {
          const id = ids[c];
          for (let k = 0; k < length; k++) id[k] = body[at + k];
          row[c] = length === 16 ? id : null;
          break;
        }
        default:
          row[c] = body.subarray(at, at + length);
      }
      at += length;
    }
    yield row;
  }
}

/**
 * Makes a value of an integer.
 *
 * @param integer The integer.
 * @returns A number, or a text where no number holds it exactly.
 */
export function exactInteger(integer: bigint): number | string {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : `${integer}`;
}

/** Big endian, in two's complement. */
function varint(bytes: Uint8Array): number | string {
  const integer = BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toHex()}`));
  return exactInteger(integer);
}

/** Remembers short texts by their bytes: a table has few names of classes and many rows. */
export class TextCache {
  readonly #decoder = new TextDecoder();
  readonly #bytes: (Uint8Array | undefined)[] = new Array(CACHED_TEXTS).fill(undefined);
  readonly #texts: string[] = new Array(CACHED_TEXTS).fill("");

  /**
   * Decodes a text.
   *
   * @param body Where it stands.
   * @param view A view of the same bytes.
   * @param at Where it begins, in bytes.
   * @param length Its length, in bytes.
   * @returns The text.
   */
  read(body: Uint8Array, view: DataView, at: number, length: number): string {
    if (length > SHORT_TEXT) return this.#decoder.decode(body.subarray(at, at + length));
    // After FNV-1a, but by words: most of the time here goes into it.
    let hash = 0x811c9dc5;
    let byte = at;
    for (; byte + 4 <= at + length; byte += 4) {
      hash = Math.imul(hash ^ view.getInt32(byte, true), 0x01000193);
      hash ^= hash >>> 15;
    }
    for (; byte < at + length; byte++) hash = Math.imul(hash ^ body[byte], 0x01000193);
    const slot = (hash ^ hash >>> 15) & (CACHED_TEXTS - 1);
    const known = this.#bytes[slot];
    if (known?.length === length) {
      let i = 0;
      while (i < length && known[i] === body[at + i]) i++;
      if (i === length) return this.#texts[slot];
    }
    const bytes = body.slice(at, at + length);
    this.#bytes[slot] = bytes;
    return this.#texts[slot] = this.#decoder.decode(bytes);
  }
}
