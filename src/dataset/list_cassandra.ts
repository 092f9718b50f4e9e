import { OptionCheck } from "../check.ts";
import { SchemaError } from "../errors.ts";
import { formatId } from "../ids.ts";
import {
  type CassandraConfig,
  cassandraConfig,
  type CassandraOptions,
} from "../source/cassandra_config.ts";
import { scrubberOf } from "../source/scrub.ts";
import { intLabel } from "../source/int_label.ts";
import { classNames, nameOf } from "./class_names.ts";
import type { ListSelection } from "./list.ts";
import { ListBuilder, type SampleList } from "./list_builder.ts";
import type { RowSink } from "./row_buffer.ts";
import { scanCassandra } from "./scan_cassandra.ts";
import { TableReader } from "./table_reader.ts";
import type { Cell } from "./cql_rows.ts";
import { classTable, type ColumnValue } from "./schema.ts";

/** Options of {@linkcode listCassandra}. */
export interface ListCassandraOptions extends CassandraOptions, ListSelection {
  /** Parts of the token ring that are read at once; 4 when left out. */
  concurrency?: number;
}

/**
 * Reads the ids of a data set from a metadata or a data table of Cassandra.
 *
 * The token ring is cut into parts that are read at the same time, so that the servers' speed is the
 * limit, not the way there and back.
 *
 * @param options Where the cluster is; `table` names the table with its keyspace.
 * @returns The ids with their labels.
 * @throws {UsageError} If an option is wrong.
 * @throws {ConnectError} If no contact point answers.
 * @throws {SchemaError} If the table or one of its columns is missing, or the condition is wrong.
 */
export async function listCassandra(options: ListCassandraOptions): Promise<SampleList> {
  checkListing(options);
  const builder = new ListBuilder(options.columns);
  await scanCassandraRows(options, builder);
  return builder.build();
}

/**
 * Reads the rows of a metadata or a data table of Cassandra.
 *
 * @param options Where the cluster is; `table` names the table with its keyspace.
 * @param sink Takes the rows.
 * @throws {UsageError} If an option is wrong.
 * @throws {ConnectError} If no contact point answers.
 * @throws {SchemaError} If the table or one of its columns is missing, or the condition is wrong.
 */
export async function scanCassandraRows(
  options: ListCassandraOptions,
  sink: RowSink,
): Promise<void> {
  checkListing(options);
  const {
    columns: _columns,
    where: _where,
    filter: _filter,
    concurrency: _concurrency,
    classTable: _classTable,
    ...rest
  } = options;
  const config = cassandraConfig(rest);
  try {
    await scanTable(options, config, sink);
  } catch (error) {
    throw scrubberOf(config).error(error);
  }
}

async function scanTable(
  options: ListCassandraOptions,
  config: CassandraConfig,
  sink: RowSink,
): Promise<void> {
  const { columns = [], where, filter, concurrency, classTable: given } = options;
  const { keyspace, tableName } = config;
  const classes = given ?? classTable({ metadataTable: tableName });
  await using reader = new TableReader(config);
  const { types } = await reader.columns(keyspace, tableName);
  const idColumn = config.idColumn ?? firstUuid(types, options.table);
  const idType = types.get(idColumn);
  if (idType !== undefined && !UUIDS.includes(idType)) throw noId(options.table, idColumn, idType);
  const labelColumn = options.labelColumn ?? "label";
  const label = config.labelType === "int" && isLabel(options, types.get(labelColumn));
  const selected = [
    idColumn,
    ...(label ? [labelColumn] : []),
    ...(types.has("class") ? ["class"] : []),
    ...columns,
  ];
  const names = classNames(label ? await reader.classes(keyspace, classes) : new Map());
  const [labelAt, classAt] = [1, label ? 2 : 1];
  const first = selected.length - columns.length;
  const hasClass = types.has("class");
  await scanCassandra(reader, config, {
    keyspace,
    table: tableName,
    columns: selected,
    where,
    concurrency,
    onPage(rows) {
      for (const cells of rows) {
        const id = cells[0] as Uint8Array | null;
        if (!id) throw noId(options.table, idColumn, "null");
        const value = label ? cells[labelAt] : null;
        const number = value === null ? null : intLabel(value);
        if (number === undefined) {
          throw noLabels(options, `${value} of ${formatId(id)}`);
        }
        const name = nameOf(names, number, hasClass ? cells[classAt] : null);
        const values = columns.length > 0 ? cells.slice(first).map(columnValue) : [];
        if (!filter || filter({ id, label: number, class: name, columns: values })) {
          sink.add(id, number, name, values);
        }
      }
    },
  });
}

/** Those that are no options of a source; the others are checked as such. */
function checkListing(options: ListCassandraOptions): void {
  const check = new OptionCheck("list a Cassandra table");
  check.that(typeof options === "object" && options !== null, "options", "an object", options);
  check.texts("columns", options.columns);
  check.text("where", options.where);
  check.text("classTable", options.classTable);
  check.callback("filter", options.filter);
  check.whole("concurrency", options.concurrency, 1);
}

/** Types of columns of labels, whose values must fit into 32 bits. */
const INTEGERS = ["int", "smallint", "tinyint", "bigint", "varint"];

/** Whether a column of this type holds labels; one that was named and is not there is told later. */
function isLabel(options: ListCassandraOptions, type: string | undefined): boolean {
  const isNamed = options.labelColumn !== undefined;
  if (type === undefined || INTEGERS.includes(type)) return isNamed || type !== undefined;
  // Masks and arrays stand in a column of this name too.
  if (type === "blob" && !isNamed) return false;
  throw noLabels(options, `type ${type}`);
}

function noLabels({ table, labelColumn = "label" }: ListCassandraOptions, received: string) {
  return new SchemaError(
    `Cannot list ${table} as its label column "${labelColumn}" must be of 32-bit integers: received ${received}; labelType "none" leaves labels out`,
    { option: "labelColumn" },
  );
}

/** Types of columns that ids can be in. */
const UUIDS = ["uuid", "timeuuid"];

function noId(table: string, column: string, received: string): SchemaError {
  return new SchemaError(
    `Cannot list ${table} as its column "${column}" must hold a UUID in each row: received ${received}`,
    { option: "idColumn" },
  );
}

function firstUuid(types: Map<string, string>, table: string): string {
  if (types.get("id") === "uuid") return "id";
  const uuids = [...types].filter(([, type]) => UUIDS.includes(type));
  if (uuids.length === 1) return uuids[0][0];
  throw new SchemaError(
    `Cannot list ${table} as idColumn must be one of its ${uuids.length} columns of type uuid: received undefined`,
    { option: "idColumn" },
  );
}

function columnValue(cell: Cell): ColumnValue {
  return cell instanceof Uint8Array ? cell.toHex() : cell;
}
