import type { Command } from "commander";
import { CassandraWriter } from "../dataset/cassandra_writer.ts";
import { listCassandra } from "../dataset/list_cassandra.ts";
import { listSqlite, type SampleList } from "../dataset/list.ts";
import type { DatasetWriter } from "../dataset/record.ts";
import { SqliteWriter } from "../dataset/sqlite_writer.ts";
import { UsageError } from "../errors.ts";
import {
  type CassandraOptions,
  CassandraSource,
  type TlsOptions,
  type TlsVerify,
} from "../source/cassandra.ts";
import type { BlobSource } from "../source/source.ts";
import { SqliteSource } from "../source/sqlite.ts";
import { wholeNumber } from "./numbers.ts";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

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
  /** PEM file with the authorities that are trusted. */
  tlsCa?: string;
  /** PEM file with the client's certificate. */
  tlsCert?: string;
  /** PEM file with its private key. */
  tlsKey?: string;
  /** What is checked of the server's certificate; given without the files, it asks for TLS too. */
  tlsVerify?: TlsVerify;
  /** Secure connect bundle of Astra DB. */
  cloudBundle?: string;
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
    .option("--tls-ca <file>", "encrypt, and trust the authorities in this PEM file")
    .option("--tls-cert <file>", "the client's certificate, a PEM file")
    .option("--tls-key <file>", "its private key, a PEM file")
    .option("--tls-verify <what>", "encrypt, and check identity, chain or none")
    .option("--cloud-bundle <file>", "secure connect bundle of Astra DB, instead of --cassandra")
    .addHelpText(
      "after",
      "\nSecrets of the cluster come from the environment, or from files that it names:\n" +
        "  CASSANDRA_USERNAME, and CASSANDRA_PASSWORD or CASSANDRA_PASSWORD_FILE\n" +
        "  CASSANDRA_KEY_PASSPHRASE or CASSANDRA_KEY_PASSPHRASE_FILE, for --tls-key",
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

function checkTarget(target: TargetOptions): "sqlite" | "cassandra" {
  const { sqlite, cassandra, cloudBundle } = target;
  const given = [sqlite, cassandra, cloudBundle].filter((value) => value !== undefined);
  if (given.length === 1) return sqlite === undefined ? "cassandra" : "sqlite";
  throw new UsageError(
    `Cannot find the data set as one of --sqlite, --cassandra and --cloud-bundle must be given: received ${
      given.length === 0 ? "none" : given.length
    }`,
    { option: "sqlite" },
  );
}

function connection(target: TargetOptions): Pick<
  CassandraOptions,
  "contactPoints" | "port" | "localDatacenter" | "username" | "password" | "tls" | "cloudBundle"
> {
  const credentials = {
    username: Deno.env.get("CASSANDRA_USERNAME"),
    password: secret("CASSANDRA_PASSWORD"),
  };
  if (target.cloudBundle !== undefined) return { ...credentials, cloudBundle: target.cloudBundle };
  return {
    ...credentials,
    contactPoints: target.cassandra!.split(",").map((host) => host.trim()),
    port: target.port,
    localDatacenter: target.datacenter,
    tls: tls(target),
  };
}

function tls({ tlsCa, tlsCert, tlsKey, tlsVerify }: TargetOptions): TlsOptions | undefined {
  if ([tlsCa, tlsCert, tlsKey, tlsVerify].every((value) => value === undefined)) return undefined;
  const file = (path: string | undefined) =>
    path === undefined ? undefined : pathToFileURL(resolve(path));
  return {
    ca: file(tlsCa),
    cert: file(tlsCert),
    key: file(tlsKey),
    keyPassphrase: tlsKey === undefined ? undefined : secret("CASSANDRA_KEY_PASSPHRASE"),
    verify: tlsVerify,
  };
}

/** A secret from the environment, or from the file that it names. */
function secret(name: string): string | undefined {
  const file = Deno.env.get(`${name}_FILE`);
  return Deno.env.get(name) ??
    (file === undefined ? undefined : Deno.readTextFileSync(file).replace(/\r?\n$/, ""));
}
