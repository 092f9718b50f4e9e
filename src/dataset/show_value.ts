/** Characters of a text that are shown. */
const SHOWN = 40;

/**
 * Shows a value of someone else's file in a message: briefly, whatever its size and depth.
 *
 * @param value The value.
 * @returns A text such as `"x"`, `7`, `a list`.
 */
export function showValue(value: unknown): string {
  if (typeof value === "string") {
    return value.length <= SHOWN
      ? JSON.stringify(value)
      : `${JSON.stringify(value.slice(0, SHOWN))}…`;
  }
  if (Array.isArray(value)) {
    // Lists in a list may go on for ever.
    const shown = value.slice(0, 3).map((item) => Array.isArray(item) ? "[…]" : showValue(item));
    return `[${shown.join(",")}${value.length > 3 ? ",…" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
