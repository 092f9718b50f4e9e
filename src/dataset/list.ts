import { DatabaseSync } from "node:sqlite";
import { SchemaError, UsageError } from "../errors.ts";
import { ID_BYTES, IdList } from "../ids.ts";

/** Ids of a data set with their labels. */
export interface SampleList {
  /** Ids of all samples, ascending. */
  ids: IdList;
  /** Label of each sample; −1 where it has none. */
  labels: Int32Array<ArrayBuffer>;
  /** Name of each sample's class. */
  classes: Map<number, string>;
}

/** One row of a metadata table. */
export interface MetadataRow {
  /** Id of the sample, 16 bytes. */
  id: Uint8Array;
  /** Number of its class. */
  label: number | null;
  /** Name of its class. */
  class: string | null;
}

/**
 * Puts the rows of a metadata table together.
 *
 * @param rows The rows, in any order.
 * @returns Ids in ascending order, so that the same rows always give the same list.
 */
export function sampleList(rows: readonly MetadataRow[]): SampleList {
  const sorted = rows.toSorted((a, b) => compare(a.id, b.id));
  const bytes = new Uint8Array(sorted.length * ID_BYTES);
  const labels = new Int32Array(sorted.length);
  const classes = new Map<number, string>();
  sorted.forEach(({ id, label, class: name }, i) => {
    bytes.set(id, i * ID_BYTES);
    labels[i] = label ?? -1;
    if (label !== null && name !== null) classes.set(label, name);
  });
  return { ids: new IdList(bytes), labels, classes };
}

/**
 * Reads the ids of a data set from the metadata table of a SQLite file.
 *
 * @param path Path of the database file.
 * @param table Name of the metadata table.
 * @returns The ids with their labels.
 * @throws {UsageError} If the file cannot be opened as a database.
 * @throws {SchemaError} If the table or one of its columns is missing.
 */
export function listSqlite(path: string, table = "metadata"): SampleList {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true });
  } catch (cause) {
    throw new UsageError(
      `Cannot list ${path} as it must be a SQLite database: received ${(cause as Error).message}`,
      { option: "path", cause },
    );
  }
  try {
    const rows = database.prepare(`SELECT id, label, class FROM "${table}"`).all();
    return sampleList(rows as unknown as MetadataRow[]);
  } catch (cause) {
    throw new SchemaError(
      `Cannot list ${path} as it must have a table "${table}" with columns id, label and class: received ${
        (cause as Error).message
      }`,
      { option: "table", cause },
    );
  } finally {
    database.close();
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}
