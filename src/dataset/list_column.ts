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
const NONE = 0xffffffff;

/** Texts, each different one kept once. */
export class TextColumn implements ListColumn {
  /** The different texts, in the order in which they came. */
  readonly texts: string[];
  readonly #codeOf = new Map<string, number>();
  #codes: Uint32Array<ArrayBuffer>;
  #length: number;

  /**
   * @param texts The different texts.
   * @param codes Which of them each value is; 2³² − 1 for null.
   */
  constructor(texts: string[] = [], codes: Uint32Array<ArrayBuffer> = new Uint32Array(0)) {
    this.texts = texts;
    this.#codes = codes;
    this.#length = codes.length;
    texts.forEach((text, code) => this.#codeOf.set(text, code));
  }

  /** Number of values. */
  get length(): number {
    return this.#length;
  }

  /** Which of the texts each value is. */
  get codes(): Uint32Array<ArrayBuffer> {
    return this.#codes.subarray(0, this.#length);
  }

  /**
   * Adds a value.
   *
   * @param value The text, or null.
   */
  push(value: string | null): void {
    let code = NONE;
    if (value !== null) {
      code = this.#codeOf.get(value) ?? this.texts.length;
      if (code === this.texts.length) {
        this.texts.push(value);
        this.#codeOf.set(value, code);
      }
    }
    if (this.#length === this.#codes.length) {
      const longer = new Uint32Array(Math.max(1024, this.#length * 2));
      longer.set(this.#codes);
      this.#codes = longer;
    }
    this.#codes[this.#length++] = code;
  }

  /**
   * One value.
   *
   * @param index Place of the sample.
   * @returns The text, or null.
   */
  at(index: number): string | null {
    return this.texts[this.#codes[index]] ?? null;
  }

  /**
   * Picks values by their places.
   *
   * @param places Places of values.
   * @returns A column with those values; its texts are in alphabetical order.
   */
  pick(places: ArrayLike<number>): TextColumn {
    const used = new Set<number>();
    for (let i = 0; i < places.length; i++) used.add(this.#codes[places[i]]);
    used.delete(NONE);
    const kept = [...used].sort((a, b) => (this.texts[a] < this.texts[b] ? -1 : 1));
    const codes = new Map([[NONE, NONE], ...kept.map((code, i) => [code, i] as const)]);
    return new TextColumn(
      kept.map((code) => this.texts[code]),
      Uint32Array.from(places, (place) => codes.get(this.#codes[place])!),
    );
  }

  /**
   * Iterates over the values.
   *
   * @returns The iterator.
   */
  *[Symbol.iterator](): Generator<string | null> {
    for (let i = 0; i < this.#length; i++) yield this.at(i);
  }
}

/** Numbers; null is NaN. */
export class NumberColumn implements ListColumn {
  #values: Float64Array<ArrayBuffer>;
  #length: number;

  /** @param values The numbers. */
  constructor(values: Float64Array<ArrayBuffer> = new Float64Array(0)) {
    this.#values = values;
    this.#length = values.length;
  }

  /** Number of values. */
  get length(): number {
    return this.#length;
  }

  /** The numbers; NaN for null. */
  get values(): Float64Array<ArrayBuffer> {
    return this.#values.subarray(0, this.#length);
  }

  /**
   * Adds a value.
   *
   * @param value The number, or null.
   */
  push(value: number | null): void {
    if (this.#length === this.#values.length) {
      const longer = new Float64Array(Math.max(1024, this.#length * 2));
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.#length++] = value ?? NaN;
  }

  /**
   * One value.
   *
   * @param index Place of the sample.
   * @returns The number, or null.
   */
  at(index: number): number | null {
    const value = this.#values[index];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /**
   * Picks values by their places.
   *
   * @param places Places of values.
   * @returns A column with those values.
   */
  pick(places: ArrayLike<number>): NumberColumn {
    return new NumberColumn(Float64Array.from(places, (place) => this.#values[place]));
  }

  /**
   * Iterates over the values.
   *
   * @returns The iterator.
   */
  *[Symbol.iterator](): Generator<number | null> {
    for (let i = 0; i < this.#length; i++) yield this.at(i);
  }
}
