import type { OptionCheck } from "../check.ts";
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

/**
 * Checks that a list has a label, and a value of each column, for each id.
 *
 * @param check Whose matter it is.
 * @param list As the caller gave it.
 * @throws {UsageError} If it is no such list.
 */
export function checkList(check: OptionCheck, list: SampleList): void {
  check.that(typeof list === "object" && list !== null, "list", "a SampleList", list);
  const { ids, labels, classes, columns } = list;
  check.that(ids instanceof IdList, "list.ids", "an IdList", ids);
  check.that(labels instanceof Int32Array, "list.labels", "an Int32Array", labels);
  check.that(classes instanceof Map, "list.classes", "a Map of names by label", classes);
  check.that(columns instanceof Map, "list.columns", "a Map of columns by name", columns);
  const each = `as many as ids, ${ids.length}`;
  check.that(labels.length === ids.length, "list.labels", each, labels.length);
  for (const [name, column] of columns) {
    check.that(column?.length === ids.length, `list.columns ${name}`, each, column?.length);
  }
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
