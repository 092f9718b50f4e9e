import type { types } from "cassandra-driver";
import { formatId } from "../ids.ts";
import { cassandraConfig, type CassandraOptions } from "../source/cassandra_config.ts";
import { openSqlite, sqliteError } from "../source/open_sqlite.ts";
import { quote } from "../source/quote.ts";
import { scrubberOf } from "../source/scrub.ts";
import { serverError } from "../source/server_error.ts";
import { ID_FORMS, idKey } from "../source/sqlite_ids.ts";
import { sqliteColumns } from "../source/sqlite_schema.ts";
import { classNames } from "./class_names.ts";
import { exactInteger } from "./cql_rows.ts";
import { classTable, type ColumnValue, type WholeSchema } from "./schema.ts";
import { readSqliteClasses } from "./sqlite_classes.ts";
import { TableReader } from "./table_reader.ts";

/** What a data set knows of a sample beside its blob. */
export interface MetadataRow {
  /** Columns of the metadata table by name; bytes in hexadecimal. Undefined where there is no row. */
  columns: Map<string, ColumnValue> | undefined;
  /** Name of each number that is the label of a class. */
  classes: Map<number, string>;
}

/**
 * Reads the metadata of a sample from a SQLite file.
 *
 * @param path Path of the file.
 * @param schema Names of tables and columns.
 * @param id Id of the sample, 16 bytes.
 * @returns What is known of it.
 * @throws {CassetteError} If the file cannot be read.
 */
export function readSqliteMetadata(path: string, schema: WholeSchema, id: Uint8Array): MetadataRow {
  const { metadataTable, metadataIdColumn } = schema;
  try {
    using database = openSqlite(path);
    const classes = classNames(readSqliteClasses(database, path, classTable(schema)));
    if (sqliteColumns(database, path, metadataTable, "read").length === 0) {
      return { columns: undefined, classes };
    }
    const select = database.prepare(
      `SELECT * FROM ${quote(metadataTable)} WHERE ${quote(metadataIdColumn)} = ?`,
    );
    select.setReadBigInts(true);
    for (const form of ID_FORMS) {
      const row = select.get(idKey(form, id, 0));
      if (row) return { columns: plainColumns(Object.entries(row)), classes };
    }
    return { columns: undefined, classes };
  } catch (cause) {
    throw sqliteError(`Cannot read the metadata of ${formatId(id)} in ${path}`, cause);
  }
}

/**
 * Reads the metadata of a sample from Cassandra.
 *
 * @param options Where the cluster is.
 * @param keyspace Keyspace of the tables.
 * @param schema Names of tables and columns.
 * @param id Id of the sample, 16 bytes.
 * @returns What is known of it.
 * @throws {CassetteError} If the cluster cannot be reached.
 */
export async function readCassandraMetadata(
  options: Omit<CassandraOptions, "table">,
  keyspace: string,
  schema: WholeSchema,
  id: Uint8Array,
): Promise<MetadataRow> {
  const table = `${quote(keyspace)}.${quote(schema.metadataTable)}`;
  const config = cassandraConfig({ ...options, table });
  const { connectClient } = await import("../source/cassandra_client.ts");
  const client = await connectClient(config);
  try {
    const reader = new TableReader(config, client);
    const classes = classNames(await reader.classes(keyspace, classTable(schema)));
    const { rows } = await client.execute(
      // Where other columns partition the table, all of it is gone through.
      `SELECT * FROM ${table} WHERE ${quote(schema.metadataIdColumn)} = ? ALLOW FILTERING`,
      [formatId(id)],
      { prepare: true },
    ).catch((error) => {
      throw serverError(`Cannot read ${keyspace}.${schema.metadataTable} as it must answer`, error);
    });
    const row: types.Row | undefined = rows[0];
    const cells = row?.keys().map((name: string): [string, unknown] => [name, row.get(name)]);
    return { columns: cells && plainColumns(cells), classes };
  } catch (error) {
    throw scrubberOf(config).error(error);
  } finally {
    await client.shutdown();
  }
}

function plainColumns(cells: [string, unknown][]): Map<string, ColumnValue> {
  return new Map(cells.map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): ColumnValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "bigint") return exactInteger(value);
  return value instanceof Uint8Array ? value.toHex() : String(value);
}
