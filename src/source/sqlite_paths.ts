import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ID_BYTES, type IdList } from "../ids.ts";
import { quote } from "./quote.ts";
import type { SampleDescription } from "./source.ts";
import { ID_FORMS, idKey } from "./sqlite_ids.ts";
import type { SqliteOptions } from "./sqlite_options.ts";
import { sqliteColumns } from "./sqlite_schema.ts";

/** Characters of a path that are told at most. */
const LONGEST = 4096;

/** Looks up the paths of samples in a metadata table, if there is one. */
export class SqlitePaths {
  readonly #statement: StatementSync | undefined;

  /**
   * @param database The database.
   * @param options Names of the metadata table and its column of ids.
   */
  constructor(database: DatabaseSync, options: Required<SqliteOptions>) {
    const { path, metadataTable, metadataIdColumn } = options;
    try {
      const columns = sqliteColumns(database, path, metadataTable, "read");
      const has = (name: string) => columns.some((column) => column.name === name);
      if (!has("path") || !has(metadataIdColumn)) return;
      this.#statement = database.prepare(
        `SELECT substr(path, 1, ${LONGEST}) AS path FROM ${quote(metadataTable)} ` +
          `WHERE ${quote(metadataIdColumn)} = ? AND typeof(path) = 'text'`,
      );
    } catch {
      // A file without metadata that can be read names no paths.
    }
  }

  /**
   * Describes samples.
   *
   * @param ids Their ids.
   * @returns What is known of each.
   */
  describe(ids: IdList): SampleDescription[] {
    return Array.from({ length: ids.length }, (_, i) => {
      for (const form of this.#statement ? ID_FORMS : []) {
        try {
          const row = this.#statement!.get(idKey(form, ids.bytes, i * ID_BYTES));
          if (row) return { path: String(row.path) };
        } catch {
          return {};
        }
      }
      return {};
    });
  }
}
