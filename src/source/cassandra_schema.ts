import type { CassandraConfig } from "./cassandra_config.ts";
import { SchemaError } from "../errors.ts";
import { literal, quote } from "./quote.ts";

/** Runs a query whose columns are all texts. */
export type AskTexts = (cql: string) => Promise<string[][]>;

interface Column {
  name: string;
  /** `partition_key`, `clustering`, `static` or `regular`. */
  kind: string;
  type: string;
}

/**
 * Checks that the table is there with its columns and types, and writes the statement that fetches
 * one sample.
 *
 * @param config Names of the table and its columns.
 * @param ask Asks the server.
 * @returns The statement: its parameter is the id, its columns are the blob and the label.
 * @throws {SchemaError} If something is missing or has another type.
 */
export async function fetchStatement(config: CassandraConfig, ask: AskTexts): Promise<string> {
  const { keyspace, tableName } = config;
  const rows = await ask(
    "SELECT column_name, kind, type FROM system_schema.columns " +
      `WHERE keyspace_name = ${literal(keyspace)} AND table_name = ${literal(tableName)}`,
  );
  if (rows.length === 0) throw await missingTable(config, ask);
  const columns = rows.map(([name, kind, type]) => ({ name, kind, type }));
  const id = idColumn(config, columns);
  const data = find(config, columns, "dataColumn", config.dataColumn, ["blob"]);
  const selected = [quote(data.name)];
  if (config.labelType !== "none") {
    const label = find(config, columns, "labelColumn", config.labelColumn, [config.labelType]);
    selected.push(quote(label.name));
  }
  return `SELECT ${selected.join(", ")} FROM ${quote(keyspace)}.${quote(tableName)} ` +
    `WHERE ${quote(id.name)} = ?`;
}

function idColumn(config: CassandraConfig, columns: Column[]): Column {
  const keys = columns.filter(({ kind }) => kind === "partition_key" || kind === "clustering");
  const wanted = config.idColumn ?? keys.find(({ kind }) => kind === "partition_key")!.name;
  const column = find(config, columns, "idColumn", wanted, ["uuid", "timeuuid"]);
  if (keys.length !== 1 || keys[0] !== column) {
    throw new SchemaError(
      `Cannot read table ${config.table} as idColumn must be its whole primary key, (${
        keys.map(({ name }) => name).join(", ")
      }): received "${column.name}"`,
      { option: "idColumn" },
    );
  }
  return column;
}

function find(
  config: CassandraConfig,
  columns: Column[],
  option: string,
  name: string,
  types: string[],
): Column {
  const column = columns.find((each) => each.name === name);
  if (!column) {
    throw new SchemaError(
      `Cannot read table ${config.table} as ${option} must be one of ${
        columns.map((each) => `"${each.name}"`).join(", ")
      }: received "${name}"`,
      { option },
    );
  }
  if (!types.includes(column.type)) {
    const hint = option === "labelColumn" ? " (labelType says how it is read)" : "";
    throw new SchemaError(
      `Cannot read table ${config.table} as ${option} "${name}" must be of type ${
        types.join(" or ")
      }${hint}: received ${column.type}`,
      { option },
    );
  }
  return column;
}

async function missingTable(config: CassandraConfig, ask: AskTexts): Promise<SchemaError> {
  const { keyspace, tableName } = config;
  const found = await ask(
    `SELECT table_name FROM system_schema.tables WHERE keyspace_name = ${literal(keyspace)}`,
  );
  if (found.length > 0) {
    return new SchemaError(
      `Cannot read table ${config.table} as the table must be one of keyspace "${keyspace}", ${
        list(found)
      }: received "${tableName}"`,
      { option: "table" },
    );
  }
  const keyspaces = (await ask("SELECT keyspace_name FROM system_schema.keyspaces"))
    .filter(([name]) => !/^system($|_)/.test(name));
  if (keyspaces.some(([name]) => name === keyspace)) {
    return new SchemaError(
      `Cannot read table ${config.table} as keyspace "${keyspace}" must have tables: received none`,
      { option: "table" },
    );
  }
  return new SchemaError(
    `Cannot read table ${config.table} as the keyspace must be one of ${
      keyspaces.length ? list(keyspaces) : "the server's, which has none"
    }: received "${keyspace}"`,
    { option: "table" },
  );
}

function list(rows: string[][]): string {
  const names = rows.map(([name]) => `"${name}"`);
  return names.length > 10 ? `${names.slice(0, 10).join(", ")} …` : names.join(", ");
}
