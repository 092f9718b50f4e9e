import type { TlsOptions } from "./cassandra_tls.ts";
import type { LabelType } from "./source.ts";

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

/** How grave a message of a driver is, and from where on messages are told. */
export type LogLevel = "error" | "warning" | "info" | "debug";

/** A message of a driver's log. */
export interface LogMessage {
  /** How grave it is. */
  level: LogLevel;
  /** What it says. */
  text: string;
}

/** Options of `CassandraSource.open`. */
export interface CassandraOptions {
  /** Hosts to begin with, names or addresses without a port; left out only beside `cloudBundle`. */
  contactPoints?: string[];
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
  /** Metadata table of the same keyspace, in which errors find paths; `metadata` when left out. */
  metadataTable?: string;
  /** Its column of the ids; `id` when left out. */
  metadataIdColumn?: string;
  /** User name, where the server asks for one. */
  username?: string;
  /** Password that belongs to it. */
  password?: string;
  /** Encrypts the connections; without it nothing is encrypted. */
  tls?: TlsOptions;
  /** Zip file with all that is needed to connect to Astra DB; instead of contact points and TLS. */
  cloudBundle?: string | URL;
  /** How many replicas must answer; `localOne` when left out. */
  consistency?: Consistency;
  /** Threads that read from the network, native driver only; 1 when left out. */
  ioThreads?: number;
  /** Threads that copy blobs into batches, native driver only; 2 when left out. */
  copyThreads?: number;
  /** Connections to each host (and by each I/O thread of the native driver); 2 when left out. */
  connectionsPerHost?: number;
  /** Longest wait for the answer to one request, in milliseconds; 10,000 when left out. */
  requestTimeout?: number;
  /** Longest wait for a connection, in milliseconds; 5,000 when left out. */
  connectTimeout?: number;
  /** Most requests under way at once; 16,384 when left out. */
  maxInFlight?: number;
  /**
   * How often a sample is asked for again after a failure that may pass; 8 when left out, which
   * with the waits between them bridges 11 to 23 seconds.
   */
  retries?: number;
  /**
   * Longest wait before the first of them, in milliseconds, doubled for each further one; 100 when
   * left out. Each wait is drawn between half of that and all of it.
   */
  backoff?: number;
  /**
   * Asks another host too if one has not answered within `delay` milliseconds, `max` further hosts
   * at most; not done when left out.
   */
  speculativeExecution?: { delay: number; max: number };
  /**
   * Most bytes of a blob, and of a label that is one, from 1 to 2,147,483,647; a sample with more is a
   * `LimitsError`. 67,108,864 (64 MiB) when left out.
   */
  maxBlobBytes?: number;
  /** Which driver fetches; `auto` (native where it can be had, else js) when left out. */
  driver?: DriverChoice;
  /** Told when something works, but not as well as it could; `console.warn` when left out. */
  onWarning?: (message: string) => void;
  /** Told which compiler, shim and driver were chosen. */
  onInfo?: (message: string) => void;
  /**
   * Gets the messages of the driver's log; quiet when left out. The native driver has one log for
   * all sources of a process: each callback gets all of it.
   */
  onLog?: (message: LogMessage) => void;
  /** Least grave messages that `onLog` gets; `warning` when left out. */
  logLevel?: LogLevel;
}
