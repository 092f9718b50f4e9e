import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { OptionCheck } from "../check.ts";
import type { types } from "cassandra-driver";
import { CassetteError, FetchError, SchemaError } from "../errors.ts";
import { formatId, ID_BYTES } from "../ids.ts";
import { cassandraConfig } from "../source/cassandra_config.ts";
import type { CassandraWriterOptions } from "./cassandra_writer.ts";
import { Gate } from "./gate.ts";
import { openSqlite, SQLITE_CODE, sqliteError } from "../source/open_sqlite.ts";
import { PathHashes } from "./path_hashes.ts";
import { scanCassandra } from "./scan_cassandra.ts";
import { quote } from "../source/quote.ts";
import { scrubberOf } from "../source/scrub.ts";
import { serverError } from "../source/server_error.ts";
import { showValue } from "../source/int_label.ts";
import { sqliteColumns } from "../source/sqlite_schema.ts";
import { checkKeyspace, type DatasetSchema, type WholeSchema, wholeSchema } from "./schema.ts";
import { TableReader } from "./table_reader.ts";

/** A metadata row whose blob is not as it says. */
export interface VerifyFault {
  /** Id of the sample, as a UUID string. */
  id: string;
  /** Its path within the data set. */
  path: string;
  /** What is wrong: there is no blob, it has another hash, or another sample has the same path. */
  reason: "missing" | "different" | "same path";
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
  /** Samples that have a path that another sample has, too. */
  samePath: number;
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
 * @throws {UsageError} If an option is wrong, or the file is no database.
 * @throws {SchemaError} If the file lacks a table or a column.
 * @throws {FetchTimeoutError} If another connection locks the file for too long.
 * @throws {FetchError} If the file is damaged.
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
  const database = open(path);
  try {
    for (const table of [metadataTable, dataTable]) {
      if (sqliteColumns(database, path, table, "verify").length > 0) continue;
      throw new SchemaError(
        `Cannot verify ${path} as it must have a table "${table}": received none`,
        {
          option: "table",
        },
      );
    }
    const statement = database.prepare(
      `SELECT m.${quote(metadataIdColumn)} AS id, m.path AS path, m.hash AS hash, d.${
        quote(dataColumn)
      } AS data FROM ${quote(metadataTable)} AS m LEFT JOIN ${quote(dataTable)} AS d ON d.${
        quote(idColumn)
      } = m.${quote(metadataIdColumn)}`,
    );
    statement.setReadBigInts(true);
    const paths = new PathHashes();
    for (const { id, path, hash, data } of statement.iterate()) {
      options.signal?.throwIfAborted();
      compare(report, { id, path: String(path), hash }, data, options);
      paths.add(String(path));
    }
    if (paths.hasCandidates()) {
      const again = database.prepare(
        `SELECT ${quote(metadataIdColumn)} AS id, path AS path FROM ${quote(metadataTable)}`,
      );
      again.setReadBigInts(true);
      for (const { id, path } of again.iterate()) paths.addAgain(String(path), showId(id));
      tellDoubled(report, paths, options);
    }
    const count = database.prepare(`SELECT count(*) AS n FROM ${quote(dataTable)}`).get();
    report.dataRows = Number(count!.n);
    return report;
  } catch (cause) {
    options.signal?.throwIfAborted();
    // What `onFault` throws stays what it is.
    if ((cause as { code?: unknown }).code !== SQLITE_CODE) throw cause;
    throw sqliteError(`Cannot verify ${path}`, cause);
  } finally {
    database.close();
  }
}

function open(path: string): DatabaseSync {
  try {
    return openSqlite(path);
  } catch (cause) {
    throw sqliteError(`Cannot verify ${path}`, cause);
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
    const paths = new PathHashes();
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
          paths.add(row.path);
          await gate.enter();
          if (failure) {
            gate.leave();
            throw failure.error;
          }
          void client.execute(select, [key], { prepare: true, isIdempotent: true })
            .catch((error) => {
              throw serverError(`Cannot verify ${config.table} as its blobs must be read`, error);
            })
            .then((found) => compare(report, row, blobOf(found, schema, config.table), options))
            .catch((error) => void (failure ??= { error }))
            .finally(() => gate.leave());
        }
      },
    });
    await gate.empty();
    if (failure) throw failure.error;
    if (paths.hasCandidates()) {
      await scanCassandra(reader, config, {
        keyspace,
        table: schema.metadataTable,
        columns: [schema.metadataIdColumn, "path"],
        signal: options.signal,
        onPage(rows) {
          for (const [id, path] of rows) paths.addAgain(String(path), formatId(copy(id)));
        },
      });
      tellDoubled(report, paths, options);
    }
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
  } catch (error) {
    // What a caller's functions and signal throw stays what it is.
    throw error instanceof CassetteError ? scrubberOf(config).error(error) : error;
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
  return {
    metadataRows: 0,
    dataRows: 0,
    bytes: 0,
    missing: 0,
    different: 0,
    doubled: 0,
    samePath: 0,
  };
}

function tellDoubled(report: VerifyReport, paths: PathHashes, { onFault }: VerifyOptions): void {
  for (const { path, id } of paths.doubled()) {
    report.samePath++;
    onFault?.({ id, path, reason: "same path" });
  }
}

function compare(
  report: VerifyReport,
  { id, path, hash }: { id: unknown; path: string; hash: unknown },
  data: unknown,
  { onFault, onProgress }: VerifyOptions,
): void {
  const tell = (reason: VerifyFault["reason"]) => onFault?.({ id: showId(id), path, reason });
  report.metadataRows++;
  if (!data) {
    report.missing++;
    tell("missing");
  } else {
    const good = data instanceof Uint8Array && hash instanceof Uint8Array &&
      Buffer.compare(createHash("sha256").update(data).digest(), hash) === 0;
    if (data instanceof Uint8Array) report.bytes += data.length;
    if (!good) {
      report.different++;
      tell("different");
    }
  }
  onProgress?.(report.metadataRows);
}

/** An id as SQLite gives it, which lets it be anything. */
function showId(id: unknown): string {
  return id instanceof Uint8Array && id.length === ID_BYTES ? formatId(id) : showValue(id);
}

/** The blob of an answer; undefined where there is none. */
function blobOf(
  { columns, rows }: types.ResultSet,
  { dataColumn }: WholeSchema,
  table: string,
): unknown {
  const [column, more] = columns ?? [];
  if (column?.name === dataColumn && !more && rows.length < 2) return rows[0]?.[dataColumn];
  throw new FetchError(
    `Cannot verify ${table} as the server must answer with one row of "${dataColumn}": received ${
      columns ? `${rows.length} rows of ${columns.length} columns` : "no rows"
    }`,
  );
}

function copy(cell: unknown): Uint8Array {
  return cell instanceof Uint8Array ? Uint8Array.from(cell) : new Uint8Array();
}
