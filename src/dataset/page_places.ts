import { FetchError } from "../errors.ts";

/**
 * Finds out whether pages go round in a circle, which would never end: each place is compared with
 * one before it, which is the last whose number was a power of two (Brent's method).
 */
export class PagePlaces {
  readonly #name: string;
  #kept: string | undefined;
  #pages = 0;

  /** @param name Name of the table. */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Takes note of where the next page begins.
   *
   * @param place The server's word for it; undefined after the last page.
   * @throws {FetchError} If it was there before.
   */
  add(place: string | undefined): void {
    if (place === undefined) return;
    if (place === this.#kept) {
      throw new FetchError(
        `Cannot read ${this.#name} as each page must lead to another: received a page again after ${this.#pages} pages`,
      );
    }
    if ((++this.#pages & (this.#pages - 1)) === 0) this.#kept = place;
  }
}
