import type { DatabaseSync } from "node:sqlite";
import { OptionCheck, show } from "../check.ts";
import { SchemaError, UsageError } from "../errors.ts";
import { formatId, ID_BYTES, readId } from "../ids.ts";
import { ListBuilder, type ListRow, type SampleList } from "./list_builder.ts";
import type { RowSink } from "./row_buffer.ts";
import { openSqlite } from "../source/open_sqlite.ts";
import { quote } from "../source/quote.ts";
import type { ColumnValue } from "./schema.ts";

/** What is listed of a table, beside ids. */
export interface ListSelection {
  /** Names of more columns that are listed. */
  columns?: readonly string[];
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
  /** Column of the labels; `label` when left out, if there is one of integers. */
  labelColumn?: string;
}

const KNOWN: Record<keyof ListSqliteOptions, true> = {
  table: true,
  idColumn: true,
  labelColumn: true,
  columns: true,
  where: true,
  filter: true,
};

/**
 * Reads the ids of a data set from a metadata or a data table of a SQLite file.
 *
 * @param path Path of the database file.
 * @param options Table, columns and conditions; a text is the name of the table.
 * @returns The ids with their labels.
 * @throws {UsageError} If the file cannot be opened as a database, or an option is wrong.
 * @throws {SchemaError} If the table or one of its columns is missing, or the condition is wrong.
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
 * @throws {SchemaError} If the table or one of its columns is missing, or the condition is wrong.
 */
export function scanSqlite(path: string, options: ListSqliteOptions, sink: RowSink): void {
  const { table = "metadata", idColumn = "id", labelColumn, columns = [], where, filter } = options;
  let database: DatabaseSync;
  try {
    database = openSqlite(path);
  } catch (cause) {
    throw new UsageError(
      `Cannot list ${path} as it must be a SQLite database: received ${(cause as Error).message}`,
      { option: "path", cause },
    );
  }
  try {
    const found = new Map(
      database.prepare("SELECT name, type FROM pragma_table_info(?)").all(table)
        .map(({ name, type }) => [String(name), String(type)]),
    );
    for (const name of [idColumn, ...labelColumn ? [labelColumn] : [], ...columns]) {
      if (found.has(name)) continue;
      throw new SchemaError(
        `Cannot list ${path} as it must have a table "${table}" with a column "${name}": received ${
          found.size === 0 ? "no such table" : [...found.keys()].map(quote).join(", ")
        }`,
        { option: found.size === 0 ? "table" : "columns" },
      );
    }
    const label = labelColumn ?? "label";
    const integers = /INT/i.test(found.get(label) ?? "");
    if (labelColumn !== undefined && !integers) {
      throw noLabels(path, table, label, `a column of ${found.get(label) || "no type"}`);
    }
    const id = quote(idColumn);
    const select = [
      // As text: an array of bytes for each row is collected late.
      `iif(typeof(${id}) = 'blob', hex(${id}), ${id})`,
      integers ? quote(label) : "NULL",
      found.has("class") ? "class" : "NULL",
      ...columns.map(quote),
    ].join(", ");
    const bytes = new Uint8Array(ID_BYTES);
    for (const cells of readRows(database, table, select, where)) {
      readRowId(cells[ID], bytes, `${path} as column "${idColumn}" of table "${table}"`);
      const number = cells[LABEL] as number | null;
      if (number !== null && number !== (number | 0)) {
        throw noLabels(path, table, label, `${number} of ${formatId(bytes)}`);
      }
      const name = cells[CLASS] as string | null;
      const values = columns.length > 0 ? cells.slice(OWN).map(columnValue) : [];
      if (!filter || filter({ id: bytes, label: number, class: name, columns: values })) {
        sink.add(bytes, number, name, values);
      }
    }
  } catch (cause) {
    if (cause instanceof SchemaError || cause instanceof UsageError) throw cause;
    throw new SchemaError(
      `Cannot list table "${table}" of ${path} as it must be readable: received ${
        (cause as Error).message
      }`,
      { option: where ? "where" : "table", cause },
    );
  } finally {
    database.close();
  }
}

function noLabels(path: string, table: string, column: string, received: string): SchemaError {
  return new SchemaError(
    `Cannot list ${path} as column "${column}" of table "${table}" must be of 32-bit integers: received ${received}`,
    { option: "labelColumn" },
  );
}

function checkOptions(path: string, options: string | ListSqliteOptions): void {
  const check = new OptionCheck("list a SQLite file");
  check.that(typeof path === "string" && path !== "", "path", "a path", path);
  if (typeof options === "string") return;
  check.names(options, KNOWN);
  const { columns, filter, ...names } = options;
  for (const [option, name] of Object.entries(names)) check.text(option, name);
  check.texts("columns", columns);
  check.callback("filter", filter);
}

/** Reads the id of a row, which SQLite lets be anything. */
function readRowId(cell: unknown, bytes: Uint8Array, where: string): void {
  try {
    readId(String(cell), bytes);
  } catch (cause) {
    throw new SchemaError(
      `Cannot list ${where} must hold a UUID in each row: received ${show(cell)}`,
      { option: "idColumn", cause },
    );
  }
}

/** A row as SQLite gives it, and what stands where. */
type Row = (ColumnValue | Uint8Array)[];
const [ID, LABEL, CLASS, OWN] = [0, 1, 2, 3];

function columnValue(cell: ColumnValue | Uint8Array): ColumnValue {
  return cell instanceof Uint8Array ? cell.toHex() : cell;
}

/** Rows that are read at once. */
const PAGE = 1024;

/**
 * Reads a table: page by page where the whole of it is read, as that takes 0.4 of the time of one
 * row after another, and its memory is collected sooner.
 */
function* readRows(
  database: DatabaseSync,
  table: string,
  columns: string,
  where: string | undefined,
): Generator<Row> {
  const prepare = (sql: string) => {
    const statement = database.prepare(sql) as unknown as ArrayStatement;
    statement.setReturnArrays(true);
    return statement;
  };
  const from = `FROM ${quote(table)}`;
  if (where) {
    yield* prepare(`SELECT ${columns} ${from} WHERE ${where}`).iterate();
    return;
  }
  let page: ArrayStatement;
  try {
    page = prepare(
      `SELECT ${columns}, _rowid_ ${from} WHERE _rowid_ > ? ORDER BY _rowid_ LIMIT ${PAGE}`,
    );
  } catch {
    // Views have no rowid, and neither have tables that are made without.
    yield* prepare(`SELECT ${columns} ${from}`).iterate();
    return;
  }
  database.exec("BEGIN");
  let last = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = page.all(last);
    for (const row of rows) {
      last = row.pop() as number;
      yield row;
    }
    if (rows.length < PAGE) return;
  }
}

/** What is lacking in the types of `node:sqlite`. */
interface ArrayStatement {
  setReturnArrays(enabled: boolean): void;
  iterate(): Iterable<Row>;
  all(after: number): Row[];
}
