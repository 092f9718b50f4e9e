import { Chunked } from "./chunked.ts";
import { NO_TEXT, NumberColumn, TextColumn } from "./list_column.ts";
import type { ColumnValue } from "./schema.ts";
import { TextCodes } from "./text_codes.ts";

/** Values of a column as they are kept: numbers, or codes of texts. */
export type Cells = Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * Puts the values of a column together. They stay numbers until the first text; from then on all of
 * the column is text, each different one kept once.
 */
export class ColumnBuilder {
  #numbers: Chunked<Float64Array<ArrayBuffer>> | undefined = new Chunked(Float64Array);
  readonly #codes = new Chunked<Uint32Array<ArrayBuffer>>(Uint32Array);
  readonly #texts = new TextCodes();

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
      for (const number of earlier) this.#codes.push(this.#texts.code(number));
    }
    this.#codes.push(this.#texts.code(value));
  }

  /**
   * Takes the values out.
   *
   * @returns Numbers, NaN for null, or codes of texts.
   */
  take(): Cells {
    return this.#numbers?.take() ?? this.#codes.take();
  }

  /**
   * Makes a column.
   *
   * @param cells Its values, as they were taken; kept and changed.
   * @returns The column.
   */
  column(cells: Cells): NumberColumn | TextColumn {
    if (cells instanceof Float64Array) return new NumberColumn(cells);
    const { texts, places } = this.#texts.sorted();
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] !== NO_TEXT) cells[i] = places[cells[i]];
    }
    return new TextColumn(texts, cells);
  }
}
