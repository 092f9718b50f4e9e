import type { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type CassetteError,
  DisposedError,
  type ErrorDetails,
  MissingSampleError,
  SchemaError,
} from "../errors.ts";
import { ID_BYTES, type IdList } from "../ids.ts";
import { blobLimitError } from "./blob_limit.ts";
import { checkFetch, type FetchedSample, MemoryBlobBatch } from "./blob_batch.ts";
import { openSqlite, SQLITE_CODE, sqliteError } from "./open_sqlite.ts";
import type {
  BlobBatch,
  BlobSource,
  FetchOptions,
  LabelType,
  RawLabel,
  SampleDescription,
  SourceStats,
} from "./source.ts";
import { intLabel, showValue } from "./int_label.ts";
import { isBusy, LockWait } from "./sqlite_lock.ts";
import { checkSchema, type SqliteOptions, wholeSqliteOptions } from "./sqlite_options.ts";
import { SqlitePaths } from "./sqlite_paths.ts";
import { isTooBig, type SqliteRow, SqliteRows } from "./sqlite_rows.ts";

export type { SqliteOptions } from "./sqlite_options.ts";

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
  readonly #rows: SqliteRows;
  readonly #where: string;
  readonly #options: Required<SqliteOptions>;
  #paths: SqlitePaths | undefined;
  readonly #maxBlobBytes: number;
  readonly #busyTimeout: number;
  readonly #stats: SourceStats = { requested: 0, delivered: 0, failed: 0, bytes: 0, retries: 0 };
  #disposed = false;

  private constructor(database: DatabaseSync, options: Required<SqliteOptions>) {
    this.labelType = options.labelType;
    this.#database = database;
    this.#maxBlobBytes = options.maxBlobBytes;
    this.#busyTimeout = options.busyTimeout;
    this.#where = `table "${options.table}" of ${options.path}`;
    this.#options = options;
    this.#rows = new SqliteRows(database, options);
  }

  /**
   * Opens a database for reading.
   *
   * @param options File, table and columns.
   * @returns The source; dispose of it to close the file.
   * @throws {UsageError} If the file cannot be opened or an option is wrong.
   * @throws {SchemaError} If the table or a column is missing, or the table is a view that is not
   *   taken.
   * @throws {FetchTimeoutError} If another connection locks the file for too long.
   * @throws {FetchError} If the file is damaged.
   */
  static async open(options: SqliteOptions): Promise<SqliteSource> {
    const whole = wholeSqliteOptions(options);
    const open = () => {
      const database = openSqlite(whole.path, 0);
      try {
        checkSchema(database, whole);
        return new SqliteSource(database, whole);
      } catch (error) {
        database.close();
        throw error;
      }
    };
    try {
      return await new LockWait(whole.busyTimeout).until(open);
    } catch (cause) {
      throw sqliteError(`Cannot open ${whole.path}`, cause);
    }
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
    const lock = new LockWait(this.#busyTimeout, () => this.#check(), options.signal);
    for (let i = 0; i < ids.length; i++) {
      if (sinceTurn >= BYTES_PER_TURN) {
        await nextTurn();
        this.#check(options.signal);
        sinceTurn = 0;
      }
      let sample: FetchedSample;
      try {
        sample = this.#read(ids, i);
      } catch (error) {
        sample = isBusy(error) ? await this.#readLater(lock, ids, i) : this.#fail(ids, i, error);
      }
      samples.push(sample);
      sinceTurn += sample.data?.length ?? 0;
    }
    await nextTurn();
    this.#check(options.signal);
    return new MemoryBlobBatch(samples);
  }

  #check(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (this.#disposed) {
      throw new DisposedError("Cannot fetch as the SQLite source must not have been disposed");
    }
  }

  /**
   * Looks up the paths of samples in the metadata table.
   *
   * @param ids Ids of the samples.
   * @returns What is known of each.
   */
  describe(ids: IdList): Promise<SampleDescription[]> {
    if (this.#disposed) return Promise.resolve(Array.from({ length: ids.length }, () => ({})));
    this.#paths ??= new SqlitePaths(this.#database, this.#options);
    return Promise.resolve(this.#paths.describe(ids));
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
    let row: SqliteRow | undefined;
    try {
      row = this.#rows.row(ids.bytes, offset);
    } catch (error) {
      if (isTooBig(error)) return this.#refuseSize(ids, index);
      throw error;
    }
    if (!row) return this.#refuse(ids, index, MissingSampleError, "there must be a row", "none");
    const { data } = row;
    if (data === null) {
      return this.#refuse(ids, index, MissingSampleError, "its data must be a blob", "null");
    }
    if (!(data instanceof Uint8Array)) {
      return this.#refuse(ids, index, SchemaError, "its data must be a blob", showValue(data));
    }
    if (data.length === 0) {
      return this.#refuse(ids, index, MissingSampleError, "its data must not be empty", "0 bytes");
    }
    const label = readLabel(this.labelType, row.label);
    if (label === undefined) {
      const wanted = this.labelType === "int" ? "a 32-bit integer" : "a blob";
      const received = showValue(row.label);
      return this.#refuse(ids, index, SchemaError, `its label must be ${wanted}`, received);
    }
    const labelBytes = label instanceof Uint8Array ? label.length : 0;
    if (Math.max(data.length, labelBytes) > this.#maxBlobBytes) return this.#refuseSize(ids, index);
    this.#stats.delivered++;
    this.#stats.bytes += data.length;
    return { data, label };
  }

  #refuseSize(ids: IdList, index: number): FetchedSample {
    this.#stats.failed++;
    const bytes = this.#rows.bytes(ids.bytes, index * ID_BYTES);
    const isData = Number(bytes?.data ?? 0) > this.#maxBlobBytes;
    const [column, size] = isData
      ? [this.#options.dataColumn, bytes?.data]
      : [this.#options.labelColumn, bytes?.label];
    const limit = this.#maxBlobBytes;
    const error = blobLimitError(ids.at(index), this.#where, column, `${size}`, limit);
    return { label: null, error };
  }

  async #readLater(lock: LockWait, ids: IdList, index: number): Promise<FetchedSample> {
    this.#stats.retries++;
    try {
      return await lock.until(() => this.#read(ids, index));
    } catch (error) {
      if (!isBusy(error) && (error as { code?: string }).code !== SQLITE_CODE) throw error;
      return this.#fail(ids, index, error);
    }
  }

  /** A sample that SQLite could not read. */
  #fail(ids: IdList, index: number, cause: unknown): FetchedSample {
    this.#stats.failed++;
    const sampleId = ids.at(index);
    const what = `Cannot fetch sample ${sampleId} from ${this.#where}`;
    return { label: null, error: sqliteError(what, cause, { sampleId }) };
  }

  #refuse(
    ids: IdList,
    index: number,
    ErrorClass: new (message: string, details: ErrorDetails) => CassetteError,
    wanted: string,
    received: string,
  ): FetchedSample {
    this.#stats.failed++;
    const sampleId = ids.at(index);
    const message =
      `Cannot fetch sample ${sampleId} from ${this.#where} as ${wanted}: received ${received}`;
    return { label: null, error: new ErrorClass(message, { sampleId }) };
  }
}

/** @returns The label; undefined where the value is none. */
function readLabel(labelType: LabelType, value: unknown): RawLabel | undefined {
  if (labelType === "none" || value === null) return null;
  if (labelType === "int") return intLabel(value);
  return value instanceof Uint8Array ? value as Uint8Array<ArrayBuffer> : undefined;
}
