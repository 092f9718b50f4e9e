/** All that the commands print goes through here: names in it are anybody's, and may hold anything. */
import { UNSEEN, visible } from "../check.ts";

/**
 * Prints a line on standard output.
 *
 * @param text The line; what a terminal would act upon is escaped, line breaks too.
 */
export function say(text: string): void {
  console.log(visible(text));
}

/**
 * Prints several lines on standard output.
 *
 * @param text The lines.
 */
export function sayLines(text: string): void {
  for (const line of text.split("\n")) say(line);
}

/**
 * Prints a value on standard output, as one line of JSON.
 *
 * @param value The value.
 */
export function sayJson(value: unknown): void {
  console.log(json(value));
}

/**
 * Prints a line on standard error.
 *
 * @param text The line; what a terminal would act upon is escaped, line breaks too.
 */
export function warn(text: string): void {
  console.error(visible(text));
}

/**
 * Prints several lines on standard error.
 *
 * @param text The lines.
 */
export function warnLines(text: string): void {
  for (const line of text.split("\n")) warn(line);
}

/**
 * Writes a value as one line of JSON that is safe to print.
 *
 * @param value The value.
 * @returns JSON, in which what a terminal would act upon is escaped as JSON has it.
 */
export function json(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSEEN,
    (found) =>
      found.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join(""),
  );
}
