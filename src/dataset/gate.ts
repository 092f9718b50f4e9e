/** Lets a bounded number of tasks be under way at once. */
export class Gate {
  readonly #limit: number;
  #underWay = 0;
  #waiting: (() => void)[] = [];

  /** @param limit How many may be under way. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Waits until one more may begin, and counts it. A race of all that is under way would do the
   * same, but takes 12 KB for each task when there are 64.
   *
   * @returns Once there is room; `leave` ends it.
   */
  async enter(): Promise<void> {
    while (this.#underWay >= this.#limit) await this.#change();
    this.#underWay++;
  }

  /** Takes note that a task has ended. */
  leave(): void {
    this.#underWay--;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /**
   * Waits for all tasks.
   *
   * @returns Once none is under way.
   */
  async empty(): Promise<void> {
    while (this.#underWay > 0) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
