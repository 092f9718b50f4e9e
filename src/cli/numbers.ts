import { InvalidArgumentError } from "commander";

/**
 * Reads a number from the command line.
 *
 * @param name Name of the option, for the message.
 * @returns A parser for commander that takes numbers from 0 on.
 */
export function nonNegative(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
    throw new InvalidArgumentError(`${name} must be a number from 0 on: received "${text}"`);
  };
}

/**
 * Reads a whole number from the command line.
 *
 * @param name Name of the option, for the message.
 * @param least Smallest number allowed.
 * @returns A parser for commander.
 */
export function wholeNumber(name: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(
      `${name} must be a whole number from ${least} on: received "${text}"`,
    );
  };
}
