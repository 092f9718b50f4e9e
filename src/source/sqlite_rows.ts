import type { DatabaseSync, StatementSync } from "node:sqlite";
import { quote } from "./quote.ts";
import { ID_FORMS, type IdForm, idForm, idKey } from "./sqlite_ids.ts";
import type { SqliteOptions } from "./sqlite_options.ts";

/** A row as it is read; integers that no number holds exactly are BigInts. */
export interface SqliteRow {
  /** What should be a blob. */
  data: unknown;
  /** What should be a label; null where none is read. */
  label: unknown;
}

/** Bytes of the values of a row that is too large to be read. */
export interface RowBytes {
  /** Bytes of the blob; null where there is none. */
  data: bigint | null;
  /** Bytes of the label; null where there is none. */
  label: bigint | null;
}

/** `code` of an integer that no number holds. */
export const OUT_OF_RANGE = "ERR_OUT_OF_RANGE";

/** SQLITE_TOOBIG. */
const TOO_BIG = 18;

/** The least bound of a value: the statements that made the tables are values, too. */
const LEAST_LENGTH = 1 << 20;

/** Looks rows up by their ids, however the table writes them. */
export class SqliteRows {
  readonly #select: StatementSync;
  /** The same, with BigInts for integers: that takes longer. */
  readonly #exact: StatementSync;
  readonly #bytes: StatementSync;
  #form: IdForm;

  /**
   * @param database The database; values longer than `maxBlobBytes` cannot be read from it any more.
   * @param options Names of table and columns.
   */
  constructor(database: DatabaseSync, options: Required<SqliteOptions>) {
    const { table, labelType, maxBlobBytes } = options;
    const data = quote(options.dataColumn);
    const label = labelType === "none" ? "NULL" : quote(options.labelColumn);
    const id = quote(options.idColumn);
    const from = `FROM ${quote(table)}`;
    const select = `SELECT ${data} AS data, ${label} AS label ${from} WHERE ${id} = ?`;
    this.#select = database.prepare(select);
    this.#exact = database.prepare(select);
    this.#bytes = database.prepare(
      `SELECT octet_length(${data}) AS data, octet_length(${label}) AS label ${from} WHERE ${id} = ?`,
    );
    const first = database.prepare(`SELECT substr(${id}, 1, 64) AS id ${from} LIMIT 1`);
    for (const statement of [this.#exact, this.#bytes]) statement.setReadBigInts(true);
    this.#form = idForm(first.get()?.id) ?? "blob";
    limitLength(database, Math.max(maxBlobBytes, LEAST_LENGTH));
  }

  /**
   * Reads a row.
   *
   * @param ids Bytes of ids.
   * @param offset Where the id begins, in bytes.
   * @returns The row; undefined if there is none.
   * @throws What SQLite throws: see `isTooBig`.
   */
  row(ids: Uint8Array, offset: number): SqliteRow | undefined {
    try {
      return this.#find(this.#select, ids, offset) as SqliteRow | undefined;
    } catch (error) {
      if ((error as { code?: string }).code !== OUT_OF_RANGE) throw error;
      return this.#find(this.#exact, ids, offset) as SqliteRow | undefined;
    }
  }

  /**
   * Reads how large a row is, without reading the row.
   *
   * @param ids Bytes of ids.
   * @param offset Where the id begins, in bytes.
   * @returns Its lengths; undefined if there is none.
   */
  bytes(ids: Uint8Array, offset: number): RowBytes | undefined {
    return this.#find(this.#bytes, ids, offset) as RowBytes | undefined;
  }

  /** Ids of one table are mostly of one form, but need not be. */
  #find(statement: StatementSync, ids: Uint8Array, offset: number) {
    const row = statement.get(idKey(this.#form, ids, offset));
    if (row) return row;
    for (const form of ID_FORMS) {
      const other = form === this.#form ? undefined : statement.get(idKey(form, ids, offset));
      if (!other) continue;
      this.#form = form;
      return other;
    }
  }
}

/**
 * Tells whether a value is longer than may be read.
 *
 * @param error What SQLite threw.
 * @returns True if so.
 */
export function isTooBig(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === TOO_BIG;
}

/**
 * Has SQLite refuse longer values before it reads them.
 *
 * @param database The database.
 * @param length Most bytes of a value.
 */
export function limitLength(database: DatabaseSync, length: number): void {
  // The types of `node:sqlite` lack it.
  const { limits } = database as unknown as { limits: { length: number } };
  limits.length = Math.min(limits.length, length);
}
