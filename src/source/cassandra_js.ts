import type { CassandraConfig } from "./cassandra_config.ts";
import {
  connectClient,
  failedOpen,
  type GuardedClient,
  type Reason,
  underlying,
} from "./cassandra_client.ts";
import { describeSamples } from "./cassandra_describe.ts";
import { TOO_LONG } from "./frame_reader.ts";
import { backoffWait } from "./backoff.ts";
import { disposedError, sampleError, type SampleFault, ServerCode } from "./cassandra_errors.ts";
import { type FetchedColumn, fetchedTable, selectStatement } from "./cassandra_schema.ts";
import { SchemaError } from "../errors.ts";
import { LatencyHistogram } from "../latency.ts";
import { type FetchedSample, MemoryBlobBatch } from "./blob_batch.ts";
import type {
  BlobBatch,
  BlobSource,
  FetchOptions,
  LabelType,
  SampleDescription,
  SourceStats,
} from "./source.ts";
import { formatId, ID_BYTES, IdList } from "../ids.ts";
import type { SamplePool } from "../pool.ts";
import { Buffer } from "node:buffer";
import cassandra from "cassandra-driver";

/** Samples of one fetch, as far as they have arrived. */
interface Job {
  ids: IdList;
  /** Place of the first of them in the pool. */
  start: number;
  pool?: Pool;
  samples: FetchedSample[];
  /** Places in the pool of those that have arrived. */
  places?: Float64Array;
  /** Which of the ids is asked for next. */
  next: number;
  /** How many samples have arrived. */
  filled: number;
  resolve(batch: BlobBatch): void;
  reject(reason: unknown): void;
}

/** Jobs that exchange samples. */
interface Pool {
  /** Those that are not whole, in the order in which they came. */
  open: Job[];
  /** How many samples were asked for. */
  asked: number;
  aborted: boolean;
}

/** The timer that keeps the process alive does nothing. */
const LONG_MS = 10_000;
const NIL = "00000000-0000-0000-0000-000000000000";
const SERVER_ERROR = 0x0000;
const SERVER_ERROR_RETRIES = 2;
const PASSING = new Set([SERVER_ERROR, 0x1000, 0x1001, 0x1002, 0x1200, 0x1300]);
/** Codes that come where a table is not what it was: an invalid statement, an unknown one. */
const OF_STATEMENT = new Set([0x2200, 0x2500]);
/** Codes of the types of columns that are fetched (CQL binary protocol v4, section 4.2.5.2). */
const TYPE_CODES: Record<string, number> = { blob: 0x03, int: 0x09, uuid: 0x0c, timeuuid: 0x0f };
/** What an answer may have beside a blob and a label, and answers about the cluster at all. */
const OTHER_BYTES = 16 << 20;
/** For so many milliseconds what was found of a table holds for the next sample too. */
const CHECK_HOLDS_MS = 1_000;

