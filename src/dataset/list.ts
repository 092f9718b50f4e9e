import type { DatabaseSync } from "node:sqlite";
import { OptionCheck, show } from "../check.ts";
import { classNames, nameOf } from "./class_names.ts";
import { readSqliteClasses } from "./sqlite_classes.ts";
import { SchemaError } from "../errors.ts";
import { formatId, ID_BYTES } from "../ids.ts";
import { ListBuilder, type ListRow, type SampleList } from "./list_builder.ts";
import type { RowSink } from "./row_buffer.ts";
import { openSqlite, SQLITE_CODE, sqliteError } from "../source/open_sqlite.ts";
import { quote } from "../source/quote.ts";
import type { LabelType } from "../source/source.ts";
import { ID_RULE, readIdText } from "../source/sqlite_ids.ts";
import { intLabel, showValue } from "../source/int_label.ts";
import { DEFAULT_MAX_BLOB_BYTES } from "../source/blob_limit.ts";
import { limitLength, OUT_OF_RANGE } from "../source/sqlite_rows.ts";
import { sqliteColumns } from "../source/sqlite_schema.ts";
import { classTable, type ColumnValue } from "./schema.ts";

/** What is listed of a table, beside ids. */
export interface ListSelection {
  /** Names of more columns that are listed. */
  columns?: readonly string[];
  /**
   * Table of the classes, whose names rows without one get; that of the listed metadata table, of its
   * name and `_classes`, when left out. One that is not there counts as empty.
   */
  classTable?: string;
  /** Condition that the database checks on each row, in its language: `label < 10`. */
  where?: string;
  /** Condition that is checked here on each row: false leaves the row out. */
  filter?: (row: ListRow) => boolean;
}

/** Options of {@linkcode listSqlite}. */
export interface ListSqliteOptions extends ListSelection {
  /** Metadata or data table; `metadata` when left out. */
  table?: string;
  /** Column of the ids; `id` when left out. */
  idColumn?: string;
  /**
   * Column of the labels: 32-bit integers, whatever its declared type; `label` when left out, if there
   * is one. Blobs, which are masks or arrays, are left out unless the column is named.
   */
  labelColumn?: string;
  /** Whether labels are listed: `int` (default); `blob` and `none` leave them out. */
  labelType?: LabelType;
}

const KNOWN: Record<keyof ListSqliteOptions, true> = {
  table: true,
  idColumn: true,
  labelColumn: true,
  labelType: true,
  columns: true,
  classTable: true,
  where: true,
  filter: true,
};

/**
 * Reads the ids of a data set from a metadata or a data table of a SQLite file.
 *
 * The thread is kept until the list is there: for half a minute at most while another connection
 * locks the file.
 *
 * @param path Path of the database file.
 * @param options Table, columns and conditions; a text is the name of the table.
 * @returns The ids with their labels.
 * @throws {UsageError} If the file cannot be opened as a database, or an option is wrong.
 * @throws {SchemaError} If the table or one of its columns is missing, the condition is wrong, an id is
 *   none, a label is no 32-bit integer, or a class has two numbers.
 * @throws {FetchTimeoutError} If another connection locks the file for too long.
 * @throws {FetchError} If the file is damaged.
 */
export function listSqlite(path: string, options: string | ListSqliteOptions = {}): SampleList {
  checkOptions(path, options);
  const selection = typeof options === "string" ? { table: options } : options;
  const builder = new ListBuilder(selection.columns);
  scanSqlite(path, selection, builder);
  return builder.build();
}

/**
 * Reads the rows of a metadata or a data table of a SQLite file.
 *
 * @param path Path of the database file.
 * @param options Table, columns and conditions.
 * @param sink Takes the rows.
 * @throws {UsageError} If the file cannot be opened as a database.
 * @throws {SchemaError} If the table or one of its columns is missing, the condition is wrong, or a row
 *   holds what cannot be listed.
 * @throws {FetchTimeoutError} If another connection locks the file for too long.
 * @throws {FetchError} If the file is damaged.
 */
