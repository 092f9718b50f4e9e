import { ID_BYTES } from "../ids.ts";
import { ClassNames } from "./class_names.ts";
import { Chunked } from "./chunked.ts";
import { type Cells, ColumnBuilder } from "./column_builder.ts";
import type { ColumnValue } from "./schema.ts";
import { sortRows } from "./sort_rows.ts";

/** Takes the rows that a table is listed by. */
export interface RowSink {
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
    columns?: readonly ColumnValue[],
  ): void;
}

/** Rows by their ids. */
export interface SortedRows {
  /** Ids, 16 bytes each, ascending. */
  ids: Uint8Array<ArrayBuffer>;
  /** Label of each row; −1 where it has none. */
  labels: Int32Array<ArrayBuffer>;
  /** Values of each column. */
  cells: Cells[];
}

/** Rows in the order in which they came, 20 bytes each and what their columns take. */
export class RowBuffer implements RowSink {
  /** Name of each class. */
  readonly classes: Map<number, string>;
  /** The columns. */
  readonly columns: readonly ColumnBuilder[];
  readonly #classes = new ClassNames();
  readonly #ids = new Chunked<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #labels = new Chunked<Int32Array<ArrayBuffer>>(Int32Array);

  /** @param columns Number of columns. */
  constructor(columns: number) {
    this.classes = this.#classes.byLabel;
    this.columns = Array.from({ length: columns }, () => new ColumnBuilder());
  }

  /** Number of rows. */
  get length(): number {
    return this.#labels.length;
  }

  /**
   * Adds a row.
   *
   * @param id Its id, 16 bytes; copied.
   * @param label Number of its class.
   * @param name Name of its class.
   * @param columns Values of the columns.
   */
  add(
    id: Uint8Array,
    label: number | null,
    name: string | null,
    columns: readonly ColumnValue[] = [],
  ): void {
    for (let i = 0; i < ID_BYTES; i += 4) {
      // Little endian, as is all that runs Deno, so that the words lie as the bytes did.
      this.#ids.push(id[i] | id[i + 1] << 8 | id[i + 2] << 16 | id[i + 3] << 24);
    }
    this.#labels.push(label ?? -1);
    this.#classes.add(label, name);
    for (let c = 0; c < this.columns.length; c++) this.columns[c].push(columns[c] ?? null);
  }

  /**
   * Takes the rows out.
   *
   * @returns The rows that came since they were last taken, by ids.
   */
  take(): SortedRows {
    const ids = new Uint8Array(this.#ids.take().buffer);
    const labels = this.#labels.take();
    const cells = this.columns.map((column) => column.take());
    sortRows(ids, [labels, ...cells]);
    return { ids, labels, cells };
  }
}
