import type { DatabaseSync } from "node:sqlite";
import { OptionCheck } from "../check.ts";
import { SchemaError } from "../errors.ts";
import { DEFAULT_MAX_BLOB_BYTES, MOST_BLOB_BYTES } from "./blob_limit.ts";
import type { LabelType } from "./source.ts";
import { BUSY_MS } from "./sqlite_lock.ts";
import { sqliteColumns } from "./sqlite_schema.ts";

/** Options of {@linkcode SqliteSource.open}. */
export interface SqliteOptions {
  /** Path of the database file. */
  path: string;
  /** Table that holds the blobs; `data` when left out. */
  table?: string;
  /**
   * Column of the ids: UUIDs as 16-byte blobs, or as text in lower or upper case, with or without
   * hyphens; `id` when left out.
   */
  idColumn?: string;
  /** Column of the image blobs; `data` when left out. */
  dataColumn?: string;
  /** Column of the labels; `label` when left out. */
  labelColumn?: string;
  /** How the label column is read; `int` when left out. */
  labelType?: LabelType;
  /** Metadata table, in which errors find the paths of samples; `metadata` when left out. */
  metadataTable?: string;
  /** Its column of the ids; `id` when left out. */
  metadataIdColumn?: string;
  /**
   * Most bytes of a blob, and of a label that is one, from 1 to 2,147,483,647; a sample with more is a
   * `LimitsError`, and is not read. 67,108,864 (64 MiB) when left out.
   */
  maxBlobBytes?: number;
  /**
   * Milliseconds that a fetch waits in all while another connection's lock is in the way; 30,000 when
   * left out. The JavaScript thread is free meanwhile.
   */
  busyTimeout?: number;
}

const KNOWN: Record<keyof SqliteOptions, true> = {
  path: true,
  table: true,
  idColumn: true,
  dataColumn: true,
  labelColumn: true,
  labelType: true,
  metadataTable: true,
  metadataIdColumn: true,
  maxBlobBytes: true,
  busyTimeout: true,
};

/**
 * Checks the options of a source and fills in what was left out.
 *
 * @param options As the caller wrote them.
 * @returns The whole.
 * @throws {UsageError} If one is wrong.
 */
export function wholeSqliteOptions(options: SqliteOptions): Required<SqliteOptions> {
  const check = new OptionCheck("open a SQLite source");
  check.names(options, KNOWN);
  const { path, labelType, maxBlobBytes, busyTimeout, ...names } = options;
  const isPath = typeof path === "string" && path !== "";
  check.that(isPath, "path", "the path of a SQLite database", path);
  for (const [option, name] of Object.entries(names)) check.text(option, name);
  check.oneOf("labelType", labelType, ["int", "blob", "none"]);
  check.whole("maxBlobBytes", maxBlobBytes, 1);
  const fits = (maxBlobBytes ?? 1) <= MOST_BLOB_BYTES;
  check.that(fits, "maxBlobBytes", `at most ${MOST_BLOB_BYTES}`, maxBlobBytes);
  check.whole("busyTimeout", busyTimeout, 0);
  return {
    table: "data",
    idColumn: "id",
    dataColumn: "data",
    labelColumn: "label",
    labelType: "int",
    metadataTable: "metadata",
    metadataIdColumn: "id",
    maxBlobBytes: DEFAULT_MAX_BLOB_BYTES,
    busyTimeout: BUSY_MS,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  } as Required<SqliteOptions>;
}

/**
 * Checks that a file has the table and the columns.
 *
 * @param database The file.
 * @param options Names of table and columns.
 * @throws {SchemaError} If it has not, or the table is of a kind that is not read.
 */
export function checkSchema(database: DatabaseSync, options: Required<SqliteOptions>): void {
  const columns = sqliteColumns(database, options.path, options.table, "read")
    .map(({ name }) => name);
  if (columns.length === 0) {
    const tables =
      database.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') LIMIT 100")
        .all().map((row) => `"${row.name}"`).join(", ") || "no tables";
    throw new SchemaError(
      `Cannot read ${options.path} as table must be one of ${tables}: received "${options.table}"`,
      { option: "table" },
    );
  }
  const wanted = { idColumn: options.idColumn, dataColumn: options.dataColumn } as Record<
    string,
    string
  >;
  if (options.labelType !== "none") wanted.labelColumn = options.labelColumn;
  for (const [option, column] of Object.entries(wanted)) {
    if (columns.some((name) => name.toLowerCase() === column.toLowerCase())) continue;
    throw new SchemaError(
      `Cannot read table "${options.table}" as ${option} must be one of ${
        columns.map((name) => `"${name}"`).join(", ")
      }: received "${column}"`,
      { option },
    );
  }
}
