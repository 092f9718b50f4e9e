import type { DatabaseSync } from "node:sqlite";
import { quote } from "../source/quote.ts";
import { sqliteColumns } from "../source/sqlite_schema.ts";
import { newClasses, type NumberedClass, type Numbering } from "./class_map.ts";
import { ClassNames } from "./class_names.ts";
import { classTable, type WholeSchema } from "./schema.ts";

/**
 * Reads the classes of a data set.
 *
 * @param database The file.
 * @param path Its path, for messages.
 * @param table Name of the table of classes.
 * @returns Number of each class; none where there is no such table.
 * @throws {SchemaError} If the table is of a kind that is not read.
 */
export function readSqliteClasses(
  database: DatabaseSync,
  path: string,
  table: string,
): Map<string, number> {
  const columns = sqliteColumns(database, path, table, "read").map(({ name }) => name);
  if (!["label", "name"].every((name) => columns.includes(name))) return new Map();
  return new Map(
    database.prepare(
      `SELECT name, label FROM ${quote(table)} WHERE typeof(name) = 'text' AND ` +
        "typeof(label) = 'integer' AND label BETWEEN -2147483648 AND 2147483647 ORDER BY label",
    ).all().map(({ name, label }) => [String(name), Number(label)]),
  );
}

/**
 * Puts classes into the map of a data set, in the transaction that is open; one that has no map yet
 * has that of its rows.
 *
 * @param database The file.
 * @param path Its path, for messages.
 * @param schema Names of the tables.
 * @param wanted The classes.
 * @param numbering Where their numbers come from.
 * @returns Number of each class.
 * @throws {SchemaError} If a class would have two numbers, or a number two classes.
 */
export function addSqliteClasses(
  database: DatabaseSync,
  path: string,
  schema: WholeSchema,
  wanted: readonly NumberedClass[],
  numbering: Numbering,
): Map<string, number> {
  const { metadataTable, metadataLabelColumn } = schema;
  const table = classTable(schema);
  const insert = database.prepare(`INSERT INTO ${quote(table)} (label, name) VALUES (?, ?)`);
  const known = readSqliteClasses(database, path, table);
  if (known.size === 0) {
    const names = new ClassNames();
    const rows = database.prepare(
      `SELECT DISTINCT ${quote(metadataLabelColumn)} AS label, class AS name FROM ${
        quote(metadataTable)
      } WHERE label IS NOT NULL AND name <> '' ORDER BY label`,
    ).all();
    for (const { label, name } of rows) names.add(Number(label), String(name));
    for (const [label, name] of names.byLabel) {
      insert.run(label, name);
      known.set(name, label);
    }
  }
  for (const { name, label } of newClasses(known, wanted, numbering)) {
    insert.run(label, name);
    known.set(name, label);
  }
  return known;
}
