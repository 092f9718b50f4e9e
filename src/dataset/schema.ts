import { OptionCheck } from "../check.ts";
import { literal, quote } from "../source/quote.ts";
import type { LabelType } from "../source/source.ts";

/** Type of a column of one's own: `text`, a 32-bit `int`, or a `double`. */
export type ColumnType = "text" | "int" | "double";

/** A value of a column of one's own. */
export type ColumnValue = string | number | null;

/** Names of the two tables of a data set. */
export interface DatasetTables {
  /** Table with a row of id, path, class and label for each sample; `metadata` when left out. */
  metadataTable?: string;
  /** Table with a row of id, label and blob for each sample; `data` when left out. */
  dataTable?: string;
}

/** Shape of the two tables of a data set; the tables may name id and label differently. */
export interface DatasetSchema extends DatasetTables {
  /** Column of the ids in the data table; `id` when left out. */
  idColumn?: string;
  /** Column of the blobs in the data table; `data` when left out. */
  dataColumn?: string;
  /** Column of the labels in the data table; `label` when left out. */
  labelColumn?: string;
  /** Column of the ids in the metadata table; `id` when left out. */
  metadataIdColumn?: string;
  /** Column of the labels in the metadata table; `label` when left out. */
  metadataLabelColumn?: string;
  /**
   * What labels are: `int` (a class, default; in both tables), `blob` (a mask or an array; in the
   * data table only), or `none`.
   */
  labelType?: LabelType;
  /** Columns of one's own in the metadata table, such as the patient that a picture is of. */
  columns?: Record<string, ColumnType>;
  /** Those columns that partition the metadata table in Cassandra; the id alone when left out. */
  partitionBy?: string[];
}

/** A schema with all defaults in, after it was checked. */
export type WholeSchema = Required<DatasetSchema>;

const DEFAULTS: WholeSchema = {
  metadataTable: "metadata",
  dataTable: "data",
  idColumn: "id",
  dataColumn: "data",
  labelColumn: "label",
  metadataIdColumn: "id",
  metadataLabelColumn: "label",
  labelType: "int",
  columns: {},
  partitionBy: [],
};

const check = new OptionCheck("use the schema");

/** Copies of each row in a cluster: one number, or one for each data centre. */
export type Replication = number | Record<string, number>;

/** Columns that every metadata table has, beside id and label. */
const OWN_COLUMNS = { path: "text", class: "text", bytes: "int", hash: "blob", origin: "blob" };

const CQL_TYPES: Record<ColumnType, string> = { text: "text", int: "int", double: "double" };
const SQL_TYPES: Record<ColumnType, string> = { text: "TEXT", int: "INTEGER", double: "REAL" };

/**
 * Checks a schema and fills in what was left out.
 *
 * @param schema As the caller wrote it.
 * @returns The whole.
 * @throws {UsageError} If names are missing or meet twice, or a type is unknown.
 */
export function wholeSchema(schema: DatasetSchema = {}): WholeSchema {
  check.names(schema, DEFAULTS);
  const given = Object.entries(schema).filter(([, value]) => value !== undefined);
  const whole: WholeSchema = { ...DEFAULTS, ...Object.fromEntries(given) };
  const { columns, partitionBy, labelType, ...names } = whole;
  for (const [option, name] of Object.entries(names)) check.text(option, name);
  check.oneOf("labelType", labelType, ["int", "blob", "none"]);
  if (whole.metadataTable === whole.dataTable) {
    check.refuse("metadataTable", "another name than dataTable", `"${whole.dataTable}" twice`);
  }
  if (whole.dataTable === classTable(whole)) {
    check.refuse("dataTable", "another name than the table of classes", `"${whole.dataTable}"`);
  }
  const isRecord = typeof columns === "object" && columns !== null && !Array.isArray(columns);
  check.that(isRecord, "columns", "types by name", columns);
  for (const [column, type] of Object.entries(columns)) {
    check.oneOf(`columns.${column}`, type, Object.keys(CQL_TYPES));
  }
  check.texts("partitionBy", partitionBy);
  for (const column of partitionBy) {
    const isColumn = Object.hasOwn(columns, column);
    check.that(isColumn, "partitionBy", "a list of names in columns", column);
  }
  unique("dataTable", [whole.idColumn, whole.labelColumn, whole.dataColumn]);
  unique("metadataTable", metadataColumns(whole));
  return whole;
}

