import type { Command } from "commander";
import { CassandraWriter } from "../dataset/cassandra_writer.ts";
import { listCassandra } from "../dataset/list_cassandra.ts";
import { listSqlite, type SampleList } from "../dataset/list.ts";
import type { DatasetWriter } from "../dataset/record.ts";
import { SqliteWriter } from "../dataset/sqlite_writer.ts";
import { UsageError } from "../errors.ts";
import { type CassandraOptions, CassandraSource } from "../source/cassandra.ts";
import type { BlobSource } from "../source/source.ts";
import { SqliteSource } from "../source/sqlite.ts";
import { wholeNumber } from "./numbers.ts";

/** Where a data set is, as the command line says it. */
export interface TargetOptions {
  /** Path of a SQLite file. */
  sqlite?: string;
  /** Contact points of a Cassandra cluster, with commas between them. */
  cassandra?: string;
  /** Port of the cluster. */
  port: number;
  /** Local data centre. */
  datacenter?: string;
  /** Keyspace of the tables. */
  keyspace: string;
  /** Data table. */
  dataTable: string;
  /** Metadata table. */
  metadataTable: string;
  /** Which driver reads. */
  driver: "auto" | "native" | "js";
}

/**
 * Adds the options that say where a data set is.
 *
 * @param command The command to add them to.
 * @returns The same command.
 */
export function addTargetOptions(command: Command): Command {
  return command
    .option("--sqlite <file>", "SQLite file that holds the tables")
    .option(
      "--cassandra <hosts>",
      "contact points of a Cassandra cluster, with commas between them",
    )
    .option("--port <number>", "port of the cluster", wholeNumber("port", 1), 9042)
    .option("--datacenter <name>", "local data centre; asked of the cluster when left out")
    .option("--keyspace <name>", "keyspace of the tables", "cassette")
    .option("--data-table <name>", "table of ids, labels and blobs", "data")
    .option("--metadata-table <name>", "table of ids, paths, classes and labels", "metadata")
    .option("--driver <name>", "auto, native or js", "auto")
    .addHelpText(
      "after",
      "\nThe user name and password of the cluster come from the environment:\n" +
        "  CASSANDRA_USERNAME, and CASSANDRA_PASSWORD or CASSANDRA_PASSWORD_FILE",
    );
}

/**
 * Opens the data set for writing.
 *
 * @param target Where it is.
 * @returns The writer.
 * @throws {UsageError} If the options name no data set, or two.
 */
export async function openWriter(target: TargetOptions): Promise<DatasetWriter> {
  if (checkTarget(target) === "sqlite") return new SqliteWriter(target.sqlite!, target);
  return await CassandraWriter.open({
    ...connection(target),
    keyspace: target.keyspace,
    tables: target,
  });
}

/**
 * Opens the data set for fetching.
 *
 * @param target Where it is.
 * @returns The source.
 * @throws {UsageError} If the options name no data set, or two.
 */
export async function openSource(target: TargetOptions): Promise<BlobSource> {
  if (checkTarget(target) === "sqlite") {
    return await SqliteSource.open({ path: target.sqlite!, table: target.dataTable });
  }
  return await CassandraSource.open({
    ...connection(target),
    table: `${target.keyspace}.${target.dataTable}`,
    driver: target.driver,
    onWarning: (message) => console.error(`warning: ${message}`),
  });
}

/**
 * Lists the samples of the data set.
 *
 * @param target Where it is.
 * @returns Ids, labels and class names.
 * @throws {UsageError} If the options name no data set, or two.
 */
export async function openList(target: TargetOptions): Promise<SampleList> {
  if (checkTarget(target) === "sqlite") return listSqlite(target.sqlite!, target.metadataTable);
  return await listCassandra({
    ...connection(target),
    table: `${target.keyspace}.${target.metadataTable}`,
  });
}

function checkTarget({ sqlite, cassandra }: TargetOptions): "sqlite" | "cassandra" {
  if ((sqlite === undefined) !== (cassandra === undefined)) return sqlite ? "sqlite" : "cassandra";
  throw new UsageError(
    `Cannot find the data set as either --sqlite or --cassandra must be given: received ${
      sqlite === undefined ? "neither" : "both"
    }`,
    { option: "sqlite" },
  );
}

function connection(target: TargetOptions): Pick<
  CassandraOptions,
  "contactPoints" | "port" | "localDatacenter" | "username" | "password"
> {
  const file = Deno.env.get("CASSANDRA_PASSWORD_FILE");
  const password = Deno.env.get("CASSANDRA_PASSWORD") ??
    (file === undefined ? undefined : Deno.readTextFileSync(file).replace(/\r?\n$/, ""));
  return {
    contactPoints: target.cassandra!.split(",").map((host) => host.trim()),
    port: target.port,
    localDatacenter: target.datacenter,
    username: Deno.env.get("CASSANDRA_USERNAME"),
    password,
  };
}
