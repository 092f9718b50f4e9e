import type { types } from "cassandra-driver";
import { FetchError, SchemaError } from "../errors.ts";
import { quote } from "../source/quote.ts";
import { newClasses, type NumberedClass, type Numbering } from "./class_map.ts";
import { ClassNames } from "./class_names.ts";
import { PagePlaces } from "./page_places.ts";
import type { RowValue } from "./row.ts";
import { classTable, type WholeSchema } from "./schema.ts";

/** Runs a statement, as often as it takes. */
type Execute = (
  cql: string,
  values: RowValue[],
  options?: { pageState?: string; consistency?: number },
) => Promise<types.ResultSet>;

/** Sees what lightweight transactions have set, and ends those that were left half done. */
const SERIAL = 8;

/** Ingests that run at once get in each other's way less often than this. */
const MOST_TURNS = 100;

/** Key of the one row of a table of classes. */
export const CLASSES_KEY = "classes";

/**
 * Reads what the table of classes holds.
 *
 * @param text Its text; null where there is none.
 * @param table Name of the table, for messages.
 * @returns Number of each class.
 * @throws {SchemaError} If it is none.
 */
export function parseClasses(text: string | null | undefined, table: string): Map<string, number> {
  if (!text) return new Map();
  let pairs: unknown;
  try {
    pairs = JSON.parse(text);
  } catch {
    pairs = text;
  }
  const good = Array.isArray(pairs) &&
    pairs.every((pair) =>
      Array.isArray(pair) && typeof pair[0] === "string" && pair[1] === (pair[1] | 0)
    );
  if (good) return new Map(pairs as [string, number][]);
  throw new SchemaError(
    `Cannot read ${table} as its classes must be a JSON list of names and numbers: received ${
      JSON.stringify(text.slice(0, 64))
    }`,
    { option: "tables" },
  );
}

/**
 * Puts classes into the map of a data set, which is one row: it is compared and set, so that ingests
 * that run at once agree. One that has no map yet has that of its rows.
 *
 * @param execute Runs statements.
 * @param keyspace Name of the keyspace.
 * @param schema Names of the tables.
 * @param wanted The classes.
 * @param numbering Where their numbers come from.
 * @returns Number of each class.
 * @throws {SchemaError} If a class would have two numbers, or a number two classes.
 */
export async function addCassandraClasses(
  execute: Execute,
  keyspace: string,
  schema: WholeSchema,
  wanted: readonly NumberedClass[],
  numbering: Numbering,
): Promise<Map<string, number>> {
  const name = `${keyspace}.${classTable(schema)}`;
  const table = `${quote(keyspace)}.${quote(classTable(schema))}`;
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const select = `SELECT classes FROM ${table} WHERE name = ?`;
    const { rows } = await execute(select, [CLASSES_KEY], { consistency: SERIAL });
    const text = rows[0]?.classes as string | null | undefined;
    const known = text ? parseClasses(text, name) : await classesOfRows(execute, keyspace, schema);
    const added = newClasses(known, wanted, numbering);
    if (text && added.length === 0) return known;
    for (const { name, label } of added) known.set(name, label);
    if (known.size === 0) return known;
    const next = JSON.stringify([...known]);
    const cql = rows.length > 0
      ? `UPDATE ${table} SET classes = ? WHERE name = ? IF classes = ?`
      : `INSERT INTO ${table} (classes, name) VALUES (?, ?) IF NOT EXISTS`;
    const values = rows.length > 0 ? [next, CLASSES_KEY, text ?? null] : [next, CLASSES_KEY];
    await execute(cql, values);
    // Read again, whatever the answer: one that was late may have been set.
  }
  throw new FetchError(
    `Cannot number the classes of ${name} as one of ${MOST_TURNS} attempts to set them must be kept: received others each time`,
  );
}

/** Classes of the rows that an ingest before there was a map has written. */
async function classesOfRows(
  execute: Execute,
  keyspace: string,
  { metadataTable, metadataLabelColumn }: WholeSchema,
): Promise<Map<string, number>> {
  const label = quote(metadataLabelColumn);
  const cql = `SELECT ${label}, class FROM ${quote(keyspace)}.${quote(metadataTable)}`;
  const names = new ClassNames();
  const places = new PagePlaces(`${keyspace}.${metadataTable}`);
  let pageState: string | undefined;
  do {
    const page = await execute(cql, [], { pageState });
    for (const row of page.rows) {
      if (row.class) names.add(row[metadataLabelColumn], row.class);
    }
    pageState = page.pageState ?? undefined;
    places.add(pageState);
  } while (pageState);
  return new Map([...names.byLabel].map(([label, name]) => [name, label]));
}
