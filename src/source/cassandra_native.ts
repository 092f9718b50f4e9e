import type { CassandraConfig } from "./cassandra_config.ts";
import { disposedError, openError, sampleError, type SampleFault } from "./cassandra_errors.ts";
import { fetchStatement } from "./cassandra_schema.ts";
import { MemoryBlobBatch } from "./blob_batch.ts";
import type {
  BlobBatch,
  BlobSource,
  FetchOptions,
  LabelType,
  RawLabel,
  SourceStats,
} from "./source.ts";
import type { Native } from "../ffi/native.ts";
import { LABEL_NULL, type NativeBatch, SampleStatus } from "../ffi/native_batch.ts";
import { type DriverMessage, NativeFailure, NativeSession } from "../ffi/session.ts";
import { type CassetteError, UsageError } from "../errors.ts";
import { formatId, type IdList } from "../ids.ts";

const SERVER = 2;
const NIL = "00000000-0000-0000-0000-000000000000";
const ERROR = 2;
const NO_HOSTS_AVAILABLE = 1 << 24 | 10;
const LABEL_TYPES: Record<LabelType, number> = { none: 0, int: 1, blob: 2 };

const FAULTS: Record<number, SampleFault> = {
  [SampleStatus.MISSING_ROW]: "row",
  [SampleStatus.NULL_BLOB]: "null",
  [SampleStatus.EMPTY_BLOB]: "empty",
  [SampleStatus.TIMEOUT]: "time",
  [SampleStatus.FAILED]: "other",
  [SampleStatus.WRONG_TYPE]: "type",
  [SampleStatus.NO_MEMORY]: "memory",
};

/** Blobs from Cassandra through the C shim over the C++ driver. */
export class NativeCassandraSource implements BlobSource {
  readonly name = "cassandra (native)";
  readonly labelType: LabelType;
  readonly #config: CassandraConfig;
  readonly #session: NativeSession;
  #disposed = false;

  private constructor(config: CassandraConfig, session: NativeSession) {
    this.labelType = config.labelType;
    this.#config = config;
    this.#session = session;
  }

  /**
   * Connects and checks the table.
   *
   * @param native The shim with its driver.
   * @param config Checked options.
   * @returns The source.
   */
  static async open(native: Native, config: CassandraConfig): Promise<NativeCassandraSource> {
    const session = new NativeSession(native);
    try {
      configure(session, config);
      await session.connect();
      const cql = await fetchStatement(config, async (text) => {
        const decoder = new TextDecoder();
        return (await session.query(text)).map((row) => row.map((value) => decoder.decode(value!)));
      });
      // Whether the user may read the table is known only once it is read.
      await session.query(cql.replace(/\?$/, NIL));
      await session.prepare(cql);
    } catch (error) {
      const logs = session.takeLogs();
      await session.close(disposedError(config));
      if (!(error instanceof NativeFailure)) throw error;
      const elsewhere = await otherDatacenter(native, config, error);
      if (elsewhere) throw elsewhere;
      const code = error.driverCode >>> 24 === SERVER ? error.driverCode & 0xffffff : undefined;
      throw openError(config, withReason(error.message, logs), code, error);
    }
    return new NativeCassandraSource(config, session);
  }

  async fetch(ids: IdList, options: FetchOptions = {}): Promise<BlobBatch> {
    if (this.#disposed) throw disposedError(this.#config);
    options.signal?.throwIfAborted();
    if (ids.length === 0) return new MemoryBlobBatch([]);
    const batch = await this.#session.fetch(ids.bytes, options.signal);
    return new NativeBlobBatch(this.#config, ids.bytes.slice(), batch);
  }

  stats(): SourceStats {
    const { requested, delivered, failed, bytes, retries } = this.#session.stats();
    return { requested, delivered, failed, bytes, retries };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#session.close(disposedError(this.#config));
  }
}

function configure(session: NativeSession, config: CassandraConfig): void {
  session.set("contact_points", config.contactPoints.join(","));
  session.set("port", config.port);
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
  session.set("label_type", LABEL_TYPES[config.labelType]);
}

/** The driver says the same of a wrong data centre as of a server that is not there: ask it. */
async function otherDatacenter(
  native: Native,
  config: CassandraConfig,
  failure: NativeFailure,
): Promise<UsageError | undefined> {
  if (config.localDatacenter === undefined || failure.driverCode !== NO_HOSTS_AVAILABLE) return;
  const session = new NativeSession(native);
  try {
    configure(session, { ...config, localDatacenter: undefined });
    await session.connect();
    const [[name]] = await session.query("SELECT data_center FROM system.local");
    const known = new TextDecoder().decode(name!);
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

class NativeBlobBatch implements BlobBatch {
  readonly length: number;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
  readonly failures: number;
  readonly #config: CassandraConfig;
  readonly #ids: Uint8Array;
  readonly #batch: NativeBatch;
  #labelOffsets: Float64Array | undefined;

  constructor(config: CassandraConfig, ids: Uint8Array, batch: NativeBatch) {
    this.length = batch.lengths.length;
    this.offsets = batch.offsets;
    this.lengths = batch.lengths;
    this.failures = batch.failed;
    this.#config = config;
    this.#ids = ids;
    this.#batch = batch;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#batch.blobs;
  }

  blob(index: number): Uint8Array<ArrayBuffer> {
    const offset = this.offsets[index];
    return this.#batch.blobs.subarray(offset, offset + this.lengths[index]);
  }

  label(index: number): RawLabel {
    const { statuses, labels, labelBytes } = this.#batch;
    if (this.#config.labelType === "none" || statuses[index] !== SampleStatus.OK) return null;
    if (this.#config.labelType === "int") return labels[index];
    if (!this.#labelOffsets) {
      this.#labelOffsets = new Float64Array(labels.length);
      for (let i = 1; i < labels.length; i++) {
        this.#labelOffsets[i] = this.#labelOffsets[i - 1] + labels[i - 1];
      }
    }
    const offset = this.#labelOffsets[index];
    return labelBytes.slice(offset, offset + labels[index]);
  }

  error(index: number): CassetteError | undefined {
    const fault = FAULTS[this.#batch.statuses[index] & ~LABEL_NULL];
    if (fault === undefined) return undefined;
    const { message, attempts } = this.#batch.failures.get(index) ?? {};
    return sampleError(this.#config, formatId(this.#ids, index * 16), fault, message, attempts);
  }

  [Symbol.dispose](): void {
    this.#batch.release();
  }
}
