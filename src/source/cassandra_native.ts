import type { CassandraConfig } from "./cassandra_config.ts";
import type { LogLevel } from "./cassandra_options.ts";
import { latencyOf } from "../latency.ts";
import { bundleError, disposedError, openError, type OpenFailure } from "./cassandra_errors.ts";
import { describeSamples } from "./cassandra_describe.ts";
import { fetchedTable, selectStatement } from "./cassandra_schema.ts";
import { quote } from "./quote.ts";
import { scrubberOf } from "./scrub.ts";
import { tlsAlert } from "./tls_alert.ts";
import { MemoryBlobBatch } from "./blob_batch.ts";
import { NativeBlobBatch, PoolMembers } from "./native_blob_batch.ts";
import type {
  BlobBatch,
  BlobSource,
  FetchOptions,
  LabelType,
  SampleDescription,
  SourceStats,
} from "./source.ts";
import type { Native } from "../ffi/native.ts";
import { type DriverMessage, listenToLog, type LogListener, MESSAGE_BYTES } from "../ffi/log.ts";
import type { NativeBatch } from "../ffi/native_batch.ts";
import { NativeLexer } from "../ffi/native_lexer.ts";
import { NativeFailure, NativeSession } from "../ffi/session.ts";
import { FetchError, UsageError } from "../errors.ts";
import { formatId, type IdList } from "../ids.ts";
import type { SamplePool } from "../pool.ts";

/** Origins of the driver's error codes, in their highest byte. */
const SERVER = 2;
const TLS = 3;
const LOG_LEVELS: LogLevel[] = ["error", "warning", "info", "debug"];
/** Beyond a time-out that the driver keeps itself. */
const SLACK_MS = 5_000;
const MAX_MS = 2 ** 31 - 1;
const NIL = "00000000-0000-0000-0000-000000000000";
const ERROR = 2;
const NO_HOSTS_AVAILABLE = 1 << 24 | 10;
const LABEL_TYPES: Record<LabelType, number> = { none: 0, int: 1, blob: 2 };

/** The driver's codes: no or an invalid certificate of the server, its identity, and our own. */
const TLS_FAULTS: Record<number, OpenFailure["tls"]> = {
  1: "client",
  2: "key",
  3: "chain",
  4: "chain",
  5: "identity",
};

/** Blobs from Cassandra through the C shim over the C++ driver. */
export class NativeCassandraSource implements BlobSource {
  readonly name = "cassandra (native)";
  readonly labelType: LabelType;
  readonly #config: CassandraConfig;
  readonly #session: NativeSession;
  readonly #lexer: NativeLexer;
  readonly #log: LogListener | undefined;
  readonly #pools = new WeakMap<SamplePool, PoolMembers>();
  #disposed = false;

  private constructor(
    config: CassandraConfig,
    session: NativeSession,
    lexer: NativeLexer,
    log?: LogListener,
  ) {
    this.labelType = config.labelType;
    this.#config = config;
    this.#session = session;
    this.#lexer = lexer;
    this.#log = log;
  }

  /**
   * Connects and checks the table.
   *
   * @param native The shim with its driver.
   * @param config Checked options.
   * @returns The source.
   */
  static async open(native: Native, config: CassandraConfig): Promise<NativeCassandraSource> {
    const logs: DriverMessage[] = [];
    using reasons = listenToLog(native, ERROR, ({ level, text }) => {
      logs.push({ level, text: scrubberOf(config).cut(text, MESSAGE_BYTES) });
    });
    const log = config.onLog ? tellLog(native, config) : undefined;
    const session = new NativeSession(native, limits(config));
    try {
      configure(session, config);
      await session.connect();
      const { id, columns } = await fetchedTable(config, async (text) => {
        const decoder = new TextDecoder();
        const rows = await session.query(text);
        return rows.map((row) => row.map((value) => value && decoder.decode(value)));
      });
      // As the shim wants them; what comes behind a blob shows whether its length is true.
      const wanted = config.labelType === "none" ? [...columns, id] : [id, ...columns];
      const cql = selectStatement(config, { id, columns: wanted }, asRead);
      // Whether the user may read the table is known only once it is read.
      await session.query(cql.replace(/\?$/, NIL));
      await session.prepare(cql);
    } catch (error) {
      const closed = session.close(disposedError(config));
      // A driver that did not answer does not answer now either.
      if (!(error instanceof NativeFailure && error.late)) await closed;
      reasons.drain();
      log?.[Symbol.dispose]();
      if (!(error instanceof NativeFailure)) throw scrubberOf(config).error(error);
      const elsewhere = await otherDatacenter(native, config, error);
      if (elsewhere) throw elsewhere;
      const { driverCode } = error;
      const message = withReason(error.message, logs);
      throw openError(config, {
        message,
        serverCode: driverCode >>> 24 === SERVER ? driverCode & 0xffffff : undefined,
        tls: driverCode >>> 24 === TLS
          ? TLS_FAULTS[driverCode & 0xffffff] ?? tlsAlert(message) ?? "protocol"
          : undefined,
        // A server that has closed already is told of by the write that comes too late.
        closed: /closed|Unable to write to socket/.test(message),
        cause: error,
      });
    }
    return new NativeCassandraSource(config, session, NativeLexer.load(native.shim), log);
  }

