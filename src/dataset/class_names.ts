import { SchemaError } from "../errors.ts";

/**
 * Names of classes by their numbers, each name of one number and each number of one name. The empty
 * name is none: it stands where only a number is known.
 */
export class ClassNames {
  /** Name of each number. */
  readonly byLabel: Map<number, string> = new Map();
  readonly #labels = new Map<string, number>();

  /**
   * Takes a class.
   *
   * @param label Its number; null where there is none.
   * @param name Its name; null where there is none.
   * @throws {SchemaError} If the number has another name, or the name another number.
   */
  add(label: number | null, name: string | null): void {
    if (label === null || name === null) return;
    const known = this.byLabel.get(label);
    if (known === name) return;
    if (name === "") {
      if (known === undefined) this.byLabel.set(label, name);
      return;
    }
    const number = this.#labels.get(name);
    if (known || number !== undefined) throw classConflict(name, label, number, known);
    this.byLabel.set(label, name);
    this.#labels.set(name, label);
  }
}

/**
 * Turns a map of classes around.
 *
 * @param numbers Number of each class.
 * @returns Name of each number.
 */
export function classNames(numbers: ReadonlyMap<string, number>): Map<number, string> {
  return new Map([...numbers].map(([name, label]) => [label, name]));
}

/**
 * Names the class of a row.
 *
 * @param names Names that are stored with the table.
 * @param label Number of the row's class.
 * @param name Its name, as the row has it.
 * @returns The name; null where there is none.
 * @throws {SchemaError} If the row and the table name the number differently.
 */
export function nameOf(
  names: ReadonlyMap<number, string>,
  label: number | null,
  name: unknown,
): string | null {
  const stored = label === null || names.size === 0 ? undefined : names.get(label);
  if (name === null || name === undefined || name === "") {
    return stored ?? (name === "" ? "" : null);
  }
  const own = typeof name === "string" ? name : String(name);
  if (stored !== undefined && stored !== own) throw classConflict(own, label!, undefined, stored);
  return own;
}

/**
 * Makes the error of a class with two numbers, or of a number with two classes.
 *
 * @param name Name of the class.
 * @param label The number that it shall have.
 * @param number The number that it has; undefined where it has none.
 * @param other The class that has the number it shall have.
 * @returns The error.
 */
export function classConflict(
  name: string,
  label: number,
  number: number | undefined,
  other: string | undefined,
): SchemaError {
  const wanted = number === undefined
    ? `number ${label} must be of one class`
    : `class ${JSON.stringify(name)} must have one number`;
  const received = number === undefined
    ? `${JSON.stringify(other)} and ${JSON.stringify(name)}`
    : `${number} and ${label}`;
  return new SchemaError(`Cannot number the classes as ${wanted}: received ${received}`, {
    option: "classes",
  });
}
