/** Most warnings of a file that are kept: a small file could ask for millions. */
const MOST_KEPT = 20;

/** What is odd about a file, of which the first ones are kept and the rest is counted. */
export class Warnings {
  readonly #kept: string[] = [];
  #count = 0;

  /**
   * Adds one.
   *
   * @param warning The warning, or what writes it; not asked for where it is not kept.
   */
  add(warning: string | (() => string)): void {
    if (this.#count++ >= MOST_KEPT) return;
    this.#kept.push(typeof warning === "string" ? warning : warning());
  }

  /**
   * Lists them.
   *
   * @returns Those that were kept, and after them how many more there were.
   */
  list(): string[] {
    const more = this.#count - this.#kept.length;
    return more === 0 ? this.#kept : [
      ...this.#kept,
      `${more} more oddities, of which the first ${MOST_KEPT} are told`,
    ];
  }
}
