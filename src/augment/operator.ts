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
  /**
   * 0 for a sample that only fills the batch: it is mixed with no other one. All are 1 when left out.
   */
  valid?: ArrayLike<number>;
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
