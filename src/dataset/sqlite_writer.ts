import { DatabaseSync, type StatementSync } from "node:sqlite";
import { UsageError } from "../errors.ts";
import type { DatasetWriter, SampleRecord } from "./record.ts";

/** Names of the two tables of a data set. */
export interface DatasetTables {
  /** Table with a row of id, path, class name and label for each sample; `metadata` when left out. */
  metadataTable?: string;
  /** Table with a row of id, label and blob for each sample; `data` when left out. */
  dataTable?: string;
}

/** Records that make one transaction. */
const TRANSACTION = 256;

/** Writes a data set into a SQLite file. */
export class SqliteWriter implements DatasetWriter {
  readonly name: string;
  readonly #database: DatabaseSync;
  readonly #tables: Required<DatasetTables>;
  #data: StatementSync | undefined;
  #metadata: StatementSync | undefined;
  #pending = 0;

  /**
   * Opens or makes a database file.
   *
   * @param path Path of the database file; made if it is missing.
   * @param tables Names of the tables.
   * @throws {UsageError} If the file cannot be opened as a database.
   */
  constructor(path: string, tables: DatasetTables = {}) {
    this.name = path;
    this.#tables = { metadataTable: "metadata", dataTable: "data", ...tables };
    try {
      this.#database = new DatabaseSync(path);
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    } catch (cause) {
      throw new UsageError(
        `Cannot write ${path} as it must be a SQLite database or not exist: received ${
          (cause as Error).message
        }`,
        { cause },
      );
    }
  }

  createTables(): Promise<void> {
    const { metadataTable, dataTable } = this.#tables;
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS "${metadataTable}" (id BLOB PRIMARY KEY, path TEXT NOT NULL, class TEXT NOT NULL, label INTEGER);
       CREATE TABLE IF NOT EXISTS "${dataTable}" (id BLOB PRIMARY KEY, label INTEGER, data BLOB)`,
    );
    return Promise.resolve();
  }

  write(record: SampleRecord): Promise<void> {
    const { metadataTable, dataTable } = this.#tables;
    this.#data ??= this.#database.prepare(
      `INSERT OR REPLACE INTO "${dataTable}" (id, label, data) VALUES (?, ?, ?)`,
    );
    this.#metadata ??= this.#database.prepare(
      `INSERT OR REPLACE INTO "${metadataTable}" (id, path, class, label) VALUES (?, ?, ?, ?)`,
    );
    if (this.#pending === 0) this.#database.exec("BEGIN");
    this.#data.run(record.id, record.label, record.data);
    this.#metadata.run(record.id, record.path, record.className, record.label);
    return ++this.#pending === TRANSACTION ? this.flush() : Promise.resolve();
  }

  flush(): Promise<void> {
    if (this.#pending > 0) this.#database.exec("COMMIT");
    this.#pending = 0;
    return Promise.resolve();
  }

  /** Stores what is pending and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.#database.close();
  }
}
