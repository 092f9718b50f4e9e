/** Endings that are counted by name; the rest, which a hostile folder may have without end, is one. */
const MOST_ENDINGS = 100;
const LONGEST = 16;
const OTHERS = "others";

/** Counts files by the ending of their names. */
export class Endings {
  /** Number of files by ending, such as `.webp`; `no ending` and `others` stand there too. */
  readonly counts: Map<string, number> = new Map();

  /**
   * Counts a file.
   *
   * @param name Its name, or another word for what it is.
   */
  add(name: string): void {
    const dot = name.lastIndexOf(".");
    const ending = dot < 0 ? "no ending" : name.slice(dot).toLowerCase();
    const known = this.counts.has(ending) ||
      (ending.length <= LONGEST && this.counts.size < MOST_ENDINGS);
    this.count(known ? ending : OTHERS);
  }

  /**
   * Counts something by a word of its own.
   *
   * @param what The word.
   */
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}
