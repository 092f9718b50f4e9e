import { isPromise } from "../check.ts";
import { UsageError } from "../errors.ts";
import type { Given } from "./operator.ts";

/**
 * Throws unless all names are known: a misspelt option must not be passed over.
 *
 * @param maker Operator that takes them, for the message.
 * @param given What the caller gave.
 * @param known Names that there are.
 * @throws {UsageError} If a name is not known.
 */
export function checkNames(maker: string, given: object, known: readonly string[]): void {
  optionsOf(maker, given);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new UsageError(
      `Cannot make ${maker} as its options must be among ${known.join(", ")}: received "${name}"`,
      { option: name },
    );
  }
}

/**
 * Throws unless options are an object: of a number, a text or a promise nothing would be left where
 * they are put together with others.
 *
 * @param maker Operator that takes them, for the message.
 * @param options What the caller gave.
 * @param example How they are written.
 * @returns The options.
 * @throws {UsageError} If they are anything else.
 */
export function optionsOf<T extends object>(maker: string, options: T, example = "{ … }"): T {
  const isObject = typeof options === "object" && options !== null && !Array.isArray(options) &&
    !isPromise(options);
  if (isObject) return options;
  throw new UsageError(
    `Cannot make ${maker} as its options must be an object, ${example}: received ${show(options)}`,
    { option: "options" },
  );
}

/**
 * Throws if an option is given in two ways: neither must be passed over.
 *
 * @param maker Operator that takes them, for the message.
 * @param given What the caller gave beside a size.
 * @param names Options that the size stands for.
 * @throws {UsageError} If one of them is there.
 */
export function checkLeftOut(maker: string, given: object, names: readonly string[]): void {
  optionsOf(maker, given);
  for (const name of names) {
    const value = (given as Given)[name];
    if (value === undefined) continue;
    throw new UsageError(
      `Cannot make ${maker} as ${name} must be left out beside a size: received ${show(value)}`,
      { option: name },
    );
  }
}

/**
 * Throws unless a value is a finite number within limits.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @param least Smallest number allowed.
 * @param most Largest number allowed.
 * @returns The number.
 * @throws {UsageError} If it is anything else.
 */
export function checkNumber(
  maker: string,
  option: string,
  value: unknown,
  least = -Number.MAX_VALUE,
  most = Number.MAX_VALUE,
): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  const range = most < Number.MAX_VALUE
    ? `from ${least} to ${most}`
    : least > -Number.MAX_VALUE
    ? `of at least ${least}`
    : "that is finite";
  throw new UsageError(
    `Cannot make ${maker} as ${option} must be a number ${range}: received ${show(value)}`,
    { option },
  );
}

/**
 * Throws unless a value is a whole number within limits.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @param least Smallest number allowed.
 * @param most Largest number allowed.
 * @returns The number.
 * @throws {UsageError} If it is anything else.
 */
export function checkInteger(
  maker: string,
  option: string,
  value: unknown,
  least: number,
  most: number,
): number {
  if (Number.isInteger(value)) return checkNumber(maker, option, value, least, most);
  throw new UsageError(
    `Cannot make ${maker} as ${option} must be a whole number from ${least} to ${most}: received ${
      show(value)
    }`,
    { option },
  );
}

/**
 * Throws unless a value is true or false.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @returns The value.
 * @throws {UsageError} If it is anything else.
 */
export function checkBoolean(maker: string, option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new UsageError(
    `Cannot make ${maker} as ${option} must be true or false: received ${show(value)}`,
    { option },
  );
}

/**
 * Throws unless a value is one of some names.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @param names Names allowed.
 * @returns The name.
 * @throws {UsageError} If it is anything else.
 */
export function checkName<T extends string>(
  maker: string,
  option: string,
  value: unknown,
  names: readonly T[],
): T {
  if (names.includes(value as T)) return value as T;
  throw new UsageError(
    `Cannot make ${maker} as ${option} must be one of ${names.join(", ")}: received ${show(value)}`,
    { option },
  );
}

/**
 * Throws unless a value is a range of numbers.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @param most Largest number allowed; the smallest must be above 0.
 * @returns Lower and upper end.
 * @throws {UsageError} If it is anything else.
 */
export function checkRange(
  maker: string,
  option: string,
  value: unknown,
  most = Number.MAX_VALUE,
): [number, number] {
  if (Array.isArray(value) && value.length === 2 && value.every(Number.isFinite)) {
    const [low, high] = value;
    if (low > 0 && low <= high && high <= most) return [low, high];
  }
  const limit = most < Number.MAX_VALUE ? ` and at most ${most}` : "";
  throw new UsageError(
    `Cannot make ${maker} as ${option} must be [low, high] with 0 < low ≤ high${limit}: received ${
      show(value)
    }`,
    { option },
  );
}

/** Most pixels to a side: what a JPEG file can have, and workgroups along one dimension. */
export const MOST_PIXELS = 65535;

/**
 * Throws unless a value is a size in whole pixels.
 *
 * @param maker Operator that takes it, for the message.
 * @param value One number for both, or `{ width, height }`.
 * @returns Width and height.
 * @throws {UsageError} If it is anything else.
 */
export function checkSize(maker: string, value: unknown): { width: number; height: number } {
  if (typeof value === "object" && value !== null) {
    checkNames(maker, value, ["width", "height"]);
    const { width, height } = value as { width: unknown; height: unknown };
    return {
      width: checkInteger(maker, "width", width, 1, MOST_PIXELS),
      height: checkInteger(maker, "height", height, 1, MOST_PIXELS),
    };
  }
  const side = checkInteger(maker, "size", value, 1, MOST_PIXELS);
  return { width: side, height: side };
}

/**
 * Writes a value for a message.
 *
 * @param value Anything.
 * @returns JSON where there is one.
 */
export function show(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  if (isPromise(value)) return "a Promise (await it first)";
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
