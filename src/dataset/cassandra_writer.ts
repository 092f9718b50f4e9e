import type { QueryOptions } from "cassandra-driver";
import type { GuardedClient } from "../source/cassandra_client.ts";
import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import { OptionCheck } from "../check.ts";
import type { types } from "cassandra-driver";
import { CassetteError, ConnectError, FetchError, IngestError, SchemaError } from "../errors.ts";
import { backoffWait } from "../source/backoff.ts";
import { isShort, serverError } from "../source/server_error.ts";
import { formatId } from "../ids.ts";
import { cassandraConfig, type CassandraOptions } from "../source/cassandra_config.ts";
import type { LabelType } from "../source/source.ts";
import { quote } from "../source/quote.ts";
import { addCassandraClasses } from "./cassandra_classes.ts";
import type { NumberedClass, Numbering } from "./class_map.ts";
import { Gate } from "./gate.ts";
import { type DatasetWriter, recordName, type SampleRecord } from "./record.ts";
import { columnValues, recordRows, type RowValue } from "./row.ts";
import {
  cassandraSchema,
  checkKeyspace,
  dataColumns,
  type DatasetSchema,
  metadataColumns,
  type Replication,
  type WholeSchema,
  wholeSchema,
} from "./schema.ts";
import { checkTables } from "./table_columns.ts";

/** Options of {@linkcode CassandraWriter.open}. */
export interface CassandraWriterOptions
  extends Omit<CassandraOptions, "table" | "idColumn" | "dataColumn" | "labelColumn"> {
  /** Keyspace of the tables; created if it is missing. */
  keyspace: string;
  /** Names and columns of the tables. */
  tables?: DatasetSchema;
  /** Copies of each row, for a keyspace that is created; 1 when left out. */
  replication?: Replication;
  /** Records that are written at once; 64 when left out. */
  concurrency?: number;
}

/**
 * Truncation, read and write failures: they may pass, such as those of a host that does not know a
 * new table yet; but when they do not, the record is the reason.
 */
const FAILED = new Set([0x1003, 0x1300, 0x1500]);

/**
 * Writes a data set into two tables of Cassandra.
 *
 * @example
 * ```ts ignore
 * import { CassandraWriter, ingestFolder } from "@cassette/loader";
 *
 * await using writer = await CassandraWriter.open({
 *   contactPoints: ["127.0.0.1"],
 *   keyspace: "imagenette",
 *   tables: { dataTable: "data_224" },
 * });
 * const { written } = await ingestFolder("imagenette2/train", writer);
 * ```
 */
export class CassandraWriter implements DatasetWriter {
  /** Name for messages: keyspace and data table. */
  readonly name: string;
  readonly #client: GuardedClient;
  readonly #options: CassandraWriterOptions;
  readonly #schema: WholeSchema;
  readonly #cql: Record<"data" | "metadata" | "origin" | "any", string>;
  readonly #gate: Gate;

