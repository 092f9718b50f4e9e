import type { GuardedClient } from "../source/cassandra_client.ts";
import type { types } from "cassandra-driver";
import { SchemaError } from "../errors.ts";
import { serverError } from "../source/server_error.ts";
import { quote } from "../source/quote.ts";
import { dataTypes, metadataTypes, type WholeSchema } from "./schema.ts";

/** Columns of a table, as the server describes them. */
export interface TableColumns {
  /** Columns of the partition key, in order. */
  partitionKey: string[];
  /** Columns by which rows of a partition are told apart, in order. */
  clustering: string[];
  /** Type of each column, as CQL writes it. */
  types: Map<string, string>;
}

/**
 * Asks the server for the columns of a table.
 *
 * @param client A connected client.
 * @param keyspace Exact name of the keyspace.
 * @param table Exact name of the table.
 * @returns Its columns.
 * @throws {SchemaError} If there is no such table.
 */
export async function tableColumns(
  client: GuardedClient,
  keyspace: string,
  table: string,
): Promise<TableColumns> {
  let rows: types.Row[];
  try {
    ({ rows } = await client.execute(
      "SELECT column_name, kind, position, type FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?",
      [keyspace, table],
      { prepare: true },
    ));
  } catch (error) {
    throw serverError(`Cannot read ${keyspace}.${table} as the server must describe it`, error);
  }
  if (!rows?.length) {
    throw new SchemaError(
      `Cannot read ${keyspace}.${table} as there must be such a table: received none`,
      { option: "table" },
    );
  }
  return columnsOf(rows as unknown as ColumnRow[], `${keyspace}.${table}`);
}

/** A row of `system_schema.columns`. */
export interface ColumnRow {
  /** Name of the column. */
  column_name: string;
  /** `partition_key`, `clustering`, or another kind. */
  kind: string;
  /** Place in the key. */
  position: number;
  /** Its type, as CQL writes it. */
  type: string;
}

/**
 * Puts the columns of a table together.
 *
 * @param rows What the server says of them.
 * @param name Name of the table.
 * @returns The columns.
 * @throws {SchemaError} If what it says describes no table.
 */
export function columnsOf(rows: ColumnRow[], name: string): TableColumns {
  const isText = (value: unknown) => typeof value === "string";
  const whole = rows.every((row) =>
    isText(row.column_name) && isText(row.kind) && isText(row.type) &&
    Number.isInteger(row.position)
  );
  if (!whole || !rows.some(({ kind }) => kind === "partition_key")) {
    throw new SchemaError(
      `Cannot read ${name} as the server must tell name, kind, position and type of each column, and the partition key: received ${
        whole ? "no key" : "nulls or other types"
      }`,
      { option: "table" },
    );
  }
  const key = (kind: string) =>
    rows.filter((row) => row.kind === kind).sort((a, b) => a.position - b.position)
      .map((row) => row.column_name);
  return {
    partitionKey: key("partition_key"),
    clustering: key("clustering"),
    types: new Map(rows.map((row) => [row.column_name, row.type])),
  };
}

/**
 * Checks that the tables of a data set in Cassandra are as a schema has them; those that an older
 * or another schema has made are told before the first row.
 *
 * @param client A connected client.
 * @param keyspace Exact name of the keyspace.
 * @param schema The schema.
 * @throws {SchemaError} If a table lacks a column, or has one of another type, or another key.
 */
export async function checkTables(
  client: GuardedClient,
  keyspace: string,
  schema: WholeSchema,
): Promise<void> {
  const { dataTable, metadataTable, partitionBy, metadataIdColumn, idColumn } = schema;
  const tables = [
    { table: dataTable, types: dataTypes(schema), key: [[idColumn], []] },
    {
      table: metadataTable,
      types: metadataTypes(schema),
      key: partitionBy.length > 0 ? [partitionBy, [metadataIdColumn]] : [[metadataIdColumn], []],
    },
  ];
  for (const { table, types, key } of tables) {
    const found = await tableColumns(client, keyspace, table);
    const name = `${keyspace}.${table}`;
    for (const [column, type] of types) {
      const has = found.types.get(column);
      if (has !== type) throw otherTable(name, `column "${column}" must be ${type}`, has);
    }
    const has = [found.partitionKey, found.clustering];
    if (keyText(has) !== keyText(key)) {
      throw otherTable(name, `primary key must be ${keyText(key)}`, keyText(has));
    }
  }
}

/**
 * Makes the error of a table that another schema has made.
 *
 * @param table Name of the table.
 * @param wanted What of it must be how.
 * @param received How it is; undefined where it is lacking.
 * @returns The error.
 */
export function otherTable(table: string, wanted: string, received?: string): SchemaError {
  return new SchemaError(
    `Cannot write into ${table} as its ${wanted}: received ${
      received ?? "no such column"
    }; name other tables or columns, or drop or alter this one`,
    { option: "tables" },
  );
}

function keyText([partition, clustering]: string[][]): string {
  return `(${[`(${partition.map(quote).join(", ")})`, ...clustering.map(quote)].join(", ")})`;
}