/** Blobs from Cassandra through `npm:cassandra-driver`, on the JavaScript thread. */
export class JsCassandraSource implements BlobSource {
  readonly name = "cassandra (js)";
  readonly labelType: LabelType;
  readonly #config: CassandraConfig;
  readonly #client: GuardedClient;
  readonly #cql: string;
  /** Columns of the answers: blob, label where there is one, id. */
  readonly #columns: FetchedColumn[];
  #checked: { at: number; fault: Promise<Error | undefined> } | undefined;
  readonly #jobs = new Set<Job>();
  readonly #pools = new WeakMap<SamplePool, Pool>();
  readonly #waits = new Set<ReturnType<typeof setTimeout>>();
  readonly #stats: SourceStats = { requested: 0, delivered: 0, failed: 0, bytes: 0, retries: 0 };
  readonly #latency = new LatencyHistogram();
  #inFlight = 0;
  /** Keeps the process alive while requests are under way. */
  #alive: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    config: CassandraConfig,
    client: GuardedClient,
    cql: string,
    columns: FetchedColumn[],
  ) {
    this.labelType = config.labelType;
    this.#config = config;
    this.#client = client;
    this.#cql = cql;
    this.#columns = columns;
    client.unref();
  }

  /**
   * Connects and checks the table.
   *
   * @param config Checked options.
   * @returns The source.
   */
  static async open(config: CassandraConfig): Promise<JsCassandraSource> {
    // Of one that is longer than two values may be, memory is taken for neither.
    const longest = 2 * config.maxBlobBytes + OTHER_BYTES;
    const client = await connectClient(config, { longest });
    try {
      const { id, columns } = await fetchedTable(config, (text) => askTexts(client, text));
      // Which sample an answer holds is checked: a server could mix up what was asked.
      const wanted = [...columns, id];
      const cql = selectStatement(config, { id, columns: wanted });
      // Whether the user may read the table is known only once it is read.
      await client.execute(cql, [NIL]);
      return new JsCassandraSource(config, client, cql, wanted);
    } catch (error) {
      await client.shutdown();
      throw failedOpen(config, error);
    }
  }

  async describe(ids: IdList): Promise<SampleDescription[]> {
    return await describeSamples(this.#config, ids, async (cql) => {
      const rows = this.#closing ? [] : await askTexts(this.#client, cql);
      return rows.map(([id, path]) => [String(id), path]);
    });
  }

  fetch(ids: IdList, options: FetchOptions = {}): Promise<BlobBatch> {
    const { signal } = options;
    if (this.#closing) return Promise.reject(disposedError(this.#config));
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (ids.length === 0) return Promise.resolve(new MemoryBlobBatch([]));
    const { promise, resolve, reject } = Promise.withResolvers<BlobBatch>();
    const pool = options.pool && this.#pool(options.pool);
    const job: Job = {
      ids: new IdList(ids.bytes.slice()),
      start: pool?.asked ?? 0,
      pool,
      samples: new Array(ids.length),
      places: pool && new Float64Array(ids.length),
      next: 0,
      filled: 0,
      resolve,
      reject,
    };
    if (pool) {
      pool.asked += ids.length;
      pool.open.push(job);
    }
    this.#stats.requested += ids.length;
    this.#jobs.add(job);
    if (signal) {
      const abort = () => {
        // One that is whole is no matter of the others of its pool.
        if (!this.#jobs.has(job)) return;
        if (pool) pool.aborted = true;
        for (const each of pool?.open.splice(0) ?? [job]) {
          this.#jobs.delete(each);
          each.reject(signal.reason);
        }
      };
      signal.addEventListener("abort", abort, { once: true });
      const done = () => signal.removeEventListener("abort", abort);
      promise.then(done, done);
    }
    this.#send();
    return promise;
  }

  #pool(key: SamplePool): Pool {
    const known = this.#pools.get(key);
    if (known && !known.aborted) return known;
    const pool = { open: [], asked: 0, aborted: false };
    this.#pools.set(key, pool);
    return pool;
  }

  stats(): SourceStats {
    const waiting = [...this.#jobs].reduce((sum, { ids, next }) => sum + ids.length - next, 0);
    const { latency } = this.#latency;
    return { ...this.#stats, inFlight: this.#inFlight, waiting, latency };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closing) {
      for (const job of this.#jobs) job.reject(disposedError(this.#config));
      this.#jobs.clear();
      for (const wait of this.#waits) clearTimeout(wait);
      this.#closing = this.#client.shutdown();
    }
    await this.#closing;
  }

  /** Sends what may be under way; jobs in the order in which they came. */
  #send(): void {
    for (const job of this.#jobs) {
      while (job.next < job.ids.length) {
        if (this.#inFlight >= this.#config.maxInFlight) return;
        this.#request(job, job.next++, 1);
      }
    }
  }

  #request(job: Job, index: number, attempt: number): void {
    this.#inFlight++;
    const start = performance.now();
    const offset = index * ID_BYTES;
    const id = new cassandra.types.Uuid(
      Buffer.from(job.ids.bytes.subarray(offset, offset + ID_BYTES)),
    );
    this.#alive ??= setInterval(() => {}, LONG_MS);
    const ended = () => {
      this.#latency.add(performance.now() - start);
      this.#inFlight--;
    };
    this.#client.execute(this.#cql, [id]).then(
      (result) => {
        ended();
        this.#settle(job, index, this.#read(job, index, result));
      },
      (error) => {
        ended();
        return this.#failed(job, index, attempt, error);
      },
    ).finally(() => {
      this.#send();
      if (this.#inFlight === 0) this.#rest();
    });
  }

  /** With nothing under way, the source must not keep the process alive. */
  #rest(): void {
    clearInterval(this.#alive);
    this.#alive = undefined;
    this.#client.unref();
  }

  #read(job: Job, index: number, result: cassandra.types.ResultSet): FetchedSample {
    const other = this.#otherColumns(result);
    if (other) return this.#faulty(job, index, "type", other);
    const { rows } = result;
    if (rows.length === 0) return this.#faulty(job, index, "row");
    if (rows.length > 1) return this.#faulty(job, index, "other", `${rows.length} rows`);
    const values = rows[0].values();
    const id = values.at(-1) as cassandra.types.Uuid | null;
    if (id === null || !isId(id, job.ids.bytes, index * ID_BYTES)) {
      return this.#faulty(job, index, "other", `the row of ${id ?? "no id"}`);
    }
    const data = values[0] as Uint8Array | null;
    if (data === null) return this.#faulty(job, index, "null");
    if (data.length === 0) return this.#faulty(job, index, "empty");
    const { maxBlobBytes } = this.#config;
    if (data.length > maxBlobBytes) {
      return this.#faulty(job, index, "large blob", `${data.length}`);
    }
    const label = this.labelType === "none" ? null : values[1] as number | Uint8Array | null;
    if (label instanceof Uint8Array && label.length > maxBlobBytes) {
      return this.#faulty(job, index, "large label", `${label.length}`);
    }
    return { data, label: label instanceof Uint8Array ? Uint8Array.from(label) : label };
  }

  #faulty(job: Job, index: number, fault: SampleFault, message?: string): FetchedSample {
    return {
      label: null,
      error: sampleError(this.#config, this.#id(job, index), fault, message),
    };
  }

  /** What was prepared is compared with what comes: the table may have been made anew. */
  #otherColumns({ columns }: cassandra.types.ResultSet): string | undefined {
    if (!columns) return "an answer without columns";
    if (columns.length !== this.#columns.length) return `${columns.length} columns`;
    for (let i = 0; i < columns.length; i++) {
      const { name, type } = columns[i];
      const wanted = this.#columns[i];
      if (name === wanted.name && type.code === TYPE_CODES[wanted.type]) continue;
      const names = cassandra.types.dataTypes as unknown as Record<string, number>;
      const typeName = Object.keys(names).find((key) => names[key] === type.code);
      return `column "${name}" of type ${
        typeName ?? type.code
      } in place of "${wanted.name}" of type ${wanted.type}`;
    }
  }

  /** What is wrong with the table now, if it is that; asked once for all samples that failed. */
  #tableFault(): Promise<Error | undefined> {
    const now = performance.now();
    if (!this.#checked || now - this.#checked.at > CHECK_HOLDS_MS) {
      const fault = fetchedTable(this.#config, (text) => askTexts(this.#client, text)).then(
        () => undefined,
        (error) => error instanceof SchemaError ? error : undefined,
      );
      this.#checked = { at: now, fault };
    }
    return this.#checked.fault;
  }

  async #failed(job: Job, index: number, attempt: number, error: unknown): Promise<void> {
    if (!this.#wanted(job)) return;
    const reason = underlying(error);
    const { code, message } = reason;
    if (code === TOO_LONG) {
      return this.#settle(job, index, this.#faulty(job, index, "large blob", message));
    }
    if (OF_STATEMENT.has(code as number)) {
      // A fetch that waits for this is under way.
      this.#inFlight++;
      const fault = await this.#tableFault();
      this.#inFlight--;
      if (fault) return this.#settle(job, index, this.#faulty(job, index, "gone", fault.message));
    }
    const timedOut = reason instanceof cassandra.errors.OperationTimedOutError ||
      code === ServerCode.READ_TIMEOUT;
    const passes = typeof code === "number" ? PASSING.has(code) : timedOut || unreached(reason);
    // A server that fails in a way of its own mostly fails again.
    const most = code === SERVER_ERROR
      ? Math.min(this.#config.retries, SERVER_ERROR_RETRIES)
      : this.#config.retries;
    if (passes && attempt <= most) {
      const wait = setTimeout(() => {
        this.#waits.delete(wait);
        if (!this.#wanted(job)) return;
        this.#stats.retries++;
        this.#request(job, index, attempt + 1);
      }, backoffWait(attempt, this.#config.backoff));
      this.#waits.add(wait);
      return;
    }
    const fault = timedOut ? "time" : "other";
    const id = this.#id(job, index);
    this.#settle(job, index, {
      label: null,
      error: sampleError(this.#config, id, fault, message, attempt, error),
    });
  }

  #settle(asked: Job, index: number, sample: FetchedSample): void {
    if (!this.#wanted(asked)) return;
    const job = asked.pool ? asked.pool.open[0] : asked;
    const place = asked.pool ? job.filled : index;
    job.samples[place] = sample;
    if (job.places) job.places[place] = asked.start + index;
    if (sample.error) this.#stats.failed++;
    else {
      this.#stats.delivered++;
      this.#stats.bytes += sample.data!.length;
    }
    if (++job.filled < job.ids.length) return;
    asked.pool?.open.shift();
    this.#jobs.delete(job);
    try {
      job.resolve(new MemoryBlobBatch(job.samples, job.places));
    } catch (error) {
      // There may be no memory for it.
      job.reject(error);
    }
  }

  /** In a pool the samples of a job that is whole may still fill others. */
  #wanted(job: Job): boolean {
    return job.pool ? !job.pool.aborted && !this.#closing : this.#jobs.has(job);
  }

  #id(job: Job, index: number): string {
    return formatId(job.ids.bytes, index * ID_BYTES);
  }
}

/** Runs a query whose columns are all texts. */
async function askTexts(client: GuardedClient, cql: string): Promise<string[][]> {
  const { rows } = await client.execute(cql, [], { prepare: false });
  return (rows ?? []).map((row) => row.values() as string[]);
}

function isId(id: cassandra.types.Uuid, bytes: Uint8Array, offset: number): boolean {
  const own = id.getBuffer();
  for (let i = 0; i < ID_BYTES; i++) if (own[i] !== bytes[offset + i]) return false;
  return own.length === ID_BYTES;
}

/** Whether a connection, and not the request, is what failed. */
function unreached(reason: Reason): boolean {
  return reason instanceof cassandra.errors.NoHostAvailableError ||
    reason instanceof cassandra.errors.BusyConnectionError ||
    typeof reason.code === "string" || "isSocketError" in reason;
}