  async fetch(ids: IdList, options: FetchOptions = {}): Promise<BlobBatch> {
    if (this.#disposed) throw disposedError(this.#config);
    options.signal?.throwIfAborted();
    if (ids.length === 0) return new MemoryBlobBatch([]);
    const own = ids.bytes.slice();
    if (options.pool) return await this.#fetchFrom(options.pool, own, options);
    return await this.#blobs(own, await this.#ask(own, options), options);
  }

  async describe(ids: IdList): Promise<SampleDescription[]> {
    const decoder = new TextDecoder();
    return await describeSamples(this.#config, ids, async (cql) => {
      if (this.#disposed) return [];
      const rows = await this.#session.query(cql);
      return rows.map(([id, path]) => [formatId(id!), path && decoder.decode(path)]);
    });
  }

  async #ask(...asked: Parameters<NativeSession["fetch"]>): Promise<NativeBatch> {
    try {
      // deno-lint-ignore cassette/spread -- at most the parameters of fetch
      return await this.#session.fetch(...asked);
    } catch (cause) {
      if (!(cause instanceof NativeFailure)) throw cause;
      scrubberOf(this.#config).error(cause);
      throw new FetchError(
        `Cannot fetch from table ${this.#config.table} as the driver must take more samples: received ${cause.message}`,
        { cause },
      );
    }
  }

  async #fetchFrom(
    pool: SamplePool,
    ids: Uint8Array<ArrayBuffer>,
    options: FetchOptions,
  ): Promise<BlobBatch> {
    const members = this.#pools.get(pool) ?? new PoolMembers(this.#session.newToken());
    this.#pools.set(pool, members);
    const token = this.#session.newToken();
    members.add(token, ids);
    const { signal } = options;
    const batch = await this.#ask(ids, { signal, token, group: members.group });
    const { own, places } = members.take(batch.origins!);
    return await this.#blobs(own, batch, options, places);
  }