/** A column and its type in CQL. */
export type CqlColumn = [name: string, type: string];

/**
 * The columns of a metadata table.
 *
 * @param schema The schema.
 * @returns Names and types in the order in which rows are written.
 */
export function metadataTypes(schema: WholeSchema): CqlColumn[] {
  return [
    [schema.metadataIdColumn, "uuid"],
    ...Object.entries(OWN_COLUMNS),
    ...(schema.labelType === "int" ? [[schema.metadataLabelColumn, "int"] as CqlColumn] : []),
    ...Object.entries(schema.columns).map(([name, type]): CqlColumn => [name, CQL_TYPES[type]]),
  ];
}

/**
 * The columns of a data table.
 *
 * @param schema The schema.
 * @returns Names and types in the order in which rows are written.
 */
export function dataTypes({ idColumn, labelColumn, labelType, dataColumn }: WholeSchema) {
  const label: CqlColumn[] = labelType === "none" ? [] : [[labelColumn, labelType]];
  return [[idColumn, "uuid"], ...label, [dataColumn, "blob"]] as CqlColumn[];
}

/**
 * Names the columns of a metadata table.
 *
 * @param schema The schema.
 * @returns Names in the order in which rows are written.
 */
export function metadataColumns(schema: WholeSchema): string[] {
  return metadataTypes(schema).map(([name]) => name);
}

/**
 * Names the columns of a data table.
 *
 * @param schema The schema.
 * @returns Names in the order in which rows are written.
 */
export function dataColumns(schema: WholeSchema): string[] {
  return dataTypes(schema).map(([name]) => name);
}

/**
 * Names the table of the classes of a data set.
 *
 * @param schema Its schema.
 * @returns The name: that of the metadata table, and `_classes`.
 */
export function classTable({ metadataTable }: Pick<WholeSchema, "metadataTable">): string {
  return `${metadataTable}_classes`;
}

/**
 * Writes the CQL that creates a data set's keyspace and tables where they are missing.
 *
 * Blobs are stored without compression: pictures are compressed already, so that compressing them
 * again costs time on each read and saves nothing. Both tables are compacted by size: each row is
 * written once and read by its key, so one file holds it, bloom filters find that file, and the
 * rewriting that levelled compaction does to have fewer files a read would buy nothing.
 *
 * @param schema Names, columns and types.
 * @param keyspace Name of the keyspace.
 * @param replication Copies of each row; 1 when left out.
 * @returns The statements, in order.
 * @throws {UsageError} If the schema, the keyspace or the replication is wrong.
 * @example
 * ```ts
 * import { cassandraSchema, type DatasetSchema } from "@cassette/loader";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const schema: DatasetSchema = { columns: { patient: "text" }, partitionBy: ["patient"] };
 * const cql = cassandraSchema(schema, "slides", { dc1: 3 });
 * assertStringIncludes(cql.join(";\n"), 'PRIMARY KEY (("patient"), "id")');
 * ```
 */
export function cassandraSchema(
  schema: DatasetSchema,
  keyspace: string,
  replication: Replication = 1,
): string[] {
  const whole = wholeSchema(schema);
  checkKeyspace(keyspace);
  const space = quote(keyspace);
  const define = (columns: CqlColumn[]) => columns.map(([name, type]) => `${quote(name)} ${type}`);
  const id = quote(whole.metadataIdColumn);
  const key = whole.partitionBy.length > 0
    ? `(${whole.partitionBy.map(quote).join(", ")}), ${id}`
    : id;
  const data = [...define(dataTypes(whole)), `PRIMARY KEY (${quote(whole.idColumn)})`];
  const metadata = [...define(metadataTypes(whole)), `PRIMARY KEY (${key})`];
  const compaction = "compaction = {'class': 'SizeTieredCompactionStrategy'}";
  return [
    `CREATE KEYSPACE IF NOT EXISTS ${space} WITH replication = ${replicationMap(replication)}`,
    `CREATE TABLE IF NOT EXISTS ${space}.${quote(whole.dataTable)} (${
      data.join(", ")
    }) WITH compression = {'enabled': 'false'} AND ${compaction}`,
    `CREATE TABLE IF NOT EXISTS ${space}.${quote(whole.metadataTable)} (${
      metadata.join(", ")
    }) WITH ${compaction}`,
    // One row: classes are numbered by a compare-and-set of all of them.
    ...(whole.labelType === "int"
      ? [
        `CREATE TABLE IF NOT EXISTS ${space}.${
          quote(classTable(whole))
        } ("name" text PRIMARY KEY, "classes" text)`,
      ]
      : []),
  ];
}