export function scanSqlite(path: string, options: ListSqliteOptions, sink: RowSink): void {
  const { table = "metadata", idColumn = "id", labelColumn, columns = [], where, filter } = options;
  const { labelType = "int", classTable: classes = classTable({ metadataTable: table }) } = options;
  const database = open(path);
  try {
    const found = sqliteColumns(database, path, table, "list");
    const has = (column: string) => found.some(({ name }) => isSame(name, column));
    for (const name of [idColumn, ...labelColumn ? [labelColumn] : [], ...columns]) {
      if (has(name)) continue;
      throw new SchemaError(
        `Cannot list ${path} as it must have a table "${table}" with a column "${name}": received ${
          found.length === 0 ? "no such table" : found.map(({ name }) => quote(name)).join(", ")
        }`,
        { option: found.length === 0 ? "table" : "columns" },
      );
    }
    const label = labelColumn ?? "label";
    const id = quote(idColumn);
    const isListed = labelType === "int" && has(label);
    const isInteger = /INT/i.test(found.find(({ name }) => isSame(name, label))?.type ?? "");
    const exactLabel = labelCell(label, labelColumn !== undefined);
    const cells = (exact: boolean) =>
      [
        // As text: an array of bytes for each row is collected late.
        `iif(typeof(${id}) = 'blob', hex(${id}), ${id})`,
        !isListed ? "NULL" : exact || !isInteger ? exactLabel : quote(label),
        has("class") ? "class" : "NULL",
        ...columns.map(exact ? ownCell : quote),
      ].join(", ");
    limitLength(database, DEFAULT_MAX_BLOB_BYTES);
    const names = classNames(readSqliteClasses(database, path, classes));
    const bytes = new Uint8Array(ID_BYTES);
    for (const row of readRows(database, table, cells, where, has)) {
      const [id, value, name] = row;
      if (!readIdText(String(id), bytes)) {
        throw new SchemaError(
          `Cannot list ${path} as column "${idColumn}" of table "${table}" must hold ${ID_RULE}: received ${
            show(id)
          }`,
          { option: "idColumn" },
        );
      }
      const number = value === null ? null : intLabel(value);
      if (number === undefined) {
        throw noLabels(path, table, label, `${showValue(value)} of ${formatId(bytes)}`);
      }
      const className = nameOf(names, number, name);
      const values = columns.length > 0 ? row.slice(OWN).map(columnValue) : [];
      if (!filter || filter({ id: bytes, label: number, class: className, columns: values })) {
        sink.add(bytes, number, className, values);
      }
    }
  } catch (cause) {
    // A filter's own errors stay what they are.
    if ((cause as { code?: unknown }).code !== SQLITE_CODE) throw cause;
    const details = { option: where ? "where" : "table" };
    throw sqliteError(`Cannot list table "${table}" of ${path}`, cause, details);
  } finally {
    database.close();
  }
}

function open(path: string): DatabaseSync {
  try {
    return openSqlite(path);
  } catch (cause) {
    throw sqliteError(`Cannot list ${path}`, cause);
  }
}

/** SQLite takes names that differ in case for the same. */
function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** A label, as a number where it is one: beyond 2⁵³ an integer ends the statement. */
function labelCell(column: string, named: boolean): string {
  const label = quote(column);
  return `CASE typeof(${label}) WHEN 'blob' THEN ${named ? `substr(${label}, 1, 64)` : "NULL"} ` +
    `WHEN 'integer' THEN iif(${label} BETWEEN -2147483648 AND 2147483647, ${label}, ` +
    `CAST(${label} AS REAL)) ELSE ${label} END`;
}

/** A value of a column of one's own: an integer that no number holds exactly is a text. */
function ownCell(column: string): string {
  const name = quote(column);
  const safe = Number.MAX_SAFE_INTEGER;
  return `iif(typeof(${name}) = 'integer' AND ${name} NOT BETWEEN -${safe} AND ${safe}, ` +
    `CAST(${name} AS TEXT), ${name})`;
}