  /** Has the blobs lexed if asked to, which would otherwise take the decoder's time on this thread. */
  async #blobs(
    ids: Uint8Array,
    batch: NativeBatch,
    { lex, signal }: FetchOptions,
    places?: Float64Array,
  ): Promise<BlobBatch> {
    if (!lex) return new NativeBlobBatch(this.#config, ids, batch, places);
    const { blobs: bytes, offsets, lengths } = batch;
    try {
      const lexed = await this.#lexer.lex({ length: lengths.length, bytes, offsets, lengths });
      if (!this.#disposed && !signal?.aborted) {
        return new NativeBlobBatch(this.#config, ids, batch, places, lexed);
      }
      lexed?.[Symbol.dispose]();
      throw signal?.aborted ? signal.reason : disposedError(this.#config);
    } catch (error) {
      batch.release();
      throw error;
    }
  }

  stats(): SourceStats {
    const { latency, ...counters } = this.#session.stats();
    return { ...counters, latency: latencyOf(latency) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#session.close(disposedError(this.#config));
    this.#log?.[Symbol.dispose]();
  }
}

function tellLog(native: Native, config: CassandraConfig): LogListener {
  return listenToLog(native, LOG_LEVELS.indexOf(config.logLevel) + ERROR, ({ level, text }) => {
    config.onLog!({
      level: LOG_LEVELS[Math.max(level, ERROR) - ERROR] ?? "debug",
      text: scrubberOf(config).cut(text, MESSAGE_BYTES),
    });
  });
}

function configure(session: NativeSession, config: CassandraConfig): void {
  if (config.cloudBundle === undefined) {
    session.set("contact_points", config.contactPoints.join(","));
    session.set("port", config.port);
  } else setBundle(session, config);
  if (config.tls) {
    const { ca, cert, key, keyPassphrase, verify } = config.tls;
    for (const one of ca) session.set("tls_ca", one);
    if (cert !== undefined) session.set("tls_cert", cert);
    if (keyPassphrase !== undefined) session.set("tls_passphrase", keyPassphrase);
    if (key !== undefined) session.set("tls_key", key);
    session.set("tls_verify", verify);
  }
  if (config.localDatacenter !== undefined) session.set("local_dc", config.localDatacenter);
  if (config.username !== undefined) {
    session.set("username", config.username);
    session.set("password", config.password!);
  }
  session.set("consistency", config.consistency);
  session.set("request_timeout", config.requestTimeout);
  session.set("connect_timeout", config.connectTimeout);
  session.set("io_threads", config.ioThreads);
  session.set("copy_threads", config.copyThreads);
  session.set("connections", config.connectionsPerHost);
  session.set("max_in_flight", config.maxInFlight);
  session.set("retries", config.retries);
  session.set("backoff", config.backoff);
  if (config.speculativeExecution) {
    session.set("speculative_delay", config.speculativeExecution.delay);
    session.set("speculative_max", config.speculativeExecution.max);
  }
  session.set("max_blob_bytes", config.maxBlobBytes);
  session.set("label_type", LABEL_TYPES[config.labelType]);
}

function setBundle(session: NativeSession, config: CassandraConfig): void {
  try {
    session.set("cloud_bundle", config.cloudBundle!);
  } catch (error) {
    // The shim's own error is that there is no such option.
    const known = error instanceof NativeFailure && error.driverCode !== 0;
    throw bundleError(config, known ? error.message : undefined, error);
  }
}

/**
 * How long the driver may take: it waits 12 s for what it asks of a host that lets it connect and then
 * says nothing, whatever it was told; of requests it tells when their time is up.
 */
function limits(config: CassandraConfig): { connect: number; request: number } {
  const { connectTimeout, requestTimeout } = config;
  const connect = connectTimeout * Math.max(1, config.contactPoints.length) + requestTimeout;
  return { connect, request: Math.min(2 * requestTimeout + SLACK_MS, MAX_MS) };
}

/**
 * How the shim reads a column. A label is written as a blob by the server, which refuses to do so for
 * a column that is no int: were the table made anew with another type, the driver would go on to
 * read labels as the type that it knows.
 */
function asRead({ name, type }: { name: string; type: string }): string {
  return type === "int" ? `intAsBlob(${quote(name)})` : quote(name);
}

/** The driver says the same of a wrong data centre as of a server that is not there: ask it. */
async function otherDatacenter(
  native: Native,
  config: CassandraConfig,
  failure: NativeFailure,
): Promise<UsageError | undefined> {
  if (config.localDatacenter === undefined || failure.driverCode !== NO_HOSTS_AVAILABLE) return;
  const session = new NativeSession(native, limits(config));
  try {
    configure(session, { ...config, localDatacenter: undefined });
    await session.connect();
    const [[name]] = await session.query("SELECT data_center FROM system.local");
    const known = scrubberOf(config).quote(new TextDecoder().decode(name!));
    scrubberOf(config).error(failure);
    return new UsageError(
      `Cannot open a Cassandra source as localDatacenter must be "${known}", as the contact point says: received "${config.localDatacenter}"`,
      { option: "localDatacenter", cause: failure },
    );
  } catch {
    return undefined;
  } finally {
    await session.close(disposedError(config));
  }
}

/** What the driver says is at times general, and the reason is in its log. */
function withReason(message: string, logs: DriverMessage[]): string {
  const reason = logs.findLast(({ level, text }) => level <= ERROR && !text.includes(message));
  return reason && /contact points|No hosts/.test(message) ? `${message}: ${reason.text}` : message;
}
