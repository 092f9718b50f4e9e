import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { OptionCheck } from "../check.ts";
import { DisposedError, IngestError, SchemaError, UsageError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { SQLITE_CODE } from "../source/open_sqlite.ts";
import { quote } from "../source/quote.ts";
import { isBusy } from "../source/sqlite_lock.ts";
import type { NumberedClass, Numbering } from "./class_map.ts";
import { type DatasetWriter, recordName, type SampleRecord } from "./record.ts";
import { recordRows } from "./row.ts";
import {
  dataColumns,
  type DatasetSchema,
  metadataColumns,
  sqliteSchema,
  type WholeSchema,
  wholeSchema,
} from "./schema.ts";
import { addSqliteClasses } from "./sqlite_classes.ts";
import { SqliteTransaction } from "./sqlite_transaction.ts";
import { otherTable } from "./table_columns.ts";

/**
 * Records, bytes and milliseconds after which a transaction ends: what a kill can undo. A longer one
 * writes the pages of the indexes less often, as ids go anywhere in them. The bytes are those of the
 * pages that are kept in memory: the blobs, and the older pages, which are copied into the journal.
 */
const TRANSACTION = 4096;
const TRANSACTION_BYTES = 32 << 20;
const TRANSACTION_MS = 2000;

/** Records after which the journal is looked at: they change two pages each at least. */
const JOURNAL_EVERY = 64;

/**
 * Bytes of a page of a new file: a blob of 100 KB lies on a chain of pages, and larger ones are
 * written faster; SQLite's own default is 4,096.
 */
const PAGE_BYTES = 16_384;

/** Milliseconds that a transaction waits for others to write, and a commit for readers. */
const BUSY_MS = 60_000;

/** Pages stay in memory until the commit. SQLite's own waiting for locks keeps the thread. */
const SETTINGS =
  `PRAGMA busy_timeout = 0; PRAGMA cache_spill = OFF; PRAGMA page_size = ${PAGE_BYTES}`;

/** `code` of what is done with a database that is closed. */
const NOT_OPEN = "ERR_INVALID_STATE";

/** SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH: what a record itself can be the reason of. */
const RECORD_FAULTS = [18, 19, 20];

/**
 * Writes a data set into a SQLite file.
 *
 * A new file has SQLite's rollback journal: blobs are appended to the file, of which the journal
 * keeps nothing, while a write-ahead log holds every blob once more. Pages are kept in memory until
 * the commit, so that others can read until then, and wait only while it writes.
 */
export class SqliteWriter implements DatasetWriter {
  /** Name for messages: the path of the file. */
  readonly name: string;
  readonly #database: DatabaseSync;
  readonly #schema: WholeSchema;
  readonly #journal: string;
  #statements:
    | { data: StatementSync; metadata: StatementSync; origin: StatementSync }
    | undefined;
  readonly #transaction: SqliteTransaction;
  #pending = 0;
  #pendingBytes = 0;
  #journalBytes = 0;
  #begun = 0;
  #disposed = false;

  /**
   * Opens or makes a database file.
   *
   * @param path Path of the database file; made if it is missing.
   * @param schema Names and columns of the tables.
   * @throws {UsageError} If the file cannot be opened as a database, or the schema is wrong.
   */
  constructor(path: string, schema: DatasetSchema = {}) {
    const check = new OptionCheck("write a SQLite file");
    check.that(typeof path === "string" && path !== "", "path", "a path", path);
    this.name = path;
    this.#journal = `${resolve(path)}-journal`;
    this.#schema = wholeSchema(schema);
    try {
      this.#database = new DatabaseSync(path, { timeout: 0 });
      this.#transaction = new SqliteTransaction(this.#database, BUSY_MS);
      this.#check();
    } catch (cause) {
      throw new UsageError(
        `Cannot write ${path} as it must be a SQLite database or not exist: received ${
          (cause as Error).message
        }`,
        { cause },
      );
    }
  }

  /**
   * Creates the tables that are missing.
   *
   * @param signal Ends a wait for other connections.
   * @throws {SchemaError} If there are such tables of another schema.
   */
  async createTables(signal?: AbortSignal): Promise<void> {
    await this.#typed(this.#transaction.read(() => this.#check()));
    await this.#inTransaction(() => {
      const [data, metadata, ...others] = sqliteSchema(this.#schema);
      this.#database.exec(data);
      this.#database.exec(metadata);
      this.#checkTable(this.#schema.dataTable, dataColumns(this.#schema));
      this.#checkTable(this.#schema.metadataTable, metadataColumns(this.#schema));
      for (const other of others) this.#database.exec(other);
    }, signal);
  }

  /**
   * Puts classes into the table of classes, in a transaction of its own or with the records.
   *
   * @param wanted The classes.
   * @param numbering Where their numbers come from.
   * @param signal Ends a wait for other connections.
   * @returns Number of each class; undefined where labels are no numbers.
   * @throws {SchemaError} If a class would have two numbers, or a number two classes.
   */
  async numberClasses(
    wanted: readonly NumberedClass[],
    numbering: Numbering,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    if (this.#schema.labelType !== "int") return undefined;
    this.#prepared();
    // What others number must not wait for the records.
    await this.flush(signal);
    return await this.#inTransaction(
      () => addSqliteClasses(this.#database, this.name, this.#schema, wanted, numbering),
      signal,
    );
  }

  /**
   * Tells whether there are no records yet.
   *
   * @returns True if the metadata table has no rows.
   */
  isEmpty(): Promise<boolean> {
    const table = quote(this.#schema.metadataTable);
    const any = () => this.#database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
    return this.#typed(this.#transaction.read(() => any() === undefined));
  }

  /**
   * Looks up what a stored record was made of.
   *
   * @param record Names the record.
   * @returns Its `origin`; undefined if it is not stored.
   */
  origin({ id }: Pick<SampleRecord, "id">): Promise<Uint8Array | undefined> {
    const read = () => this.#prepared().origin.get(id)?.origin as Uint8Array | undefined;
    return this.#typed(this.#transaction.read(read));
  }

  /**
   * Writes one record, in a transaction with others; `flush` ends it.
   *
   * @param record The record.
   * @param signal Ends a wait for other connections.
   * @returns Once it is written.
   * @throws {UsageError} If it is no record.
   * @throws {IngestError} If it cannot be written, or others write for longer than is waited.
   * @throws {DisposedError} If the writer has been disposed.
   * @throws The signal's reason, if it aborts.
   */
  async write(record: SampleRecord, signal?: AbortSignal): Promise<void> {
    const rows = recordRows(record, this.#schema);
    const { data, metadata } = this.#prepared();
    while (!this.#transaction.isFree) await this.#typed(this.#transaction.begin(signal));
    if (this.#pending === 0) this.#begun = performance.now();
    this.#pending++;
    this.#pendingBytes += record.data.length;
    try {
      // deno-lint-ignore cassette/spread -- at most the columns of a table
      data.run(record.id, ...rows.data);
      // deno-lint-ignore cassette/spread -- at most the columns of a table
      metadata.run(record.id, ...rows.metadata);
    } catch (cause) {
      throw new IngestError(
        `Cannot write ${recordName(record)} as ${this.name} must take it: received ${
          (cause as Error).message
        }`,
        { ...(isOfRecord(cause) ? { sampleId: formatId(record.id) } : {}), cause },
      );
    }
    if (this.#pending % JOURNAL_EVERY === 0) this.#journalBytes = sizeOf(this.#journal);
    if (
      this.#pending >= TRANSACTION ||
      this.#pendingBytes + this.#journalBytes >= TRANSACTION_BYTES ||
      performance.now() - this.#begun >= TRANSACTION_MS
    ) await this.flush(signal);
  }

  /**
   * Stores all records that were written.
   *
   * @param signal Ends a wait for other connections: what cannot be stored at once is not.
   * @throws {IngestError} If the disk is full, or others read for longer than a commit waits: what
   *   was written since the last `flush` is not stored.
   */
  async flush(signal?: AbortSignal): Promise<void> {
    this.#pending = this.#pendingBytes = this.#journalBytes = 0;
    await this.#typed(this.#transaction.commit(signal));
  }

  /** Stores what is pending and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    try {
      await this.flush();
    } finally {
      this.#database.close();
    }
  }

  /** A transaction of its own, of which nothing stays if it fails. */
  async #inTransaction<T>(act: () => T, signal?: AbortSignal): Promise<T> {
    while (!this.#transaction.isFree) await this.#typed(this.#transaction.begin(signal));
    let done: T;
    try {
      done = act();
    } catch (error) {
      this.#transaction.rollback();
      throw this.#error(error);
    }
    await this.flush(signal);
    return done;
  }

  async #typed<T>(done: Promise<T>): Promise<T> {
    try {
      return await done;
    } catch (error) {
      throw this.#error(error);
    }
  }

  /** What SQLite throws, as an error that names the file; others stay what they are. */
  #error(cause: unknown): unknown {
    const { code, message } = cause as { code?: unknown; message: string };
    if (this.#disposed && code === NOT_OPEN) return this.#disposedError();
    if (code !== SQLITE_CODE) return cause;
    const wanted = isBusy(cause)
      ? `others must end within ${BUSY_MS / 1000} s`
      : "it must be a whole SQLite database, and the disk must have room";
    return new IngestError(`Cannot write into ${this.name} as ${wanted}: received ${message}`, {
      cause,
    });
  }

  #disposedError(): DisposedError {
    return new DisposedError(
      `Cannot write into ${this.name} as the writer must not be disposed of`,
    );
  }

  /** Finds out whether it is a database; one that another connection locks may be. */
  #check(): void {
    try {
      this.#database.exec(SETTINGS);
      this.#database.prepare("SELECT count(*) FROM sqlite_schema").get();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }

  /** The first column must be the key: by it a record that comes again is replaced. */
  #checkTable(table: string, columns: string[]): void {
    const found = new Map(
      this.#database.prepare("SELECT name, pk FROM pragma_table_info(?)").all(table)
        .map(({ name, pk }) => [String(name).toLowerCase(), pk]),
    );
    const name = `table "${table}" of ${this.name}`;
    for (const column of columns) {
      if (found.has(column.toLowerCase())) continue;
      throw otherTable(name, `column "${column}" must be there`);
    }
    const keys = [...found].filter(([, pk]) => pk !== 0).map(([column]) => column);
    if (keys.join() === columns[0].toLowerCase()) return;
    throw otherTable(name, `primary key must be ${quote(columns[0])}`, keys.join(", ") || "none");
  }

  #prepared() {
    if (this.#disposed) throw this.#disposedError();
    if (this.#statements) return this.#statements;
    const { metadataTable, metadataIdColumn, dataTable } = this.#schema;
    const insert = (table: string, columns: string[]) =>
      this.#database.prepare(
        `INSERT OR REPLACE INTO ${quote(table)} (${columns.map(quote).join(", ")}) VALUES (${
          columns.map(() => "?").join(", ")
        })`,
      );
    try {
      return this.#statements = {
        data: insert(dataTable, dataColumns(this.#schema)),
        metadata: insert(metadataTable, metadataColumns(this.#schema)),
        origin: this.#database.prepare(
          `SELECT origin FROM ${quote(metadataTable)} WHERE ${quote(metadataIdColumn)} = ?`,
        ),
      };
    } catch (cause) {
      if (isBusy(cause)) throw cause;
      throw new SchemaError(
        `Cannot write into ${this.name} as its tables must have the columns of the schema: received ${
          (cause as Error).message
        }`,
        { cause },
      );
    }
  }
}

/** Size of a file; 0 where there is none, as for the journal of a file that has a log in its place. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function isOfRecord(error: unknown): boolean {
  return RECORD_FAULTS.includes(((error as { errcode?: number }).errcode ?? 0) & 0xff);
}
