import type { ColumnValue } from "./schema.ts";

/** A column of a list: a value for each sample. */
export interface ListColumn extends Iterable<ColumnValue> {
  /** Number of values. */
  readonly length: number;
  /**
   * One value.
   *
   * @param index Place of the sample.
   * @returns The value; null where there is none.
   */
  at(index: number): ColumnValue;
  /**
   * Picks values by their places.
   *
   * @param places Places, each from 0 to `length - 1`.
   * @returns A new column with those values, in that order.
   */
  pick(places: ArrayLike<number>): ListColumn;
}

/** Code of a missing text. */
export const NO_TEXT = 0xffffffff;

/** Texts, each different one kept once. */
export class TextColumn implements ListColumn {
  /** The different texts. */
  readonly texts: readonly string[];
  /** Which of the texts each value is; 2³² − 1 for null. */
  readonly codes: Uint32Array<ArrayBuffer>;

  /**
   * @param texts The different texts; kept.
   * @param codes Which of them each value is; 2³² − 1 for null. Kept.
   */
  constructor(texts: readonly string[], codes: Uint32Array<ArrayBuffer>) {
    this.texts = texts;
    this.codes = codes;
  }

  /** Number of values. */
  get length(): number {
    return this.codes.length;
  }

  /**
   * One value.
   *
   * @param index Place of the sample.
   * @returns The text, or null.
   */
  at(index: number): string | null {
    return this.texts[this.codes[index]] ?? null;
  }

  /**
   * Picks values by their places.
   *
   * @param places Places of values.
   * @returns A column with those values; its texts are in alphabetical order.
   */
  pick(places: ArrayLike<number>): TextColumn {
    const used = new Set<number>();
    for (let i = 0; i < places.length; i++) used.add(this.codes[places[i]]);
    used.delete(NO_TEXT);
    const kept = [...used].sort((a, b) => (this.texts[a] < this.texts[b] ? -1 : 1));
    const codes = new Map([[NO_TEXT, NO_TEXT], ...kept.map((code, i) => [code, i] as const)]);
    return new TextColumn(
      kept.map((code) => this.texts[code]),
      Uint32Array.from(places, (place) => codes.get(this.codes[place])!),
    );
  }

  /**
   * Iterates over the values.
   *
   * @returns The iterator.
   */
  *[Symbol.iterator](): Generator<string | null> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** Numbers; null is NaN. */
export class NumberColumn implements ListColumn {
  /** The numbers; NaN for null. */
  readonly values: Float64Array<ArrayBuffer>;

  /** @param values The numbers; kept. */
  constructor(values: Float64Array<ArrayBuffer>) {
    this.values = values;
  }

  /** Number of values. */
  get length(): number {
    return this.values.length;
  }

  /**
   * One value.
   *
   * @param index Place of the sample.
   * @returns The number, or null.
   */
  at(index: number): number | null {
    const value = this.values[index];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /**
   * Picks values by their places.
   *
   * @param places Places of values.
   * @returns A column with those values.
   */
  pick(places: ArrayLike<number>): NumberColumn {
    return new NumberColumn(Float64Array.from(places, (place) => this.values[place]));
  }

  /**
   * Iterates over the values.
   *
   * @returns The iterator.
   */
  *[Symbol.iterator](): Generator<number | null> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}
