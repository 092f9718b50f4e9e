import type { LabelType } from "./source.ts";
import { UsageError } from "../errors.ts";

/** How many replicas must answer a read, as in Cassandra's documentation. */
export type Consistency =
  | "one"
  | "two"
  | "three"
  | "quorum"
  | "all"
  | "localQuorum"
  | "eachQuorum"
  | "localOne";

/** Which driver fetches: the C shim over the C++ driver, `npm:cassandra-driver`, or what works. */
export type DriverChoice = "auto" | "native" | "js";

/** Options of `CassandraSource.open`. */
export interface CassandraOptions {
  /** Hosts to begin with, names or addresses without a port; at least one. */
  contactPoints: string[];
  /** Port for CQL on all hosts; 9042 when left out. */
  port?: number;
  /** Data centre whose hosts are asked; that of the first host reached when left out. */
  localDatacenter?: string;
  /** Keyspace and table, as in `imagenette.data_224`; quoted, names may hold any character. */
  table: string;
  /** Column of the ids, of type uuid or timeuuid; the table's partition key when left out. */
  idColumn?: string;
  /** Column of the blobs; `data` when left out. */
  dataColumn?: string;
  /** Column of the labels; `label` when left out. */
  labelColumn?: string;
  /** How the label column is read; `int` when left out. */
  labelType?: LabelType;
  /** User name, where the server asks for one. */
  username?: string;
  /** Password that belongs to it. */
  password?: string;
  /** How many replicas must answer; `localOne` when left out. */
  consistency?: Consistency;
  /** Threads that read from the network, native driver only; 1 when left out. */
  ioThreads?: number;
  /** Threads that copy blobs into batches, native driver only; 2 when left out. */
  copyThreads?: number;
  /** Connections to each host (and by each I/O thread of the native driver); 1 when left out. */
  connectionsPerHost?: number;
  /** Longest wait for the answer to one request, in milliseconds; 10,000 when left out. */
  requestTimeout?: number;
  /** Longest wait for a connection, in milliseconds; 5,000 when left out. */
  connectTimeout?: number;
  /** Most requests under way at once; 1,024 when left out. */
  maxInFlight?: number;
  /** How often a sample is asked for again after a failure that may pass; 4 when left out. */
  retries?: number;
  /** Wait before the first of them, in milliseconds, doubled for each further one; 100 when left out. */
  backoff?: number;
  /** Which driver fetches; `auto` (native where it can be had, else js) when left out. */
  driver?: DriverChoice;
  /** Told when something works, but not as well as it could; `console.warn` when left out. */
  onWarning?: (message: string) => void;
  /** Told which compiler, shim and driver were chosen. */
  onInfo?: (message: string) => void;
}

/** Options with all defaults in, after they were checked. */
export interface CassandraConfig extends
  Required<
    Omit<CassandraOptions, "localDatacenter" | "idColumn" | "username" | "password" | "consistency">
  > {
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
  username: true,
  password: true,
  consistency: true,
  ioThreads: true,
  copyThreads: true,
  connectionsPerHost: true,
  requestTimeout: true,
  connectTimeout: true,
  maxInFlight: true,
  retries: true,
  backoff: true,
  driver: true,
  onWarning: true,
  onInfo: true,
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
    contactPoints: hosts(options.contactPoints),
    port: integer(options, "port", 9042, 1, 65_535),
    localDatacenter: text(options, "localDatacenter"),
    table: options.table,
    keyspace,
    tableName,
    idColumn: text(options, "idColumn"),
    dataColumn: text(options, "dataColumn") ?? "data",
    labelColumn: text(options, "labelColumn") ?? "label",
    labelType: oneOf(options, "labelType", ["int", "blob", "none"]) ?? "int",
    username: text(options, "username"),
    password: secret(options),
    consistency: CONSISTENCIES[
      oneOf(options, "consistency", Object.keys(CONSISTENCIES) as Consistency[]) ?? "localOne"
    ],
    ioThreads: integer(options, "ioThreads", 1, 1, 64),
    copyThreads: integer(options, "copyThreads", 2, 1, 64),
    connectionsPerHost: integer(options, "connectionsPerHost", 1, 1, 64),
    requestTimeout: integer(options, "requestTimeout", 10_000, 1, MAX_MS),
    connectTimeout: integer(options, "connectTimeout", 5_000, 1, MAX_MS),
    maxInFlight: integer(options, "maxInFlight", 1_024, 1, STREAMS * 64),
    retries: integer(options, "retries", 4, 0, 16),
    backoff: integer(options, "backoff", 100, 1, 60_000),
    driver: oneOf(options, "driver", ["auto", "native", "js"]) ?? "auto",
    onWarning: callback(options, "onWarning") ?? ((message) => console.warn(message)),
    onInfo: callback(options, "onInfo") ?? (() => {}),
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

function callback(
  options: CassandraOptions,
  option: "onWarning" | "onInfo",
): ((message: string) => void) | undefined {
  const value: unknown = options[option];
  if (value !== undefined && typeof value !== "function") {
    refuse(option, "a function", show(value));
  }
  return options[option];
}
