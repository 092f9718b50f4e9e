import { UsageError } from "./errors.ts";

/**
 * Shows a wrong value in a message: briefly, and never what is in an object.
 *
 * @param value The value.
 * @returns A text such as `"x"`, `7`, `null`, `a function`.
 */
export function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "function") return "a function";
  if (isPromise(value)) return "a Promise (await it first)";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/**
 * Tells a promise where a value was meant.
 *
 * @param value Anything.
 * @returns Whether it is one.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" &&
    typeof (value as { then?: unknown } | null)?.then === "function";
}

/** Characters that a terminal would act on, or that cannot be seen. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * Makes a text that comes from a data set fit to be printed on a line.
 *
 * @param text The text.
 * @returns The text with what cannot be seen, or what a terminal would act on, as `\u{1b}`.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** Checks the options of one thing; one that is undefined counts as left out. */
export class OptionCheck {
  readonly #task: string;

  /** @param task What cannot be done if one is wrong, such as `make a loader`. */
  constructor(task: string) {
    this.#task = task;
  }

  /**
   * Refuses an option.
   *
   * @param option Its name.
   * @param expected What it must be.
   * @param received What it is, if that is not shown by `value`.
   * @throws {UsageError} Always.
   */
  refuse(option: string, expected: string, received: string): never {
    throw new UsageError(
      `Cannot ${this.#task} as ${option} must be ${expected}: received ${received}`,
      { option },
    );
  }

  /**
   * Checks a condition.
   *
   * @param good Whether the option is right.
   * @param option Its name.
   * @param expected What it must be.
   * @param value What it is.
   */
  that(good: boolean, option: string, expected: string, value: unknown): void {
    if (!good) this.refuse(option, expected, show(value));
  }

  /**
   * Checks that options are an object that has no unknown names, as one with a typing error would
   * silently do nothing.
   *
   * @param options The options.
   * @param known Something under each name that there is; what it is does not matter.
   * @param prefix What stands before the names in messages, such as `output.`.
   */
  names<T>(options: T, known: Readonly<Record<keyof T, unknown>>, prefix = ""): void {
    const whole = prefix === "" ? "options" : prefix.slice(0, -1);
    const isObject = typeof options === "object" && options !== null && !Array.isArray(options) &&
      !isPromise(options);
    this.that(isObject, whole, "an object", options);
    for (const name of Object.keys(options as object)) {
      if (Object.hasOwn(known, name)) continue;
      const meant = nearest(name, Object.keys(known));
      const hint = meant === undefined ? "" : ` (did you mean ${prefix}${meant}?)`;
      this.refuse(prefix + name, "left out, as there is no such option", `it${hint}`);
    }
  }

  /**
   * Checks that an option is one of some texts.
   *
   * @param option Its name.
   * @param value What it is.
   * @param choices What it may be.
   */
  oneOf(option: string, value: unknown, choices: readonly string[]): void {
    const good = value === undefined || choices.includes(value as string);
    if (!good) this.that(false, option, choices.map(show).join(" or "), value);
  }

  /**
   * Checks that an option is a whole number.
   *
   * @param option Its name.
   * @param value What it is.
   * @param from The least that it may be.
   */
  whole(option: string, value: unknown, from: number): void {
    const good = value === undefined || (Number.isSafeInteger(value) && Number(value) >= from);
    this.that(good, option, `a whole number from ${from} on`, value);
  }

  /**
   * Checks that an option is true or false.
   *
   * @param option Its name.
   * @param value What it is.
   */
  flag(option: string, value: unknown): void {
    this.that(value === undefined || typeof value === "boolean", option, "true or false", value);
  }

  /**
   * Checks that an option is a text that is not empty.
   *
   * @param option Its name.
   * @param value What it is.
   */
  text(option: string, value: unknown): void {
    const good = value === undefined || (typeof value === "string" && value !== "");
    this.that(good, option, "a text that is not empty", value);
  }

  /**
   * Checks that an option is a list of texts.
   *
   * @param option Its name.
   * @param value What it is.
   * @param least How many there must be.
   */
  texts(option: string, value: unknown, least = 0): void {
    const good = value === undefined ||
      (Array.isArray(value) && value.length >= least && value.every((x) => typeof x === "string"));
    const some = least === 0 ? "a list of texts" : `a list of at least ${least} text`;
    this.that(good, option, some, value);
  }

  /**
   * Checks that an option is a function.
   *
   * @param option Its name.
   * @param value What it is.
   */
  callback(option: string, value: unknown): void {
    this.that(value === undefined || typeof value === "function", option, "a function", value);
  }

  /**
   * Checks that an option is a GPU device; one of another implementation of WebGPU will do.
   *
   * @param option Its name.
   * @param value What it is.
   */
  device(option: string, value: unknown): void {
    const { queue, createBuffer } = (value ?? {}) as Partial<GPUDevice>;
    const good = typeof createBuffer === "function" && typeof queue?.submit === "function";
    this.that(good, option, "a GPUDevice", value);
  }

  /**
   * Checks that an option is an `AbortSignal`.
   *
   * @param option Its name.
   * @param value What it is.
   */
  signal(option: string, value: unknown): void {
    const good = value === undefined || value instanceof AbortSignal;
    this.that(good, option, "an AbortSignal", value);
  }
}

/**
 * Finds the known name that a wrong one was likely to be: at most two letters differ.
 *
 * @param name The wrong one.
 * @param known Those that there are.
 * @returns The nearest; undefined where none is near.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const least = { distance: 3, name: undefined as string | undefined };
  for (const other of known) {
    const distance = editDistance(name.toLowerCase(), other.toLowerCase());
    if (distance < least.distance) Object.assign(least, { distance, name: other });
  }
  return least.name;
}

/** Letters to insert, delete or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
