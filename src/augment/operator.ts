import { UsageError } from "../errors.ts";
import type { IdList } from "../ids.ts";
import type { Chain } from "./chain.ts";
import type { Filter } from "./geometry.ts";
import type { SampleRandom } from "./philox.ts";

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [name: string]: Json;
};

/**
 * One step of an augmentation, as plain data: made by {@linkcode resize},
 * {@linkcode randomResizedCrop} and the like, carried out by an {@linkcode Augmenter}.
 */
export interface Operator {
  /** Which operator it is, by the name of the function that makes it. */
  readonly name: string;
  /** All its parameters, with the defaults filled in. */
  readonly parameters: { readonly [name: string]: Json };
}

/** Width and height in pixels; one number is both. */
export type Size = number | { readonly width: number; readonly height: number };

/** What a sample's random parameters depend on. */
export interface SampleKeys {
  /** Seed of the loader. */
  seed: number;
  /** Epoch, from 0. */
  epoch: number;
  /** Position of each sample in the epoch's global order. */
  positions: ArrayLike<number>;
  /** Ids of the samples, for errors. */
  ids?: IdList;
}

/** An operator with its parameters checked, as the plan runs it. */
export interface BoundOperator {
  /** The parameters, complete. */
  readonly parameters: { readonly [name: string]: Json };
  /** What `Augmenter.describe` calls it. */
  readonly title: string;
  /** The filters that it may resample with; left out by one that only moves pixels. */
  readonly filters?: readonly Filter[];
  /** Whether it mixes samples of a batch. */
  readonly mixes?: boolean;
  /**
   * Adds what it does to one sample.
   *
   * @param chain What was done so far.
   * @param random Random numbers of the sample; not to be used if `chain.fixed`.
   * @throws {ShapeError} If it cannot be done to an image of that size.
   */
  apply(chain: Chain, random: SampleRandom): void;
}

/** Parameters as a caller or a JSON file gave them, still to be checked. */
export type Given = { readonly [name: string]: unknown };

/** A kind of operator: what is known under its name. */
export interface OperatorKind {
  /** Name of the function that makes it. */
  readonly name: string;
  /** Its number in the random generator, from 1 to 255; never changed or used again. */
  readonly stream: number;
  /**
   * Checks parameters and makes them ready to be run.
   *
   * @param parameters As the caller or a JSON file gave them.
   * @returns The operator, ready to run.
   * @throws {UsageError} If a parameter is wrong.
   */
  bind(parameters: Given): BoundOperator;
}

/**
 * Makes an operator of a kind.
 *
 * @param kind The kind.
 * @param parameters Its parameters, to be checked.
 * @returns A frozen description with all defaults filled in.
 * @throws {UsageError} If a parameter is wrong.
 */
export function describe(kind: OperatorKind, parameters: { [name: string]: unknown }): Operator {
  return Object.freeze({ name: kind.name, parameters: freeze(kind.bind(parameters).parameters) });
}

function freeze<T extends Json>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

/**
 * Throws unless all names are known: a misspelt option must not be passed over.
 *
 * @param maker Operator that takes them, for the message.
 * @param given What the caller gave.
 * @param known Names that there are.
 * @throws {UsageError} If a name is not known.
 */
export function checkNames(maker: string, given: object, known: readonly string[]): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new UsageError(
      `Cannot make ${maker} as its options must be an object: received ${show(given)}`,
      { option: "options" },
    );
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    throw new UsageError(
      `Cannot make ${maker} as its options must be among ${known.join(", ")}: received "${name}"`,
      { option: name },
    );
  }
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
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