/**
 * Writes the SQL that creates a data set's tables in SQLite where they are missing.
 *
 * @param schema Names, columns and types; `partitionBy` makes an index.
 * @returns The statements, in order.
 * @throws {UsageError} If the schema is wrong.
 */
export function sqliteSchema(schema: DatasetSchema): string[] {
  const whole = wholeSchema(schema);
  const labelType = whole.labelType === "int" ? "INTEGER" : "BLOB";
  const data = [
    `${quote(whole.idColumn)} BLOB PRIMARY KEY`,
    ...(whole.labelType === "none" ? [] : [`${quote(whole.labelColumn)} ${labelType}`]),
    `${quote(whole.dataColumn)} BLOB`,
  ];
  const metadata = [
    `${quote(whole.metadataIdColumn)} BLOB PRIMARY KEY`,
    "path TEXT NOT NULL",
    "class TEXT",
    "bytes INTEGER NOT NULL",
    "hash BLOB NOT NULL",
    "origin BLOB NOT NULL",
    ...(whole.labelType === "int" ? [`${quote(whole.metadataLabelColumn)} INTEGER`] : []),
    ...Object.entries(whole.columns).map(([name, type]) => `${quote(name)} ${SQL_TYPES[type]}`),
  ];
  const table = quote(whole.metadataTable);
  const index = whole.partitionBy.length > 0
    ? [
      `CREATE INDEX IF NOT EXISTS ${quote(`${whole.metadataTable}_by_partition`)} ON ${table} (${
        whole.partitionBy.map(quote).join(", ")
      })`,
    ]
    : [];
  return [
    `CREATE TABLE IF NOT EXISTS ${quote(whole.dataTable)} (${data.join(", ")})`,
    `CREATE TABLE IF NOT EXISTS ${table} (${metadata.join(", ")})`,
    ...index,
    ...(whole.labelType === "int"
      ? [
        `CREATE TABLE IF NOT EXISTS ${
          quote(classTable(whole))
        } (label INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)`,
      ]
      : []),
  ];
}

/**
 * Checks the name of a keyspace.
 *
 * @param keyspace As the caller wrote it.
 * @throws {UsageError} If it is none.
 */
export function checkKeyspace(keyspace: string): void {
  check.that(typeof keyspace === "string" && keyspace !== "", "keyspace", "a name", keyspace);
}

function replicationMap(replication: Replication): string {
  const factors = typeof replication === "number"
    ? { replication_factor: replication }
    : replication;
  for (const [name, factor] of Object.entries(factors)) {
    if (!Number.isInteger(factor) || factor < 1) {
      check.refuse("replication", "whole numbers from 1 on", `${factor} for ${name}`);
    }
  }
  const strategy = typeof replication === "number" ? "SimpleStrategy" : "NetworkTopologyStrategy";
  const entries = Object.entries(factors)
    .map(([name, factor]) => `${literal(name)}: ${factor}`);
  return `{'class': '${strategy}', ${entries.join(", ")}}`;
}

function unique(table: string, names: string[]): void {
  // SQLite takes names that differ in case for the same.
  const seen = new Set<string>();
  for (const name of names) {
    if (name === "") check.refuse(table, "made of columns with names", 'a column named ""');
    if (seen.has(name.toLowerCase())) {
      check.refuse(table, "made of columns with names of their own", `"${name}" twice`);
    }
    seen.add(name.toLowerCase());
  }
}
