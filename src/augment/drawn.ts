import { UsageError } from "../errors.ts";
import type { Chain } from "./chain.ts";
import { checkNumber, show } from "./parameters.ts";
import type { SampleRandom } from "./philox.ts";

/** A number for all samples, or `[low, high]`: drawn for each, uniform between the two. */
export type Drawn = number | readonly [number, number];

/** A checked {@linkcode Drawn}. */
export interface DrawnParameter {
  /** The parameter as it was given. */
  readonly value: number | [number, number];
  /**
   * The number for one sample.
   *
   * @param chain What was done to the sample so far.
   * @param random Its random numbers.
   * @returns The number; if `chain.fixed`, the one that changes nothing in place of a drawn one.
   */
  draw(chain: Chain, random: SampleRandom): number;
}

/**
 * Throws unless a value is a number or a range of numbers within limits.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @param neutral The number that changes nothing, also taken where the value is left out.
 * @param least Smallest number allowed.
 * @param most Largest number allowed.
 * @returns How to draw it.
 * @throws {UsageError} If it is anything else.
 */
export function checkDrawn(
  maker: string,
  option: string,
  value: unknown,
  neutral: number,
  least?: number,
  most?: number,
): DrawnParameter {
  if (!Array.isArray(value)) {
    const number = checkNumber(maker, option, value ?? neutral, least, most);
    return { value: number, draw: () => number };
  }
  if (value.length !== 2 || !(value[0] <= value[1])) {
    throw new UsageError(
      `Cannot make ${maker} as ${option} must be a number or [low, high] with low ≤ high: received ${
        show(value)
      }`,
      { option },
    );
  }
  const [low, high] = value.map((number) => checkNumber(maker, option, number, least, most));
  return {
    value: [low, high],
    draw: (chain, random) => chain.fixed ? neutral : random.between(low, high),
  };
}

/** A colour: one number for all channels, or red, green and blue, in 0–255. */
export type Color = number | readonly [number, number, number];

/**
 * Throws unless a value is a colour.
 *
 * @param maker Operator that takes it, for the message.
 * @param option Its name.
 * @param value What the caller gave.
 * @returns Red, green and blue.
 * @throws {UsageError} If it is anything else.
 */
export function checkColor(maker: string, option: string, value: unknown): number[] {
  if (typeof value === "number") return Array(3).fill(checkNumber(maker, option, value));
  if (Array.isArray(value) && value.length === 3) {
    return value.map((number) => checkNumber(maker, option, number));
  }
  throw new UsageError(
    `Cannot make ${maker} as ${option} must be a number or one for each of red, green and blue: received ${
      show(value)
    }`,
    { option },
  );
}
