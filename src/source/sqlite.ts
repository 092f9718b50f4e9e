import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { OptionCheck } from "../check.ts";
import {
  DisposedError,
  FetchError,
  MissingSampleError,
  SchemaError,
  UsageError,
} from "../errors.ts";
import { formatId, ID_BYTES, type IdList } from "../ids.ts";
import { checkFetch, type FetchedSample, MemoryBlobBatch } from "./blob_batch.ts";
import { openSqlite } from "./open_sqlite.ts";
import { quote } from "./quote.ts";
import type {
  BlobBatch,
  BlobSource,
  FetchOptions,
  LabelType,
  RawLabel,
  SourceStats,
} from "./source.ts";

/** Options of {@linkcode SqliteSource.open}. */
export interface SqliteOptions {
  /** Path of the database file. */
  path: string;
  /** Table that holds the blobs; `data` when left out. */
  table?: string;
  /** Column of the ids: UUIDs as 16-byte blobs or as text; `id` when left out. */
  idColumn?: string;
  /** Column of the image blobs; `data` when left out. */
  dataColumn?: string;
  /** Column of the labels; `label` when left out. */
  labelColumn?: string;
  /** How the label column is read; `int` when left out. */
  labelType?: LabelType;
}

/** Bytes read before other work of the JavaScript thread gets its turn. */
const BYTES_PER_TURN = 4 << 20;

/**
 * Blobs from a SQLite database: the embedded default, no server needed.
 *
 * @example
 * ```ts
 * import { IdList, SqliteSource } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const path = await Deno.makeTempFile();
 * const db = new DatabaseSync(path);
 * db.exec("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB)");
 * const ids = IdList.from([crypto.randomUUID()]);
 * db.prepare("INSERT INTO data VALUES (?, ?, ?)").run(ids.bytes, 7, new Uint8Array([1, 2, 3]));
 * db.close();
 *
 * await using source = await SqliteSource.open({ path });
 * using batch = await source.fetch(ids);
 * assertEquals([...batch.blob(0)], [1, 2, 3]);
 * assertEquals(batch.label(0), 7);
 * ```
 */
export class SqliteSource implements BlobSource {
  /** Name for messages. */
  readonly name = "sqlite";
  /** How the label column is read. */
  readonly labelType: LabelType;
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #where: string;
  readonly #textIds: boolean;
  readonly #stats: SourceStats = { requested: 0, delivered: 0, failed: 0, bytes: 0, retries: 0 };
  #disposed = false;

