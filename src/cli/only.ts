import { nearest } from "../check.ts";
import type { ListRow } from "../dataset/list_builder.ts";
import { UsageError } from "../errors.ts";

/** Values of a column that are remembered, to say which one was meant. */
const REMEMBERED = 1000;

interface Condition {
  column: string;
  values: ReadonlySet<string>;
  /** Those of the values that a row had. */
  found: Set<string>;
  /** Values that were not asked for. */
  others: Set<string>;
}

/** What `--only` asks for, as `class=cat,dog`, and which of it there is. */
export class OnlyConditions {
  /** Columns that must be listed for it. */
  readonly columns: readonly string[];
  readonly #conditions: readonly Condition[];
  #kept = 0;

  /**
   * Reads the conditions.
   *
   * @param texts As they stand on the command line.
   * @throws {UsageError} If one is no condition.
   */
  constructor(texts: readonly string[]) {
    this.#conditions = texts.map((text) => {
      const [, column, values] = /^([^=]+)=(.*)$/.exec(text) ?? [];
      if (column !== undefined) {
        return { column, values: new Set(values.split(",")), found: new Set(), others: new Set() };
      }
      throw new UsageError(
        `Cannot list as --only must be a column and values, class=cat,dog: received "${text}"`,
        { option: "only" },
      );
    });
    this.columns = this.#conditions.map(({ column }) => column)
      .filter((column) => column !== "class" && column !== "label");
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#conditions.length === 0;
  }

  /**
   * Checks a row.
   *
   * @param row The row.
   * @param names Columns that are listed, in their order.
   * @returns Whether it fulfils all conditions.
   */
  accepts(row: ListRow, names: readonly string[]): boolean {
    let accepted = true;
    for (const { column, values, found, others } of this.#conditions) {
      const value = column === "class"
        ? row.class
        : column === "label"
        ? row.label
        : row.columns[names.indexOf(column)];
      const text = String(value ?? "");
      if (values.has(text)) found.add(text);
      else {
        accepted = false;
        if (others.size < REMEMBERED) others.add(text);
      }
    }
    if (accepted) this.#kept++;
    return accepted;
  }

  /**
   * Says what was asked for in vain, once all rows are checked.
   *
   * @param warn Is told of a value that no row had, beside others that some had.
   * @throws {UsageError} If nothing is left.
   */
  check(warn: (message: string) => void): void {
    for (const { column, values, found, others } of this.#conditions) {
      for (const value of values) {
        if (found.has(value)) continue;
        const meant = nearest(value, [...others]);
        const hint = meant === undefined ? "" : ` (did you mean ${column}=${meant}?)`;
        const text = `${column}=${value}, which no row has${hint}`;
        if (found.size === 0) this.#refuse(text);
        warn(`--only: received ${text}`);
      }
    }
    if (this.#kept > 0) return;
    const all = this.#conditions.map(({ column, values }) => `${column}=${[...values].join()}`);
    this.#refuse(`${all.join(" and ")}, which no row has together`);
  }

  #refuse(received: string): never {
    throw new UsageError(`Cannot list as --only must leave a row: received ${received}`, {
      option: "only",
    });
  }
}
