import { ID_BYTES, IdList } from "../ids.ts";
import { type ListColumn, NumberColumn, TextColumn } from "./list_column.ts";
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
  /** Id of the sample, 16 bytes. */
  id: Uint8Array;
  /** Number of its class. */
  label: number | null;
  /** Name of its class. */
  class: string | null;
  /** Values of the columns that were asked for, in their order. */
  columns: ColumnValue[];
}

const START = 1024;
const DIGIT = 0x10000;

/** Puts rows together to a list, in some 20 bytes a row and what the columns take. */
export class ListBuilder {
  readonly #names: readonly string[];
  #ids = new Uint8Array(START * ID_BYTES);
  #labels = new Int32Array(START);
  #length = 0;
  readonly #classes = new Map<number, string>();
  readonly #texts: TextColumn[] = [];
  readonly #numbers: (NumberColumn | undefined)[] = [];

  /** @param columns Names of the columns that are kept. */
  constructor(columns: readonly string[] = []) {
    this.#names = columns;
    for (const _ of columns) this.#texts.push(new TextColumn());
    this.#numbers = columns.map(() => new NumberColumn());
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
    if (this.#length === this.#labels.length) this.#grow();
    const at = this.#length++;
    const from = at * ID_BYTES;
    const ids = this.#ids;
    for (let i = 0; i < ID_BYTES; i++) ids[from + i] = id[i];
    this.#labels[at] = label ?? -1;
    if (label !== null && name !== null && !this.#classes.has(label)) {
      this.#classes.set(label, name);
    }
    for (let c = 0; c < this.#names.length; c++) this.#put(c, columns[c] ?? null);
  }

  /**
   * Makes the list.
   *
   * @returns Ids in ascending order, so that the same rows always give the same list.
   */
  build(): SampleList {
    const order = sortIds(this.#ids, this.#length);
    const words = new Uint32Array(this.#ids.buffer);
    const sorted = new Uint32Array(this.#length * 4);
    const labels = new Int32Array(this.#length);
    for (let i = 0; i < this.#length; i++) {
      const from = order[i] * 4;
      for (let word = 0; word < 4; word++) sorted[i * 4 + word] = words[from + word];
      labels[i] = this.#labels[order[i]];
    }
    const ids = new IdList(new Uint8Array(sorted.buffer));
    const columns = new Map<string, ListColumn>();
    this.#names.forEach((name, c) => {
      columns.set(name, (this.#numbers[c] ?? this.#texts[c]).pick(order));
    });
    const classes = new Map([...this.#classes].sort(([a], [b]) => a - b));
    return { ids, labels, classes, columns };
  }

  /** Numbers stay numbers until the first text; then all of the column is text. */
  #put(column: number, value: ColumnValue): void {
    const numbers = this.#numbers[column];
    const texts = this.#texts[column];
    if (numbers && typeof value !== "string") return numbers.push(value);
    if (numbers) {
      for (const earlier of numbers) texts.push(earlier === null ? null : String(earlier));
      this.#numbers[column] = undefined;
    }
    texts.push(value === null ? null : String(value));
  }

  #grow(): void {
    const ids = new Uint8Array(this.#ids.length * 2);
    ids.set(this.#ids);
    this.#ids = ids;
    const labels = new Int32Array(this.#labels.length * 2);
    labels.set(this.#labels);
    this.#labels = labels;
  }
}

/**
 * Sorts ids by a radix sort on digits of 16 bits: the time does not depend on what ids look like,
 * and nothing but numbers is compared. Random ids differ in their first 48 bits, so those are tried
 * first.
 *
 * @param ids The ids, 16 bytes each.
 * @param length Number of ids.
 * @returns Their places in ascending order of the ids.
 */
export function sortIds(ids: Uint8Array, length: number): Uint32Array<ArrayBuffer> {
  const order = radixSort(ids, length, 6);
  for (let i = 1; i < length; i++) {
    if (compare(ids, order[i - 1], order[i]) > 0) return radixSort(ids, length, ID_BYTES);
  }
  return order;
}

function compare(ids: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < ID_BYTES; i++) {
    const difference = ids[a * ID_BYTES + i] - ids[b * ID_BYTES + i];
    if (difference !== 0) return difference;
  }
  return 0;
}

function radixSort(ids: Uint8Array, length: number, bytes: number): Uint32Array<ArrayBuffer> {
  let order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  let next = new Uint32Array(length);
  const counts = new Uint32Array(DIGIT + 1);
  for (let at = bytes - 2; at >= 0; at -= 2) {
    counts.fill(0);
    for (let i = 0; i < length; i++) {
      const from = i * ID_BYTES + at;
      counts[(ids[from] << 8 | ids[from + 1]) + 1]++;
    }
    for (let digit = 0; digit < DIGIT; digit++) counts[digit + 1] += counts[digit];
    for (let i = 0; i < length; i++) {
      const place = order[i];
      const from = place * ID_BYTES + at;
      next[counts[ids[from] << 8 | ids[from + 1]]++] = place;
    }
    [order, next] = [next, order];
  }
  return order;
}