  private constructor(database: DatabaseSync, options: Required<SqliteOptions>) {
    const { table, idColumn, dataColumn, labelColumn, labelType, path } = options;
    this.labelType = labelType;
    this.#database = database;
    this.#where = `table "${table}" of ${path}`;
    const label = labelType === "none" ? "NULL" : quote(labelColumn);
    this.#select = database.prepare(
      `SELECT ${quote(dataColumn)} AS data, ${label} AS label FROM ${quote(table)} ` +
        `WHERE ${quote(idColumn)} = ?`,
    );
    const first = database.prepare(
      `SELECT typeof(${quote(idColumn)}) AS type FROM ${quote(table)} LIMIT 1`,
    ).get();
    this.#textIds = first?.type === "text";
  }

  /**
   * Opens a database for reading.
   *
   * @param options File, table and columns.
   * @returns The source; dispose of it to close the file.
   * @throws {UsageError} If the file cannot be opened or an option is wrong.
   * @throws {SchemaError} If the table or a column is missing.
   */
  static open(options: SqliteOptions): Promise<SqliteSource> {
    return Promise.resolve().then(() => {
      checkSqliteOptions(options);
      const whole = {
        table: "data",
        idColumn: "id",
        dataColumn: "data",
        labelColumn: "label",
        labelType: "int",
        ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
      } as Required<SqliteOptions>;
      let database: DatabaseSync;
      try {
        database = openSqlite(whole.path);
      } catch (cause) {
        throw new UsageError(
          `Cannot open path as it must be a SQLite database: received "${whole.path}" (${
            (cause as Error).message
          })`,
          { option: "path", cause },
        );
      }
      try {
        checkSchema(database, whole);
        return new SqliteSource(database, whole);
      } catch (error) {
        database.close();
        throw error;
      }
    });
  }

  /**
   * Fetches blobs by id.
   *
   * @param ids The ids, in the order in which the samples shall come.
   * @param options A signal that aborts.
   * @returns Their blobs and labels.
   * @throws {UsageError} If there is no list of ids, or an option is wrong.
   * @throws {DisposedError} If the source has been disposed.
   */
  async fetch(ids: IdList, options: FetchOptions = {}): Promise<BlobBatch> {
    checkFetch(ids, options);
    const samples: FetchedSample[] = [];
    let sinceTurn = 0;
    this.#stats.requested += ids.length;
    this.#check(options.signal);
    for (let i = 0; i < ids.length; i++) {
      if (sinceTurn >= BYTES_PER_TURN) {
        await nextTurn();
        this.#check(options.signal);
        sinceTurn = 0;
      }
      const sample = this.#read(ids, i);
      samples.push(sample);
      sinceTurn += sample.data?.length ?? 0;
    }
    await nextTurn();
    this.#check(options.signal);
    return new MemoryBlobBatch(samples);
  }

  #check(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#disposed) {
      throw new DisposedError("Cannot fetch as the SQLite source must not have been disposed");
    }
  }

  /**
   * What was counted since the source was opened.
   *
   * @returns A copy of the counters.
   */
  stats(): SourceStats {
    return { ...this.#stats };
  }

  /** Closes the database; fetches under way reject with `DisposedError`. */
  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = true;
      this.#database.close();
    }
    return Promise.resolve();
  }

  #read(ids: IdList, index: number): FetchedSample {
    const offset = index * ID_BYTES;
    const key = this.#textIds
      ? formatId(ids.bytes, offset)
      : ids.bytes.subarray(offset, offset + ID_BYTES);
    let row: Record<string, unknown> | undefined;
    let fault = "";
    let cause: unknown;
    try {
      row = this.#select.get(key);
    } catch (error) {
      fault = `the row must be readable: received ${(error as Error).message}`;
      cause = error;
    }
    if (cause === undefined) {
      if (!row) fault = "there must be a row with its id: received none";
      else if (row.data === null) fault = "its data must be a blob: received null";
      else if (!(row.data instanceof Uint8Array)) {
        fault = `its data must be a blob: received ${typeof row.data}`;
      } else if (row.data.length === 0) fault = "its data must not be empty: received 0 bytes";
      else fault = labelFault(this.labelType, row.label);
    }
    if (fault) {
      this.#stats.failed++;
      const sampleId = formatId(ids.bytes, offset);
      const message = `Cannot fetch sample ${sampleId} from ${this.#where} as ${fault}`;
      const missing = !row || row.data === null || (row.data as Uint8Array).length === 0;
      const ErrorClass = cause ? FetchError : missing ? MissingSampleError : SchemaError;
      return { label: null, error: new ErrorClass(message, { sampleId, cause }) };
    }
    const data = row!.data as Uint8Array;
    this.#stats.delivered++;
    this.#stats.bytes += data.length;
    return { data, label: row!.label as RawLabel };
  }
}

const KNOWN: Record<keyof SqliteOptions, true> = {
  path: true,
  table: true,
  idColumn: true,
  dataColumn: true,
  labelColumn: true,
  labelType: true,
};

function checkSqliteOptions(options: SqliteOptions): void {
  const check = new OptionCheck("open a SQLite source");
  check.names(options, KNOWN);
  const { path, labelType, ...names } = options;
  const isPath = typeof path === "string" && path !== "";
  check.that(isPath, "path", "the path of a SQLite database", path);
  for (const [option, name] of Object.entries(names)) check.text(option, name);
  check.oneOf("labelType", labelType, ["int", "blob", "none"]);
}

function labelFault(labelType: LabelType, label: unknown): string {
  if (labelType === "none" || label === null) return "";
  if (labelType === "int" && Number.isInteger(label)) return "";
  if (labelType === "blob" && label instanceof Uint8Array) return "";
  return `its label must be ${labelType === "int" ? "an integer" : "a blob"}: received ${
    label instanceof Uint8Array ? "a blob" : typeof label
  }`;
}

function checkSchema(database: DatabaseSync, options: Required<SqliteOptions>): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info(?)").all(options.table)
    .map((row) => String(row.name));
  if (columns.length === 0) {
    const tables =
      database.prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
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
