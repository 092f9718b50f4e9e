import { Chunked } from "./chunked.ts";
import { NO_TEXT, NumberColumn, TextColumn } from "./list_column.ts";
import type { ColumnValue } from "./schema.ts";

/** Values of a column as they are kept: numbers, or codes of texts. */
export type Cells = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * Puts the values of a column together. They stay numbers until the first text; from then on all of
 * the column is text, each different one kept once.
 */
export class ColumnBuilder {
  #numbers: Chunked<Float64Array<ArrayBuffer>> | undefined = new Chunked(Float64Array);
  readonly #codes = new Chunked<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #texts: string[] = [];
  readonly #codeOf = new Map<string, number>();

  /**
   * Adds a value.
   *
   * @param value A number, a text, or null.
   */
  push(value: ColumnValue): void {
    if (this.#numbers) {
      if (typeof value !== "string") return this.#numbers.push(value ?? NaN);
      const earlier = this.#numbers.take();
      this.#numbers = undefined;
      for (const number of earlier) this.#codes.push(this.#code(number));
    }
    this.#codes.push(this.#code(value));
  }

  /**
   * Takes the values that came since they were last taken.
   *
   * @returns Numbers, NaN for null, or codes of texts.
   */
  take(): Cells {
    return this.#numbers?.take() ?? this.#codes.take();
  }

  /** Whether a text came. */
  get isText(): boolean {
    return this.#numbers === undefined;
  }

  /**
   * Makes codes of values that were taken before the first text came.
   *
   * @param cells Values as they were taken.
   * @returns The values as the column has them now.
   */
  current(cells: Cells): Cells {
    if (!this.isText || cells instanceof Uint32Array) return cells;
    return Uint32Array.from(cells, (number) => this.#code(number));
  }

  /**
   * Puts the texts in their final order.
   *
   * @returns The texts, alphabetical, and the place of each code in them.
   */
  texts(): { texts: string[]; places: Uint32Array<ArrayBuffer> } {
    const texts = this.#texts.toSorted((a, b) => (a < b ? -1 : 1));
    const places = new Uint32Array(texts.length);
    texts.forEach((text, place) => places[this.#codeOf.get(text)!] = place);
    return { texts, places };
  }

  /**
   * Makes a column.
   *
   * @param cells Its values, as they were taken; kept and changed.
   * @returns The column.
   */
  column(cells: Cells): NumberColumn | TextColumn {
    if (cells instanceof Float64Array) return new NumberColumn(cells);
    const { texts, places } = this.texts();
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] !== NO_TEXT) cells[i] = places[cells[i]];
    }
    return new TextColumn(texts, cells);
  }

  #code(value: ColumnValue): number {
    if (value === null || Number.isNaN(value)) return NO_TEXT;
    const text = String(value);
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      code = this.#texts.push(text) - 1;
      this.#codeOf.set(text, code);
    }
    return code;
  }
}
