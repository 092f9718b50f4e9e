import type { CassandraOptions, Consistency, LogMessage } from "./cassandra_options.ts";
import { DEFAULT_MAX_BLOB_BYTES, MOST_BLOB_BYTES } from "./blob_limit.ts";
import { type TlsConfig, tlsConfig } from "./cassandra_tls.ts";
import { UsageError } from "../errors.ts";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type * from "./cassandra_options.ts";

/** Options with all defaults in, after they were checked. */
export interface CassandraConfig extends
  Required<
    Omit<
      CassandraOptions,
      | "localDatacenter"
      | "idColumn"
      | "username"
      | "password"
      | "consistency"
      | "tls"
      | "cloudBundle"
      | "speculativeExecution"
      | "onLog"
    >
  > {
  tls?: TlsConfig;
  /** Path of the zip file. */
  cloudBundle?: string;
  speculativeExecution?: { delay: number; max: number };
  onLog?: (message: LogMessage) => void;
  localDatacenter?: string;
  idColumn?: string;
  username?: string;
  password?: string;
  /** As the protocol has it. */
  consistency: number;
  /** Exact name, without quotes. */
  keyspace: string;
  /** Exact name, without quotes. */
  tableName: string;
}

/** Streams of one connection in the protocol, from version 3 on. */
const STREAMS = 32_768;
const MAX_MS = 2 ** 31 - 1;

const CONSISTENCIES: Record<Consistency, number> = {
  one: 1,
  two: 2,
  three: 3,
  quorum: 4,
  all: 5,
  localQuorum: 6,
  eachQuorum: 7,
  localOne: 10,
};

const KNOWN: Record<keyof CassandraOptions, true> = {
  contactPoints: true,
  port: true,
  localDatacenter: true,
  table: true,
  idColumn: true,
  dataColumn: true,
  labelColumn: true,
  labelType: true,
  metadataTable: true,
  metadataIdColumn: true,
  username: true,
  password: true,
  tls: true,
  cloudBundle: true,
  consistency: true,
  ioThreads: true,
  copyThreads: true,
  connectionsPerHost: true,
  requestTimeout: true,
  connectTimeout: true,
  maxInFlight: true,
  retries: true,
  backoff: true,
  speculativeExecution: true,
  maxBlobBytes: true,
  driver: true,
  onWarning: true,
  onInfo: true,
  onLog: true,
  logLevel: true,
};

/**
 * Checks options and fills in what was left out.
 *
 * @param options As the caller gave them.
 * @returns The whole.
 * @throws {UsageError} If one is wrong; the message never holds a password.
 */
export function cassandraConfig(options: CassandraOptions): CassandraConfig {
  if (typeof options !== "object" || options === null) {
    refuse("options", "an object", show(options));
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) {
      refuse(name, `left out, as there is no such option`, "it");
    }
  }
  const { keyspace, tableName } = parseTable(options.table);
  const config: CassandraConfig = {
    contactPoints: options.cloudBundle === undefined ? hosts(options.contactPoints) : [],
    port: integer(options, "port", 9042, 1, 65_535),
    localDatacenter: text(options, "localDatacenter"),
    table: options.table,
    keyspace,
    tableName,
    idColumn: text(options, "idColumn"),
    dataColumn: text(options, "dataColumn") ?? "data",
    labelColumn: text(options, "labelColumn") ?? "label",
    labelType: oneOf(options, "labelType", ["int", "blob", "none"]) ?? "int",
    metadataTable: text(options, "metadataTable") ?? "metadata",
    metadataIdColumn: text(options, "metadataIdColumn") ?? "id",
    username: text(options, "username"),
    password: secret(options),
    tls: options.tls === undefined ? undefined : tlsConfig(options.tls),
    cloudBundle: bundle(options),
    consistency: CONSISTENCIES[
      oneOf(options, "consistency", Object.keys(CONSISTENCIES) as Consistency[]) ?? "localOne"
    ],
    ioThreads: integer(options, "ioThreads", 1, 1, 64),
    copyThreads: integer(options, "copyThreads", 2, 1, 64),
    connectionsPerHost: integer(options, "connectionsPerHost", 2, 1, 64),
    requestTimeout: integer(options, "requestTimeout", 10_000, 1, MAX_MS),
    connectTimeout: integer(options, "connectTimeout", 5_000, 1, MAX_MS),
    maxInFlight: integer(options, "maxInFlight", 16_384, 1, STREAMS * 64),
    retries: integer(options, "retries", 8, 0, 16),
    backoff: integer(options, "backoff", 100, 1, 60_000),
    speculativeExecution: speculation(options),
    maxBlobBytes: integer(options, "maxBlobBytes", DEFAULT_MAX_BLOB_BYTES, 1, MOST_BLOB_BYTES),
    driver: oneOf(options, "driver", ["auto", "native", "js"]) ?? "auto",
    onWarning: callback(options, "onWarning") ?? ((message) => console.warn(message)),
    onInfo: callback(options, "onInfo") ?? (() => {}),
    onLog: callback(options, "onLog"),
    logLevel: oneOf(options, "logLevel", ["error", "warning", "info", "debug"]) ?? "warning",
  };
  const streams = STREAMS * config.connectionsPerHost;
  if (config.maxInFlight > streams) {
    refuse(
      "maxInFlight",
      `at most ${STREAMS} × connectionsPerHost (${config.connectionsPerHost})`,
      String(config.maxInFlight),
    );
  }
  if ((config.username === undefined) !== (config.password === undefined)) {
    refuse(
      config.username === undefined ? "username" : "password",
      "given where the other of username and password is",
      "undefined",
    );
  }
  return config;
}