  private constructor(client: GuardedClient, options: CassandraWriterOptions) {
    this.#schema = wholeSchema({ ...options.tables, labelType: labelTypeOf(options) });
    const { dataTable, metadataTable, metadataIdColumn, partitionBy } = this.#schema;
    this.name = `${options.keyspace}.${dataTable}`;
    this.#client = client;
    this.#options = options;
    this.#gate = new Gate(options.concurrency ?? 64);
    const space = quote(options.keyspace);
    const insert = (table: string, columns: string[]) =>
      `INSERT INTO ${space}.${quote(table)} (${columns.map(quote).join(", ")}) VALUES (${
        columns.map(() => "?").join(", ")
      })`;
    const key = [...partitionBy, metadataIdColumn].map((name) => `${quote(name)} = ?`);
    const metadata = `${space}.${quote(metadataTable)}`;
    this.#cql = {
      data: insert(dataTable, dataColumns(this.#schema)),
      metadata: insert(metadataTable, metadataColumns(this.#schema)),
      origin: `SELECT origin FROM ${metadata} WHERE ${key.join(" AND ")}`,
      any: `SELECT ${quote(metadataIdColumn)} FROM ${metadata} LIMIT 1`,
    };
  }

  /**
   * Connects to a cluster.
   *
   * @param options Where the cluster is, and the names of keyspace and tables.
   * @returns The writer; dispose of it to close the connection.
   * @throws {ConnectError} If no contact point answers.
   * @throws {AuthError} If the server refuses user name or password.
   * @throws {UsageError} If the schema or an option is wrong.
   */
  static async open(options: CassandraWriterOptions): Promise<CassandraWriter> {
    const check = new OptionCheck("open a Cassandra writer");
    check.that(typeof options === "object" && options !== null, "options", "an object", options);
    const { keyspace, tables, concurrency, replication: _r, ...rest } = options;
    checkKeyspace(keyspace);
    check.whole("concurrency", concurrency, 1);
    wholeSchema(tables);
    // Loaded only here: the driver is large, and SQLite does without it.
    const { connectClient } = await import("../source/cassandra_client.ts");
    const client = await connectClient(
      cassandraConfig({ ...rest, table: `${quote(keyspace)}.data` }),
    );
    return new CassandraWriter(client, options);
  }

  /**
   * Creates keyspace and tables that are missing.
   *
   * @throws {IngestError} If the server does not let it.
   * @throws {SchemaError} If there are such tables of another schema.
   */
  async createTables(): Promise<void> {
    const { keyspace, replication } = this.#options;
    for (const statement of cassandraSchema(this.#schema, keyspace, replication)) {
      try {
        await this.#client.execute(statement, [], { prepare: false });
      } catch (cause) {
        throw new IngestError(
          `Cannot create the tables of ${this.name} as the server must allow it: received ${
            (cause as Error).message
          }`,
          { cause },
        );
      }
    }
    await checkTables(this.#client, keyspace, this.#schema);
  }

  /**
   * Puts classes into the table of classes, by lightweight transactions.
   *
   * @param wanted The classes.
   * @param numbering Where their numbers come from.
   * @returns Number of each class; undefined where labels are no numbers.
   * @throws {ConnectError} If the cluster does not answer, or not in time.
   * @throws {SchemaError} If a class would have two numbers, or a number two classes.
   */
  async numberClasses(
    wanted: readonly NumberedClass[],
    numbering: Numbering,
  ): Promise<ReadonlyMap<string, number> | undefined> {
    if (this.#schema.labelType !== "int") return undefined;
    const { keyspace } = this.#options;
    const execute = this.#ask.bind(this);
    return await addCassandraClasses(execute, keyspace, this.#schema, wanted, numbering);
  }

  /**
   * Tells whether there are no records yet.
   *
   * @returns True if the metadata table has no rows.
   * @throws {ConnectError} If the cluster does not answer, or not in time.
   * @throws {SchemaError} If the table is missing.
   */
  async isEmpty(): Promise<boolean> {
    const { rows } = await this.#ask(this.#cql.any, []);
    return rows.length === 0;
  }

  /**
   * Looks up what a stored record was made of.
   *
   * @param record Names the record by its id and its partition columns.
   * @returns Its `origin`; undefined if it is not stored.
   * @throws {ConnectError} If the cluster does not answer, or not in time.
   * @throws {SchemaError} If the table is missing.
   */
  async origin(record: Pick<SampleRecord, "id" | "columns">): Promise<Uint8Array | undefined> {
    const partition = columnValues(record, this.#schema, this.#schema.partitionBy);
    const { rows } = await this.#ask(this.#cql.origin, [...partition, formatId(record.id)]);
    if (rows.length === 0) return undefined;
    const { origin } = rows[0];
    return origin instanceof Uint8Array ? origin : new Uint8Array();
  }

  /**
   * Writes one record: its data first, then its metadata.
   *
   * @param record The record.
   * @returns Once it is stored.
   * @throws {IngestError} If this record cannot be written.
   * @throws {ConnectError} If the cluster does not answer, or not in time.
   * @throws {SchemaError} If the tables lack a column.
   */
  async write(record: SampleRecord): Promise<void> {
    const rows = recordRows(record, this.#schema);
    await this.#gate.enter();
    try {
      await this.#insert(record, rows.data, rows.metadata);
    } finally {
      this.#gate.leave();
    }
  }

  /** Waits until nothing is under way any more. */
  async flush(): Promise<void> {
    await this.#gate.empty();
  }

  /** Waits for what is under way and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    await this.#client.shutdown();
  }

  /** Reads rows, or sets them where a condition holds, which is answered by rows too. */
  async #ask(cql: string, values: RowValue[], more?: QueryOptions): Promise<types.ResultSet> {
    const what = `Cannot read ${this.#options.keyspace}.${this.#schema.metadataTable}`;
    let result: types.ResultSet;
    try {
      result = await this.#execute(cql, values, more);
    } catch (error) {
      if (error instanceof CassetteError) throw error;
      throw serverError(`${what} as the server must answer`, error);
    }
    if (result.columns) return result;
    throw new FetchError(`${what} as the server must answer with rows: received none`);
  }

  async #insert(record: SampleRecord, data: RowValue[], metadata: RowValue[]): Promise<void> {
    const key = formatId(record.id);
    try {
      for (const [cql, row] of [[this.#cql.data, data], [this.#cql.metadata, metadata]] as const) {
        const { columns } = await this.#execute(cql, [key, ...row]);
        if (columns) throw new Error("rows in place of an acknowledgement");
      }
    } catch (cause) {
      if (cause instanceof CassetteError) throw cause;
      throw new IngestError(
        `Cannot write ${
          recordName(record)
        } as the server must take ${record.data.length} bytes into ${this.name}: received ${
          (cause as Error).message
        }`,
        { sampleId: key, cause },
      );
    }
  }

  async #execute(cql: string, values: RowValue[], more: QueryOptions = {}) {
    const { retries = 4, backoff = 100 } = this.#options;
    const buffers = values.map((value) =>
      value instanceof Uint8Array
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        : value
    );
    for (let attempt = 0;; attempt++) {
      try {
        const options = { prepare: true, isIdempotent: true, ...more };
        return await this.#client.execute(cql, buffers, options);
      } catch (error) {
        if (
          /[Uu]ndefined column|unconfigured table|does not exist/.test((error as Error).message)
        ) {
          throw new SchemaError(
            `Cannot write into ${this.name} as its tables must have the columns of the schema: received ${
              (error as Error).message
            }`,
            { cause: error },
          );
        }
        const short = isShort(error);
        if (!short && !FAILED.has((error as { code: number }).code)) throw error;
        if (attempt < retries) await sleep(backoffWait(attempt + 1, backoff));
        else if (!short) throw error;
        else {
          throw new ConnectError(
            `Cannot write into ${this.name} as its hosts must answer within ${
              retries + 1
            } attempts: received ${(error as Error).message}`,
            { cause: error },
          );
        }
      }
    }
  }
}

function labelTypeOf({ tables, labelType }: CassandraWriterOptions): LabelType | undefined {
  return tables?.labelType ?? labelType;
}
