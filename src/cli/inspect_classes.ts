import { classTable } from "../dataset/schema.ts";
import { readSqliteClasses } from "../dataset/sqlite_classes.ts";
import { TableReader } from "../dataset/table_reader.ts";
import { cassandraConfig } from "../source/cassandra_config.ts";
import { openSqlite, sqliteError } from "../source/open_sqlite.ts";
import { quote } from "../source/quote.ts";
import { checkTarget, connection, schemaOf, type TargetOptions } from "./target.ts";
import { say, sayJson } from "./say.ts";

/**
 * Prints the classes of a data set, by their numbers.
 *
 * @param flags Where the data set is, and whether JSON is wanted.
 */
export async function inspectClasses(flags: TargetOptions & { json?: boolean }): Promise<void> {
  const table = classTable(schemaOf(flags));
  const numbers = checkTarget(flags) === "sqlite"
    ? inSqlite(flags.sqlite!, table)
    : await inCassandra(flags, table);
  const classes = [...numbers].map(([name, label]) => ({ label, name }))
    .sort((a, b) => a.label - b.label);
  const name = flags.sqlite ?? flags.keyspace;
  if (flags.json) return sayJson({ dataset: name, table, classes });
  say(
    `${name}: ${classes.length} ${classes.length === 1 ? "class" : "classes"} in table "${table}"`,
  );
  const width = String(classes.at(-1)?.label ?? 0).length;
  for (const { label, name } of classes) {
    say(`  ${String(label).padStart(width)}  ${name === "" ? "(none)" : name}`);
  }
}

function inSqlite(path: string, table: string): Map<string, number> {
  try {
    using database = openSqlite(path);
    return readSqliteClasses(database, path, table);
  } catch (cause) {
    throw sqliteError(`Cannot inspect ${path}`, cause);
  }
}

async function inCassandra(flags: TargetOptions, table: string): Promise<Map<string, number>> {
  const { keyspace } = flags;
  const config = cassandraConfig({
    ...connection(flags),
    table: `${quote(keyspace)}.${quote(table)}`,
  });
  await using reader = new TableReader(config);
  return await reader.classes(keyspace, table);
}
