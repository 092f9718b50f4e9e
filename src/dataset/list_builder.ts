import { IdList } from "../ids.ts";
import type { ListColumn } from "./list_column.ts";
import { RowBuffer, type RowSink } from "./row_buffer.ts";
import type { ColumnValue } from "./schema.ts";

/** Ids of a data set with their labels. */
export interface SampleList {
  /** Ids of all samples, ascending. */
  ids: IdList;
  /** Label of each sample; −1 where it has none. */
  labels: Int32Array<ArrayBuffer>;
  /** Name of each sample's class. */
  classes: Map<number, string>;
  /** Columns that were asked for, a value for each sample. */
  columns: Map<string, ListColumn>;
}

/** One row of a metadata or a data table, as it is listed. */
export interface ListRow {
  /** Id of the sample, 16 bytes; used again for the next row. */
  id: Uint8Array;
  /** Number of its class. */
  label: number | null;
  /** Name of its class. */
  class: string | null;
  /** Values of the columns that were asked for, in their order. */
  columns: ColumnValue[];
}

/** Puts rows together to a list in memory. */
export class ListBuilder implements RowSink {
  readonly #names: readonly string[];
  readonly #rows: RowBuffer;

  /** @param columns Names of the columns that are kept. */
  constructor(columns: readonly string[] = []) {
    this.#names = columns;
    this.#rows = new RowBuffer(columns.length);
  }

  /**
   * Adds a row.
   *
   * @param id Its id, 16 bytes; copied.
   * @param label Number of its class.
   * @param name Name of its class.
   * @param columns Values of the columns, in the order of their names.
   */
  add(
    id: Uint8Array,
    label: number | null,
    name: string | null,
    columns: readonly ColumnValue[] = [],
  ): void {
    this.#rows.add(id, label, name, columns);
  }

  /**
   * Makes the list.
   *
   * @returns Ids in ascending order, so that the same rows always give the same list.
   */
  build(): SampleList {
    const { ids, labels, cells } = this.#rows.take();
    const { classes, columns } = this.#rows;
    return {
      ids: new IdList(ids),
      labels,
      classes: sortedClasses(classes),
      columns: new Map(this.#names.map((name, c) => [name, columns[c].column(cells[c])])),
    };
  }
}

/**
 * Sorts classes by their numbers.
 *
 * @param classes Name of each class.
 * @returns The same in ascending order.
 */
export function sortedClasses(classes: Map<number, string>): Map<number, string> {
  return new Map([...classes].sort(([a], [b]) => a - b));
}