function noLabels(path: string, table: string, column: string, received: string): SchemaError {
  return new SchemaError(
    `Cannot list ${path} as column "${column}" of table "${table}" must be of 32-bit integers: received ${received}; labelType "none" leaves labels out`,
    { option: "labelColumn" },
  );
}

function checkOptions(path: string, options: string | ListSqliteOptions): void {
  const check = new OptionCheck("list a SQLite file");
  check.that(typeof path === "string" && path !== "", "path", "a path", path);
  if (typeof options === "string") return;
  check.names(options, KNOWN);
  const { columns, filter, labelType, ...names } = options;
  for (const [option, name] of Object.entries(names)) check.text(option, name);
  check.oneOf("labelType", labelType, ["int", "blob", "none"]);
  check.texts("columns", columns);
  check.callback("filter", filter);
}

/** A row as SQLite gives it, and what stands where. */
type Row = (ColumnValue | Uint8Array)[];
const OWN = 3;

function columnValue(cell: ColumnValue | Uint8Array): ColumnValue {
  return cell instanceof Uint8Array ? cell.toHex() : cell;
}

/** Rows that are read at once. */
const PAGE = 1024;

/** Names of a row's number, of which a column may take one. */
const ROW_NUMBERS = ["_rowid_", "rowid", "oid"];

/**
 * Reads a table: page by page where the whole of it is read, as that takes 0.4 of the time of one
 * row after another, and its memory is collected sooner.
 */
function* readRows(
  database: DatabaseSync,
  table: string,
  cells: (exact: boolean) => string,
  where: string | undefined,
  has: (column: string) => boolean,
): Generator<Row> {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql) as unknown as ArrayStatement;
    statement.setReturnArrays(true);
    return statement;
  };
  const from = `FROM ${quote(table)}`;
  if (where) {
    yield* prepare(`SELECT ${cells(true)} ${from} WHERE ${where}`).iterate();
    return;
  }
  const number = ROW_NUMBERS.find((name) => !has(name));
  const prepared = (exact: boolean) => {
    const own = exact ? `CAST(${number} AS TEXT)` : number;
    return prepare(
      `SELECT ${
        cells(exact)
      }, ${own} ${from} WHERE ${number} >= ? ORDER BY ${number} LIMIT ${PAGE}`,
    );
  };
  let page: ArrayStatement;
  let exactPage: ArrayStatement;
  try {
    if (number === undefined) throw new Error("no name for the number of a row");
    [page, exactPage] = [prepared(false), prepared(true)];
  } catch {
    // Views have no rowid, and neither have tables that are made without.
    yield* prepare(`SELECT ${cells(true)} ${from}`).iterate();
    return;
  }
  database.exec("BEGIN");
  let next = LEAST_ROW;
  for (;;) {
    const rows = readPage(page, exactPage, next);
    for (const row of rows) {
      const last = row.pop() as number | string;
      if (row === rows[PAGE - 1]) next = BigInt(last) + 1n;
      yield row;
    }
    if (rows.length < PAGE || next > -LEAST_ROW - 1n) return;
  }
}

/** Only where an integer is beyond 2⁵³ a page is read in the way that takes longer. */
function readPage(page: ArrayStatement, exactPage: ArrayStatement, from: bigint): Row[] {
  try {
    return page.all(from);
  } catch (error) {
    if ((error as { code?: string }).code !== OUT_OF_RANGE) throw error;
    return exactPage.all(from);
  }
}

/** The least number of a row. */
const LEAST_ROW = -(2n ** 63n);

/** What is lacking in the types of `node:sqlite`. */
interface ArrayStatement {
  setReturnArrays(enabled: boolean): void;
  iterate(): Iterable<Row>;
  all(from: bigint): Row[];
}
