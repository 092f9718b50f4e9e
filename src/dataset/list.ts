import type { DatabaseSync } from "node:sqlite";
import { SchemaError, UsageError } from "../errors.ts";
import { parseId } from "../ids.ts";
import { ListBuilder, type ListRow, type SampleList } from "./list_builder.ts";
import { openSqlite } from "../source/open_sqlite.ts";
import { type ColumnValue, quote } from "./schema.ts";

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

/**
 * Reads the ids of a data set from a metadata or a data table of a SQLite file.
 *
 * @param path Path of the database file.
 * @param options Table, columns and conditions; a text is the name of the table.
 * @returns The ids with their labels.
 * @throws {UsageError} If the file cannot be opened as a database.
 * @throws {SchemaError} If the table or one of its columns is missing, or the condition is wrong.
 */
export function listSqlite(path: string, options: string | ListSqliteOptions = {}): SampleList {
  const { table = "metadata", idColumn = "id", labelColumn, columns = [], where, filter } =
    typeof options === "string" ? { table: options } as ListSqliteOptions : options;
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
    const select = [
      `${quote(idColumn)} AS c0`,
      `${integers ? quote(label) : "NULL"} AS c1`,
      `${found.has("class") ? "class" : "NULL"} AS c2`,
      ...columns.map((name, i) => `${quote(name)} AS c${i + 3}`),
    ];
    const statement = database.prepare(
      `SELECT ${select.join(", ")} FROM ${quote(table)}${where ? ` WHERE ${where}` : ""}`,
    );
    const builder = new ListBuilder(columns);
    for (const row of statement.iterate()) {
      const bytes = row.c0 instanceof Uint8Array ? row.c0 : parseId(String(row.c0));
      const values = columns.map((_, i) => row[`c${i + 3}`] as ColumnValue);
      const found = {
        id: bytes,
        label: row.c1 as number | null,
        class: row.c2 as string | null,
        columns: values,
      };
      if (!filter || filter(found)) builder.add(bytes, found.label, found.class, values);
    }
    return builder.build();
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
