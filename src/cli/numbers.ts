import { InvalidArgumentError } from "commander";

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