function refuse(option: string, expected: string, received: string): never {
  throw new UsageError(
    `Cannot open a Cassandra source as ${option} must be ${expected}: received ${received}`,
    { option },
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function hosts(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    refuse(
      "contactPoints",
      "a list of at least one host",
      Array.isArray(value) ? "[]" : show(value),
    );
  }
  for (const host of value) {
    const port = typeof host === "string" && /^[^:]+:\d*$/.test(host);
    if (typeof host !== "string" || !/^[^\s,]+$/.test(host) || port) {
      refuse(
        "contactPoints",
        `host names or addresses${port ? " without a port (which is the option port)" : ""}`,
        show(host),
      );
    }
  }
  return [...value];
}

function parseTable(value: unknown): { keyspace: string; tableName: string } {
  const parts = typeof value === "string"
    ? /^(\w+|"(?:[^"]|"")+")\.(\w+|"(?:[^"]|"")+")$/.exec(value)
    : null;
  if (!parts) {
    refuse("table", 'a keyspace and a table, as in "imagenette.data_224"', show(value));
  }
  const name = (part: string) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
  return { keyspace: name(parts[1]), tableName: name(parts[2]) };
}

function text(options: CassandraOptions, option: keyof CassandraOptions): string | undefined {
  const value: unknown = options[option];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "" || value.includes("\0")) {
    refuse(option, "a text that is not empty", show(value));
  }
  return value;
}

function secret(options: CassandraOptions): string | undefined {
  const value: unknown = options.password;
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value.includes("\0")) {
    refuse("password", "a text", `a value of type ${typeof value}`);
  }
  return value;
}

function integer(
  options: CassandraOptions,
  option: keyof CassandraOptions,
  otherwise: number,
  least: number,
  most: number,
): number {
  const value: unknown = options[option];
  if (value === undefined) return otherwise;
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    refuse(option, `an integer from ${least} to ${most}`, show(value));
  }
  return value as number;
}

function oneOf<T extends string>(
  options: CassandraOptions,
  option: keyof CassandraOptions,
  choices: T[],
): T | undefined {
  const value: unknown = options[option];
  if (value === undefined) return undefined;
  if (!choices.includes(value as T)) {
    refuse(option, `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`, show(value));
  }
  return value as T;
}

function bundle(options: CassandraOptions): string | undefined {
  const value: unknown = options.cloudBundle;
  if (value === undefined) return undefined;
  for (const option of ["contactPoints", "port", "localDatacenter", "tls"] as const) {
    if (options[option] === undefined) continue;
    refuse(option, "left out beside cloudBundle, which brings it", "it");
  }
  const isFile = value instanceof URL && value.protocol === "file:";
  if (!isFile && (typeof value !== "string" || value === "" || value.includes("\0"))) {
    refuse("cloudBundle", "the path or file URL of a zip file", show(value));
  }
  const path = isFile ? fileURLToPath(value) : value as string;
  if (!existsSync(path)) refuse("cloudBundle", "a file that exists", `"${path}"`);
  return path;
}

function speculation(options: CassandraOptions): { delay: number; max: number } | undefined {
  const value: unknown = options.speculativeExecution;
  if (value === undefined) return undefined;
  const { delay, max } = (value ?? {}) as { delay?: unknown; max?: unknown };
  const whole = (number: unknown, least: number, most: number) =>
    Number.isInteger(number) && (number as number) >= least && (number as number) <= most;
  if (!whole(delay, 0, MAX_MS) || !whole(max, 1, 16)) {
    refuse(
      "speculativeExecution",
      "{ delay, max } with a delay in whole milliseconds and max from 1 to 16",
      `delay ${show(delay)}, max ${show(max)}`,
    );
  }
  return { delay: delay as number, max: max as number };
}

function callback<K extends "onWarning" | "onInfo" | "onLog">(
  options: CassandraOptions,
  option: K,
): CassandraOptions[K] {
  const value: unknown = options[option];
  if (value !== undefined && typeof value !== "function") {
    refuse(option, "a function", show(value));
  }
  return options[option];
}
