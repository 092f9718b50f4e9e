import { Arenas } from "./arenas.ts";
import { cString, type Native } from "./native.ts";
import { DONE_WORDS, type NativeBatch, readBatch } from "./native_batch.ts";
import type { ShimSymbols } from "./symbols.ts";
import { setTimeout as wait } from "node:timers/promises";

/** An operation of the driver failed. */
export class NativeFailure extends Error {
  /** The driver's error code; 0 if the shim itself failed. */
  readonly driverCode: number;
  /** Whether the driver neither answered nor told that time is up. */
  readonly late: boolean;

  /**
   * @param message What the driver said.
   * @param driverCode Its error code.
   * @param late Whether it said nothing.
   */
  constructor(message: string, driverCode: number, late = false) {
    super(message);
    this.name = "NativeFailure";
    this.driverCode = driverCode;
    this.late = late;
  }
}

/** Counters of the shim. */
export interface NativeStats {
  /** Samples submitted. */
  requested: number;
  /** Samples that arrived whole. */
  delivered: number;
  /** Samples that failed. */
  failed: number;
  /** Bytes of blobs that arrived. */
  bytes: number;
  /** Requests sent again. */
  retries: number;
  /** Requests under way. */
  inFlight: number;
  /** Samples not yet sent. */
  waiting: number;
  /** Batches submitted and not yet picked up. */
  batches: number;
  /** Bytes of arenas allocated. */
  arenaBytes: number;
  /** Answers by latency: bucket b counts those from 2^(b/4) µs on. */
  latency: Float64Array;
}

interface Pending {
  group: bigint;
  resolve(batch: NativeBatch): void;
  reject(reason: unknown): void;
}

const WAIT_MS = 100;
/** As in `CASSETTE_PICKED`. */
const DONE_AT_ONCE = 16;
const STATS_FIELDS = 9;
const LATENCY_BUCKETS = 96;
const PENDING = 0;
const READY = 1;
const CLOSE_LIMIT_MS = 5_000;
/** Beyond the shim's own limits: for a driver that does not come back from its functions. */
const DISPOSE_LIMIT_MS = 10_000;
/** As in `CassError`. */
const REQUEST_TIMED_OUT = 1 << 24 | 14;

/** Frees sessions that nobody holds any more. */
const forgotten = new FinalizationRegistry<{ native: Native; id: bigint }>(({ native, id }) => {
  native.runtime.disown(id);
  native.symbols.cassette_session_free(id);
});

/** One session of the driver: connect, query, prepare, then fetch batches. */
export class NativeSession {
  readonly #native: Native;
  readonly #symbols: ShimSymbols;
  /** Its number in the shim, where one that has been freed is no session any more. */
  readonly #session: bigint;
  readonly #pending = new Map<bigint, Pending>();
  /** Memory of the session: a call that waits may outlive this isolate's. */
  readonly #picked: Deno.PointerObject;
  readonly #limits: { connect: number; request: number };
  readonly #done: BigUint64Array;
  readonly #arenas: Arenas;
  #lastToken = 0n;
  #polling: Promise<void> | undefined;
  #operation: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  /** What was counted when it was closed. */
  #last: NativeStats | undefined;

  /**
   * @param native The shim with its driver.
   * @param limits How long the driver may take to connect, and for a query, in milliseconds; it has
   * time-outs of its own, which are shorter.
   */
  constructor(native: Native, limits: { connect: number; request: number }) {
    this.#native = native;
    this.#symbols = native.symbols;
    this.#limits = limits;
    const session = native.symbols.cassette_session_new(native.driver);
    if (session === 0n) throw new NativeFailure("out of memory", 0);
    this.#session = session;
    native.runtime.own(session);
    forgotten.register(this, { native, id: session }, this);
    this.#picked = native.symbols.cassette_picked(session)!;
    const bytes = DONE_WORDS * DONE_AT_ONCE * BigUint64Array.BYTES_PER_ELEMENT;
    this.#done = new BigUint64Array(Deno.UnsafePointerView.getArrayBuffer(this.#picked, bytes));
    this.#arenas = new Arenas(native);
    this.set("answer_limit", limits.request);
  }

