import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { OptionCheck } from "../check.ts";
import { DisposedError, IngestError, SchemaError, UsageError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { quote } from "../source/quote.ts";
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

/** Milliseconds that a commit waits for readers. */
const BUSY_MS = 60_000;

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
      this.#database = new DatabaseSync(path, { timeout: BUSY_MS });
      this.#database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA cache_spill = OFF`);
      this.#database.prepare("SELECT count(*) FROM sqlite_master").get();
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
   * @throws {SchemaError} If there are such tables of another schema.
   */
  // deno-lint-ignore require-await
  async createTables(): Promise<void> {
    const [data, metadata, ...indexes] = sqliteSchema(this.#schema);
    this.#database.exec(data);
    this.#database.exec(metadata);
    this.#checkTable(this.#schema.dataTable, dataColumns(this.#schema));
    this.#checkTable(this.#schema.metadataTable, metadataColumns(this.#schema));
    for (const index of indexes) this.#database.exec(index);
  }

  /**
   * Tells whether there are no records yet.
   *
   * @returns True if the metadata table has no rows.
   */
  isEmpty(): Promise<boolean> {
    const table = quote(this.#schema.metadataTable);
    const row = this.#database.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
    return Promise.resolve(row === undefined);
  }

  /**
   * Looks up what a stored record was made of.
   *
   * @param record Names the record.
   * @returns Its `origin`; undefined if it is not stored.
   */
  origin({ id }: Pick<SampleRecord, "id">): Promise<Uint8Array | undefined> {
    const row = this.#prepared().origin.get(id);
    return Promise.resolve(row?.origin as Uint8Array | undefined);
  }

  /**
   * Writes one record, in a transaction with others; `flush` ends it.
   *
   * @param record The record.
   * @returns Once it is written.
   * @throws {UsageError} If it is no record.
   * @throws {IngestError} If it cannot be written.
   * @throws {DisposedError} If the writer has been disposed.
   */
  async write(record: SampleRecord): Promise<void> {
    const rows = recordRows(record, this.#schema);
    const { data, metadata } = this.#prepared();
    if (this.#pending === 0) {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#begun = performance.now();
    }
    this.#pending++;
    this.#pendingBytes += record.data.length;
    try {
      data.run(record.id, ...rows.data);
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
    ) await this.flush();
  }

  /**
   * Stores all records that were written.
   *
   * @throws {IngestError} If the disk is full, or others read for longer than a commit waits: what
   *   was written since the last `flush` is not stored.
   */
  // deno-lint-ignore require-await
  async flush(): Promise<void> {
    if (this.#pending === 0) return;
    this.#pending = this.#pendingBytes = this.#journalBytes = 0;
    try {
      this.#database.exec("COMMIT");
    } catch (cause) {
      // Some errors, such as that of a full disk, have rolled back already.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw new IngestError(
        `Cannot write into ${this.name} as the disk must have room and readers must end within ${
          BUSY_MS / 1000
        } s: received ${(cause as Error).message}`,
        { cause },
      );
    }
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
    if (this.#disposed) {
      throw new DisposedError(
        `Cannot write into ${this.name} as the writer must not be disposed of`,
      );
    }
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
