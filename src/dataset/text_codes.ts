import { NO_TEXT } from "./list_column.ts";
import type { ColumnValue } from "./schema.ts";

/** Numbers of the texts of a column: each different one is kept once. */
export class TextCodes {
  readonly #texts: string[] = [];
  readonly #codeOf = new Map<string, number>();

  /**
   * Makes a code of a value.
   *
   * @param value A text, or a number of a column that has texts too; null and NaN for none.
   * @returns Its code, from 0 in the order in which texts came; 2³² − 1 for none.
   */
  code(value: ColumnValue): number {
    if (value === null || Number.isNaN(value)) return NO_TEXT;
    const text = String(value);
    let code = this.#codeOf.get(text);
    if (code === undefined) {
      code = this.#texts.push(text) - 1;
      this.#codeOf.set(text, code);
    }
    return code;
  }

  /**
   * Puts the texts in their final order.
   *
   * @returns The texts, alphabetical, and the place of each code in them.
   */
  sorted(): { texts: string[]; places: Uint32Array<ArrayBuffer> } {
    const texts = this.#texts.toSorted((a, b) => (a < b ? -1 : 1));
    const places = new Uint32Array(texts.length);
    texts.forEach((text, place) => places[this.#codeOf.get(text)!] = place);
    return { texts, places };
  }
}
