import type { CassandraConfig } from "./cassandra_config.ts";
import { SchemaError } from "../errors.ts";
import { literal, quote } from "./quote.ts";

/** Runs a query whose columns are all texts; a lying server leaves some out. */
export type AskTexts = (cql: string) => Promise<(string | null | undefined)[][]>;

/** What is fetched of a table. */
export interface FetchedTable {
  /** Column of the id. */
  id: FetchedColumn;
  /** Columns of the blob and, where labels are read, of the label. */
  columns: FetchedColumn[];
}

/** A column that is fetched. */
export interface FetchedColumn {
  /** Its exact name. */
  name: string;
  /** Its type, as CQL writes it. */
  type: string;
}

interface Column {
  name: string;
  /** `partition_key`, `clustering`, `static` or `regular`. */
  kind: string;
  type: string;
}

/**
 * Checks that the table is there with its columns and types.
 *
 * @param config Names of the table and its columns.
 * @param ask Asks the server.
 * @returns The columns that are fetched.
 * @throws {SchemaError} If something is missing or has another type.
 */
export async function fetchedTable(config: CassandraConfig, ask: AskTexts): Promise<FetchedTable> {
  const { keyspace, tableName } = config;
  const rows = await askTexts(
    config,
    ask,
    "SELECT column_name, kind, type FROM system_schema.columns " +
      `WHERE keyspace_name = ${literal(keyspace)} AND table_name = ${literal(tableName)}`,
    3,
  );
  if (rows.length === 0) throw await missingTable(config, ask);
  const columns = rows.map(([name, kind, type]) => ({ name, kind, type }));
  const id = idColumn(config, columns);
  const fetched = [find(config, columns, "dataColumn", config.dataColumn, ["blob"])];
  if (config.labelType !== "none") {
    fetched.push(find(config, columns, "labelColumn", config.labelColumn, [config.labelType]));
  }
  return { id, columns: fetched };
}

/**
 * Writes the statement that fetches one sample.
 *
 * @param config Names of the table.
 * @param table What is fetched of it.
 * @param write How a column is written.
 * @returns The statement: its parameter is the id.
 */
export function selectStatement(
  { keyspace, tableName }: Pick<CassandraConfig, "keyspace" | "tableName">,
  { id, columns }: FetchedTable,
  write: (column: FetchedColumn) => string = ({ name }) => quote(name),
): string {
  return `SELECT ${columns.map(write).join(", ")} FROM ${quote(keyspace)}.${
    quote(tableName)
  } WHERE ${quote(id.name)} = ?`;
}

/** Asks for rows of texts, and makes sure that they are such. */
async function askTexts(
  config: CassandraConfig,
  ask: AskTexts,
  cql: string,
  columns: number,
): Promise<string[][]> {
  const rows = await ask(cql);
  const wrong = rows.find((row) =>
    row.length !== columns || row.some((text) => typeof text !== "string")
  );
  if (wrong) {
    throw new SchemaError(
      `Cannot read table ${config.table} as the server must describe it in ${columns} texts a row: received ${wrong.length} values, ${
        wrong.filter((text) => typeof text !== "string").length
      } of which are none`,
      { option: "table" },
    );
  }
  return rows as string[][];
}

function idColumn(config: CassandraConfig, columns: Column[]): Column {
  const keys = columns.filter(({ kind }) => kind === "partition_key" || kind === "clustering");
  const wanted = config.idColumn ?? keys.find(({ kind }) => kind === "partition_key")?.name ?? "";
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
  const found = await askTexts(
    config,
    ask,
    `SELECT table_name FROM system_schema.tables WHERE keyspace_name = ${literal(keyspace)}`,
    1,
  );
  if (found.length > 0) {
    return new SchemaError(
      `Cannot read table ${config.table} as the table must be one of keyspace "${keyspace}", ${
        list(found)
      }: received "${tableName}"`,
      { option: "table" },
    );
  }
  const all = await askTexts(config, ask, "SELECT keyspace_name FROM system_schema.keyspaces", 1);
  const keyspaces = all
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
