import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { OptionCheck } from "../check.ts";
import { UsageError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { cassandraConfig } from "../source/cassandra_config.ts";
import type { CassandraWriterOptions } from "./cassandra_writer.ts";
import { Gate } from "./gate.ts";
import { openSqlite } from "../source/open_sqlite.ts";
import { scanCassandra } from "./scan_cassandra.ts";
import { quote } from "../source/quote.ts";
import { checkKeyspace, type DatasetSchema, wholeSchema } from "./schema.ts";
import { TableReader } from "./table_reader.ts";

/** A metadata row whose blob is not as it says. */
export interface VerifyFault {
  /** Id of the sample, as a UUID string. */
  id: string;
  /** Its path within the data set. */
  path: string;
  /** What is wrong: there is no blob, or it has another hash. */
  reason: "missing" | "different";
}

/** What a verification found. */
export interface VerifyReport {
  /** Rows of the metadata table. */
  metadataRows: number;
  /** Rows of the data table; more than those of metadata where an ingest was ended before its end. */
  dataRows: number;
  /** Bytes of the blobs that were read. */
  bytes: number;
  /** Metadata rows without a blob. */
  missing: number;
  /** Blobs with another hash than their metadata say. */
  different: number;
  /** Samples that stand in more than one metadata row, under several partitions. */
  doubled: number;
}

/** Options of a verification. */
export interface VerifyOptions {
  /** Called with each fault. */
  onFault?: (fault: VerifyFault) => void;
  /** Called with the number of rows that were checked. */
  onProgress?: (done: number) => void;
  /** Aborts with its reason. */
  signal?: AbortSignal;
}

/**
 * Checks a data set in SQLite: each metadata row has its blob, and the blob has the hash that the
 * row says.
 *
 * @param path Path of the database file.
 * @param schema Names of tables and columns.
 * @param options Called with faults and progress.
 * @returns What was found.
 * @throws {UsageError} If an option is wrong, or the file has no such tables.
 */
export function verifySqlite(
  path: string,
  schema: DatasetSchema = {},
  options: VerifyOptions = {},
): VerifyReport {
  check.that(typeof path === "string" && path !== "", "path", "a path", path);
  checkOptions(options);
  const { dataTable, dataColumn, idColumn, metadataTable, metadataIdColumn } = wholeSchema(schema);
  const report = emptyReport();
  let database: DatabaseSync | undefined;
  try {
    database = openSqlite(path);
    const rows = database.prepare(
      `SELECT m.${quote(metadataIdColumn)} AS id, m.path AS path, m.hash AS hash, d.${
        quote(dataColumn)
      } AS data FROM ${quote(metadataTable)} AS m LEFT JOIN ${quote(dataTable)} AS d ON d.${
        quote(idColumn)
      } = m.${quote(metadataIdColumn)}`,
    ).iterate();
    for (const { id, path, hash, data } of rows) {
      options.signal?.throwIfAborted();
      compare(
        report,
        { id: id as Uint8Array, path: String(path), hash: hash as Uint8Array },
        data as Uint8Array | null,
        options,
      );
    }
    const count = database.prepare(`SELECT count(*) AS n FROM ${quote(dataTable)}`).get();
    report.dataRows = Number(count!.n);
    return report;
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw new UsageError(
      `Cannot verify ${path} as it must be a data set in SQLite: received ${
        (cause as Error).message
      }`,
      { cause },
    );
  } finally {
    database?.close();
  }
}

/**
 * Checks a data set in Cassandra: each metadata row has its blob, and the blob has the hash that
 * the row says.
 *
 * @param writer Where the cluster is, and names of tables and columns; `concurrency` blobs are read
 *   at once.
 * @param options Called with faults and progress.
 * @returns What was found.
 * @throws {UsageError} If an option is wrong.
 * @throws {ConnectError} If no contact point answers.
 * @throws {SchemaError} If a table or a column is missing.
 * @throws {FetchError} If the servers cannot read a part of a table.
 */
export async function verifyCassandra(
  writer: CassandraWriterOptions,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  check.that(typeof writer === "object" && writer !== null, "writer", "an object", writer);
  const { keyspace, tables, replication: _r, concurrency = 32, ...rest } = writer;
  checkKeyspace(keyspace);
  check.whole("concurrency", concurrency, 1);
  checkOptions(options);
  const schema = wholeSchema(tables);
  const { connectClient } = await import("../source/cassandra_client.ts");
  const config = cassandraConfig({
    ...rest,
    table: `${quote(keyspace)}.${quote(schema.dataTable)}`,
  });
  const client = await connectClient(config);
  const reader = new TableReader(config, client);
  const report = emptyReport();
  try {
    const select = `SELECT ${quote(schema.dataColumn)} FROM ${quote(keyspace)}.${
      quote(schema.dataTable)
    } WHERE ${quote(schema.idColumn)} = ?`;
    const ids: Set<string> | undefined = schema.partitionBy.length > 0 ? new Set() : undefined;
    const gate = new Gate(concurrency);
    let failure: { error: unknown } | undefined;
    await scanCassandra(reader, config, {
      keyspace,
      table: schema.metadataTable,
      columns: [schema.metadataIdColumn, "path", "hash"],
      concurrency: 4,
      signal: options.signal,
      async onPage(rows) {
        for (const [id, path, hash] of rows) {
          const row = { id: copy(id), path: String(path), hash: copy(hash) };
          const key = formatId(row.id);
          if (ids?.has(key)) report.doubled++;
          ids?.add(key);
          await gate.enter();
          if (failure) {
            gate.leave();
            throw failure.error;
          }
          void client.execute(select, [key], { prepare: true, isIdempotent: true })
            .then((found) => compare(report, row, found.rows[0]?.[schema.dataColumn], options))
            .catch((error) => void (failure ??= { error }))
            .finally(() => gate.leave());
        }
      },
    });
    await gate.empty();
    if (failure) throw failure.error;
    await scanCassandra(reader, config, {
      keyspace,
      table: schema.dataTable,
      columns: [schema.idColumn],
      signal: options.signal,
      onPage(rows) {
        for (const _ of rows) report.dataRows++;
      },
    });
    return report;
  } finally {
    await client.shutdown();
  }
}

const KNOWN: Record<keyof VerifyOptions, true> = { onFault: true, onProgress: true, signal: true };

const check: OptionCheck = new OptionCheck("verify a data set");

function checkOptions(options: VerifyOptions): void {
  check.names(options, KNOWN);
  check.callback("onFault", options.onFault);
  check.callback("onProgress", options.onProgress);
  check.signal("signal", options.signal);
}

function emptyReport(): VerifyReport {
  return { metadataRows: 0, dataRows: 0, bytes: 0, missing: 0, different: 0, doubled: 0 };
}

function compare(
  report: VerifyReport,
  { id, path, hash }: { id: Uint8Array; path: string; hash: Uint8Array },
  data: Uint8Array | null | undefined,
  { onFault, onProgress }: VerifyOptions,
): void {
  report.metadataRows++;
  if (!data) {
    report.missing++;
    onFault?.({ id: formatId(id), path, reason: "missing" });
  } else {
    report.bytes += data.length;
    if (Buffer.compare(createHash("sha256").update(data).digest(), hash) !== 0) {
      report.different++;
      onFault?.({ id: formatId(id), path, reason: "different" });
    }
  }
  onProgress?.(report.metadataRows);
}

function copy(cell: unknown): Uint8Array {
  return cell instanceof Uint8Array ? Uint8Array.from(cell) : new Uint8Array();
}
