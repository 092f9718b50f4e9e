/**
 * Reads a label as a database gives it. In SQLite a column declared NUMERIC, DECIMAL or BOOLEAN holds
 * integers as such, one declared REAL as floating-point numbers; in Cassandra integers have five
 * types. So the value counts, not the type.
 *
 * @param value A value of a column of labels; integers may be BigInts.
 * @returns The number; undefined where it is no 32-bit integer.
 */
export function intLabel(value: unknown): number | undefined {
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const number = Number(value);
  // −0 of a REAL column is 0.
  return number === (number | 0) ? number | 0 : undefined;
}

/**
 * Shows a value of a column that is not what it must be.
 *
 * @param value As SQLite gives it.
 * @returns `4294967303`, `2.5`, `the text "cat"`, `a blob of 7 bytes`, `null`.
 */
export function showValue(value: unknown): string {
  if (value instanceof Uint8Array) return `a blob of ${value.length} bytes`;
  return typeof value === "string" ? `the text ${JSON.stringify(value.slice(0, 64))}` : `${value}`;
}
