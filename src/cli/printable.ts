/**
 * What a terminal acts upon, or shows as something else: control characters (C0, DEL, C1), line and
 * paragraph separators, marks and overrides of direction, and characters without a width.
 */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu;

/**
 * Makes a name, or a message with names in it, safe to print: names of files and of what is in them
 * are anybody's, and may hold commands for the terminal.
 *
 * @param text The text, a single line.
 * @returns The text with such characters written as `\u{1b}`.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, escape);
}

/**
 * Makes a text of several lines safe to print.
 *
 * @param text The text; its line breaks stay.
 * @returns The text with other such characters written as `\u{1b}`.
 */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/**
 * Writes a value as one line of JSON that is safe to print.
 *
 * @param value The value.
 * @returns JSON, in which such characters are escaped as JSON has it.
 */
export function json(value: unknown): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (found) => found.split("").map((unit) => `\\u${hex(unit, 4)}`).join(""),
  );
}

function escape(found: string): string {
  return `\\u{${found.codePointAt(0)!.toString(16)}}`;
}

function hex(unit: string, digits: number): string {
  return unit.charCodeAt(0).toString(16).padStart(digits, "0");
}
