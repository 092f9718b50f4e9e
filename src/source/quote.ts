/**
 * Quotes a name for CQL or SQL.
 *
 * @param name The name as it is.
 * @returns The name in double quotes.
 */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Writes a text for CQL or SQL.
 *
 * @param text The text as it is.
 * @returns The text in single quotes.
 */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
