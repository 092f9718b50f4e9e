import { type Command, Option } from "commander";
import { CassandraWriter } from "../dataset/cassandra_writer.ts";
import type { DatasetWriter } from "../dataset/record.ts";
import { type Replication, type WholeSchema, wholeSchema } from "../dataset/schema.ts";
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
import { warn } from "./say.ts";

/** By what the command line is given what the options of a source name. */
export const GIVEN_BY: ReadonlyMap<string, string> = new Map([
  ["username", "CASSANDRA_USERNAME"],
  ["password", "CASSANDRA_PASSWORD"],
  ["contactPoints", "--cassandra"],
  ["localDatacenter", "--datacenter"],
  ["cloudBundle", "--cloud-bundle"],
  ["tls", "--tls-verify"],
  ["tls.ca", "--tls-ca"],
  ["tls.cert", "--tls-cert"],
  ["tls.key", "--tls-key"],
  ["tls.keyPassphrase", "CASSANDRA_KEY_PASSPHRASE"],
  ["tls.verify", "--tls-verify"],
]);

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
  /** Column of the ids in the data table. */
  idColumn: string;
  /** Column of the blobs. */
  dataColumn: string;
  /** Column of the labels in the data table. */
  labelColumn: string;
  /** Column of the ids in the metadata table. */
  metadataIdColumn: string;
  /** Column of the labels in the metadata table. */
  metadataLabelColumn: string;
  /** What labels are. */
  labelType: "int" | "blob" | "none";
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

/** What the command line says of tables that are written. */
export interface SchemaOptions extends TargetOptions {
  /** Columns of one's own in the metadata table: `name` or `name:type`. */
  column?: string[];
  /** Those of them that partition it. */
  partitionBy?: string[];
  /** Copies of each row: `3`, or `dc1:3,dc2:2`. */
  replication: string;
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
    .option("--id-column <name>", "column of the ids in the data table", "id")
    .option("--data-column <name>", "column of the blobs", "data")
    .option("--label-column <name>", "column of the labels in the data table", "label")
    .option("--metadata-id-column <name>", "column of the ids in the metadata table", "id")
    .option("--metadata-label-column <name>", "column of the labels in the metadata table", "label")
    .addOption(
      new Option("--label-type <type>", "what labels are: a class, a mask or array, nothing")
        .choices(["int", "blob", "none"]).default("int"),
    )
    .addOption(
      new Option("--driver <name>", "which driver reads").choices(["auto", "native", "js"])
        .default("auto"),
    )
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
 * Adds the options that say what tables are like that are written.
 *
 * @param command The command to add them to.
 * @returns The same command.
 */
export function addSchemaOptions(command: Command): Command {
  return addTargetOptions(command)
    .option(
      "--column <name[:type]>",
      "column of your own in the metadata table, such as patient; text, int or double",
      collect,
    )
    .option("--partition-by <name>", "such a column that partitions the metadata table", collect)
    .option("--replication <copies>", "for a new keyspace: 3, or dc1:3,dc2:2", "1");
}

/**
 * The schema that the command line describes.
 *
 * @param flags What it says.
 * @returns The schema, checked.
 * @throws {UsageError} If it is wrong.
 */
export function schemaOf(flags: TargetOptions & Partial<SchemaOptions>): WholeSchema {
  const columns = (flags.column ?? []).map((text) => {
    const [name, type = "text"] = text.split(/:(?=[^:]*$)/);
    return [name, type];
  });
  return wholeSchema({
    metadataTable: flags.metadataTable,
    dataTable: flags.dataTable,
    idColumn: flags.idColumn,
    dataColumn: flags.dataColumn,
    labelColumn: flags.labelColumn,
    metadataIdColumn: flags.metadataIdColumn,
    metadataLabelColumn: flags.metadataLabelColumn,
    labelType: flags.labelType,
    columns: Object.fromEntries(columns),
    partitionBy: flags.partitionBy,
  });
}

/**
 * Reads how many copies of each row there shall be.
 *
 * @param text `3`, or `dc1:3,dc2:2`.
 * @returns The number, or numbers by data centre.
 */
export function replicationOf(text = "1"): Replication {
  if (!text.includes(":")) return Number(text);
  return Object.fromEntries(
    text.split(",").map((part) => part.split(":")).map(([name, copies]) => [name, Number(copies)]),
  );
}

/**
 * Opens the data set for writing.
 *
 * @param target Where it is.
 * @param concurrency Records that are written at once.
 * @returns The writer.
 * @throws {UsageError} If the options name no data set, or two.
 */
export async function openWriter(
  target: TargetOptions & Partial<SchemaOptions>,
  concurrency?: number,
): Promise<DatasetWriter> {
  const tables = schemaOf(target);
  if (checkTarget(target) === "sqlite") return new SqliteWriter(target.sqlite!, tables);
  return await CassandraWriter.open({
    ...connection(target),
    keyspace: target.keyspace,
    tables,
    replication: replicationOf(target.replication),
    concurrency,
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
    return await SqliteSource.open({
      path: target.sqlite!,
      table: target.dataTable,
      ...columns(target),
    });
  }
  return await CassandraSource.open({
    ...connection(target),
    table: `${target.keyspace}.${target.dataTable}`,
    ...columns(target),
    driver: target.driver,
    onWarning: (message) => warn(`warning: ${message}`),
  });
}

function columns(target: TargetOptions) {
  const { idColumn, dataColumn, labelColumn, labelType, metadataTable, metadataIdColumn } = target;
  return { idColumn, dataColumn, labelColumn, labelType, metadataTable, metadataIdColumn };
}

/**
 * Collects the values of an option that may be given several times.
 *
 * @param value The next value.
 * @param values Those before it.
 * @returns All of them.
 */
export function collect(value: string, values: string[] = []): string[] {
  return [...values, value];
}

/**
 * Tells which database the options name.
 *
 * @param target Where the data set is.
 * @returns Its kind.
 * @throws {UsageError} If they name none, or two.
 */
export function checkTarget(target: TargetOptions): "sqlite" | "cassandra" {
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

/**
 * Where the cluster is, and as whom to log in.
 *
 * @param target What the command line says.
 * @returns Options of a source or a writer.
 */
export function connection(target: TargetOptions): Pick<
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
  const own = Deno.env.get(name);
  if (own !== undefined || file === undefined) return own;
  try {
    return Deno.readTextFileSync(file).replace(/\r?\n$/, "");
  } catch (cause) {
    throw new UsageError(
      `Cannot connect as ${name}_FILE must name a file that can be read: received "${file}" (${
        (cause as Error).message
      })`,
      { option: `${name}_FILE`, cause },
    );
  }
}