  /**
   * Sets an option of `cassette_session_set`.
   *
   * @param name Name of the option.
   * @param value Its value; numbers in decimals.
   * @throws {NativeFailure} If the driver refuses it.
   */
  set(name: string, value: string | number | Uint8Array<ArrayBuffer>): void {
    const bytes = value instanceof Uint8Array ? value : new TextEncoder().encode(String(value));
    const outcome = this.#symbols.cassette_session_set(
      this.#session,
      cString(name),
      bytes,
      bytes.length,
    );
    if (outcome !== READY) throw this.#failure();
  }

  /** Connects, as the options say. */
  connect(): Promise<void> {
    const connect = () => this.#symbols.cassette_connect(this.#session);
    return this.#run(connect, this.#limits.connect, () => {});
  }

  /**
   * Runs a query.
   *
   * @param cql The query.
   * @returns Its rows, each value as the protocol has it.
   */
  async query(cql: string): Promise<(Uint8Array | null)[][]> {
    const text = new TextEncoder().encode(cql);
    const query = () => this.#symbols.cassette_query(this.#session, text, text.length);
    return await this.#run(query, this.#limits.request, () => parseRows(this.#text()));
  }

  /**
   * Prepares the statement that fetches a sample; then {@linkcode fetch} works.
   *
   * @param cql The statement.
   */
  prepare(cql: string): Promise<void> {
    const text = new TextEncoder().encode(cql);
    const prepare = () => this.#symbols.cassette_prepare(this.#session, text, text.length);
    return this.#run(prepare, this.#limits.request, () => {});
  }

  /**
   * A number for a fetch or for a group of fetches.
   *
   * @returns One that was not used before.
   */
  newToken(): bigint {
    return ++this.#lastToken;
  }

  /**
   * Fetches a batch.
   *
   * @param ids 16 bytes for each sample; not needed afterwards.
   * @param options A signal that aborts; a token; a group whose fetches exchange samples.
   * @returns The batch, once as many samples as it has have arrived or failed.
   */
  fetch(
    ids: Uint8Array<ArrayBuffer>,
    options: { signal?: AbortSignal; token?: bigint; group?: bigint } = {},
  ): Promise<NativeBatch> {
    const { signal, token = this.newToken(), group = 0n } = options;
    const { promise, resolve, reject } = Promise.withResolvers<NativeBatch>();
    const count = ids.length / 16;
    if (this.#symbols.cassette_submit(this.#session, ids, count, token, group) !== READY) {
      reject(new NativeFailure("the session takes no more samples", 0));
      return promise;
    }
    if (!signal) this.#pending.set(token, { group, resolve, reject });
    else {
      const abort = () => {
        this.#pending.delete(token);
        this.#symbols.cassette_cancel(this.#session, token);
        reject(signal.reason);
        if (group !== 0n) this.#abortGroup(group, signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      const settled = <T>(settle: (value: T) => void) => (value: T) => {
        signal.removeEventListener("abort", abort);
        settle(value);
      };
      this.#pending.set(token, { group, resolve: settled(resolve), reject: settled(reject) });
    }
    this.#polling ??= this.#poll();
    return promise;
  }

  /**
   * Reads the counters.
   *
   * @returns A copy; what they were at last for a session that has been closed.
   */
  stats(): NativeStats {
    if (this.#last) return { ...this.#last, latency: this.#last.latency.slice() };
    const data = new BigUint64Array(STATS_FIELDS + LATENCY_BUCKETS);
    this.#symbols.cassette_stats(this.#session, data);
    const [requested, delivered, failed, bytes, retries, inFlight, waiting, batches, arenaBytes] =
      Array.from(data.subarray(0, STATS_FIELDS), Number);
    return {
      requested,
      delivered,
      failed,
      bytes,
      retries,
      inFlight,
      waiting,
      batches,
      arenaBytes,
      latency: Float64Array.from(data.subarray(STATS_FIELDS), Number),
    };
  }

  /**
   * Rejects what is being fetched, closes the driver's session and gives it back. Batches that were
   * handed out stay valid until they are released. A server that does not answer is waited for in
   * the background.
   *
   * @param reason What the fetches reject with.
   */
  close(reason: unknown): Promise<void> {
    if (!this.#closing) {
      const end = new AbortController();
      const limit = wait(DISPOSE_LIMIT_MS, undefined, { signal: end.signal, ref: false });
      this.#closing = Promise.race([this.#close(reason), limit.catch(() => {})])
        .finally(() => end.abort());
    }
    return this.#closing;
  }

  async #close(reason: unknown): Promise<void> {
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#symbols.cassette_wake(this.#session);
    await this.#polling;
    await this.#operation;
    this.#symbols.cassette_close(this.#session);
    const end = performance.now() + CLOSE_LIMIT_MS;
    let outcome: number;
    do outcome = await this.#symbols.cassette_operation_wait(this.#session, WAIT_MS); while (
      outcome === PENDING && performance.now() < end
    );
    this.#arenas.close();
    this.#last = this.stats();
    forgotten.unregister(this);
    this.#native.runtime.disown(this.#session);
    await this.#symbols.cassette_session_free(this.#session);
  }

  /** Those of the group that are whole would come, those that are not would never. */
  #abortGroup(group: bigint, reason: unknown): void {
    for (const [token, pending] of this.#pending) {
      if (pending.group !== group) continue;
      this.#pending.delete(token);
      this.#symbols.cassette_cancel(this.#session, token);
      pending.reject(reason);
    }
  }

  async #poll(): Promise<void> {
    while (this.#pending.size > 0) {
      const count = await this.#symbols.cassette_wait(
        this.#session,
        WAIT_MS,
        this.#picked,
        DONE_AT_ONCE,
      );
      for (let i = 0; i < count; i++) {
        const done = this.#done.subarray(i * DONE_WORDS, (i + 1) * DONE_WORDS);
        const pending = this.#pending.get(done[0]);
        if (!pending) {
          this.#symbols.cassette_batch_release(Deno.UnsafePointer.create(done[1]), 0);
          continue;
        }
        this.#pending.delete(done[0]);
        try {
          pending.resolve(readBatch(this.#native, this.#arenas, done));
        } catch (error) {
          // There may be no memory for it; the others of this turn are still to come.
          pending.reject(error);
        }
      }
    }
    // At once, not in a later turn: a fetch in between would wait for a poll that has ended.
    this.#polling = undefined;
  }

  /** The shim has one operation at a time: each waits for those before it. */
  async #run<T>(begin: () => void, limit: number, read: () => T): Promise<T> {
    const before = this.#operation;
    const operation = (async () => {
      await before;
      if (this.#closing) throw new NativeFailure("the session is closing", 0);
      begin();
      const end = performance.now() + limit;
      let outcome: number;
      do outcome = await this.#symbols.cassette_operation_wait(this.#session, WAIT_MS); while (
        outcome === PENDING && !this.#closing && performance.now() < end
      );
      if (outcome === PENDING && !this.#closing) {
        throw new NativeFailure(
          `the driver gave no answer in ${limit} ms`,
          REQUEST_TIMED_OUT,
          true,
        );
      }
      if (outcome !== READY) throw this.#failure();
      return read();
    })();
    this.#operation = operation.then(() => {}, () => {});
    return await operation;
  }

  #failure(): NativeFailure {
    const code = this.#symbols.cassette_operation_code(this.#session);
    return new NativeFailure(new TextDecoder().decode(this.#text()), code);
  }

  #text(): Uint8Array<ArrayBuffer> {
    const none = new Uint8Array(0);
    const size = this.#symbols.cassette_session_text(this.#session, none, 0);
    const bytes = new Uint8Array(size);
    this.#symbols.cassette_session_text(this.#session, bytes, size);
    return bytes;
  }
}

function parseRows(bytes: Uint8Array<ArrayBuffer>): (Uint8Array | null)[][] {
  const view = new DataView(bytes.buffer);
  const columns = view.getUint32(0, true);
  const rows = view.getUint32(4, true);
  let at = 8;
  return Array.from({ length: rows }, () =>
    Array.from({ length: columns }, () => {
      const length = view.getUint32(at, true);
      at += 4;
      if (length === 0xffffffff) return null;
      at += length;
      return bytes.subarray(at - length, at);
    }));
}
