import { Buffer } from "node:buffer";
import { AuthError, ConnectError } from "../errors.ts";
import type { CassandraConfig } from "../source/cassandra_config.ts";

/** One frame of an answer. */
export interface Answer {
  /** What it is: an {@linkcode Opcode}. */
  opcode: number;
  /** Its body. */
  body: Uint8Array<ArrayBuffer>;
}

/** Where a connection goes, and as whom. */
export interface CqlAddress {
  /** Address of the host. */
  hostname: string;
  /** Its port. */
  port: number;
  /** User name, where the server asks for one. */
  username?: string;
  /** Password that belongs to it. */
  password?: string;
  /** Gives up where it aborts before the connection can be used. */
  signal?: AbortSignal;
}

/** Opcodes of the protocol that are used here (CQL binary protocol v4, section 2.4). */
export const Opcode = {
  ERROR: 0x00,
  STARTUP: 0x01,
  READY: 0x02,
  AUTHENTICATE: 0x03,
  QUERY: 0x07,
  RESULT: 0x08,
  AUTH_RESPONSE: 0x0f,
  AUTH_SUCCESS: 0x10,
} as const;

const VERSION = 4;
const HEADER = 9;
/** Flag of an answer whose body begins with a list of warnings (section 2.2). */
const WARNINGS = 0x08;
const FIRST_BUFFER = 1 << 20;

/**
 * A connection that speaks just enough of the CQL binary protocol, version 4, to read many rows
 * fast: one request at a time, and answers as bytes. `npm:cassandra-driver` makes an object of each
 * cell, which costs more than the server's work.
 */
export class CqlConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #name: string;
  #buffer = new Uint8Array(FIRST_BUFFER);
  #held = 0;

  private constructor(connection: Deno.TcpConn, name: string) {
    this.#connection = connection;
    this.#name = name;
  }

  /**
   * Connects, without encryption, and logs in.
   *
   * @param address Where to, and as whom.
   * @returns The connection; dispose of it to close it.
   * @throws {ConnectError} If the host does not answer as the protocol has it.
   * @throws {AuthError} If it refuses user name or password.
   */
  static async open(address: CqlAddress): Promise<CqlConnection> {
    const { hostname, port, username = "", password = "", signal } = address;
    const name = `${hostname}:${port}`;
    let made: CqlConnection | undefined;
    const close = () => made?.[Symbol.dispose]();
    try {
      const connection = await Deno.connect({ hostname, port, signal });
      made = new CqlConnection(connection, name);
      signal?.throwIfAborted();
      signal?.addEventListener("abort", close, { once: true });
      connection.setNoDelay(true);
      const version = [1, "CQL_VERSION", "3.0.0"] as const;
      const ready = await made.ask(
        Opcode.STARTUP,
        Buffer.concat([short(version[0]), string(version[1]), string(version[2])]),
      );
      if (ready.opcode === Opcode.READY) return made;
      if (ready.opcode === Opcode.AUTHENTICATE) {
        // SASL PLAIN (RFC 4616).
        const token = Buffer.from(`\0${username}\0${password}`);
        const answer = await made.ask(
          Opcode.AUTH_RESPONSE,
          Buffer.concat([int(token.length), token]),
        );
        if (answer.opcode === Opcode.AUTH_SUCCESS) return made;
        throw new AuthError(
          `Cannot log in to ${name} as user name and password must fit: received ${
            errorText(answer.body)
          }`,
        );
      }
      throw new Error(`opcode ${ready.opcode}`);
    } catch (cause) {
      close();
      if (cause instanceof AuthError) throw cause;
      const reason = signal?.aborted ? signal.reason : cause;
      throw new ConnectError(
        `Cannot connect to ${name} as it must answer in CQL: received ${(reason as Error).message}`,
        { cause: reason },
      );
    } finally {
      signal?.removeEventListener("abort", close);
    }
  }

  /**
   * Asks for one page of rows.
   *
   * @param cql The statement, without parameters.
   * @param consistency As the protocol has it.
   * @param pageSize Rows of a page.
   * @param pageState Where the page begins; the first one when left out.
   * @returns The answer: a result or an error.
   * @throws {ConnectError} If the connection breaks.
   */
  query(
    cql: string,
    consistency: number,
    pageSize: number,
    pageState?: Uint8Array,
  ): Promise<Answer> {
    const text = Buffer.from(cql);
    const flags = 0x04 | (pageState ? 0x08 : 0);
    const state = pageState ? [int(pageState.length), pageState] : [];
    return this.ask(
      Opcode.QUERY,
      Buffer.concat([
        int(text.length),
        text,
        short(consistency),
        Uint8Array.of(flags),
        int(pageSize),
        ...state,
      ]),
    );
  }

  /**
   * Sends one request and waits for its answer.
   *
   * @param opcode What it is.
   * @param body Its body.
   * @returns The answer.
   * @throws {ConnectError} If the connection breaks.
   */
  async ask(opcode: number, body: Uint8Array): Promise<Answer> {
    const header = Buffer.from([VERSION, 0, 0, 0, opcode, ...int(body.length)]);
    let frame = Buffer.concat([header, body]) as Uint8Array;
    while (frame.length > 0) frame = frame.subarray(await this.#connection.write(frame));
    await this.#fill(HEADER);
    const length = HEADER + new DataView(this.#buffer.buffer).getUint32(5);
    await this.#fill(length);
    const begin = HEADER + (this.#buffer[1] & WARNINGS ? this.#warningBytes() : 0);
    const answer = { opcode: this.#buffer[4], body: this.#buffer.slice(begin, length) };
    this.#buffer.copyWithin(0, length, this.#held);
    this.#held -= length;
    return answer;
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** Bytes of the warnings that an answer may begin with, such as of many deleted rows. */
  #warningBytes(): number {
    const view = new DataView(this.#buffer.buffer);
    let at = HEADER + 2;
    for (let left = view.getUint16(HEADER); left > 0; left--) at += 2 + view.getUint16(at);
    return at - HEADER;
  }

  async #fill(length: number): Promise<void> {
    if (length > this.#buffer.length) {
      const longer = new Uint8Array(length + FIRST_BUFFER);
      longer.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = longer;
    }
    while (this.#held < length) {
      const read = await this.#connection.read(this.#buffer.subarray(this.#held));
      if (read === null) {
        throw new ConnectError(
          `Cannot read from ${this.#name} as the connection must last: received its end`,
        );
      }
      this.#held += read;
    }
  }
}

/**
 * Tells whether a cluster is reached without encryption.
 *
 * @param config Where it is.
 * @returns Whether plain connections can be made.
 */
export function isPlain({ tls, cloudBundle }: CassandraConfig): boolean {
  return !tls && cloudBundle === undefined;
}

/**
 * Connects to a host of a cluster.
 *
 * @param address The host, with its port.
 * @param config User name, password, and how long it may take.
 * @returns The connection.
 * @throws {ConnectError} If the host does not answer as the protocol has it.
 * @throws {AuthError} If it refuses user name or password.
 */
export async function connectPlain(
  address: string,
  config: CassandraConfig,
): Promise<CqlConnection> {
  const [, hostname, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address)!;
  const { username, password, connectTimeout } = config;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(overdue(connectTimeout)), connectTimeout);
  const { signal } = late;
  try {
    return await CqlConnection.open({ hostname, port: Number(port), username, password, signal });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for something, but not for ever.
 *
 * @param promise What is waited for.
 * @param ms Milliseconds that it may take.
 * @returns What it gives.
 */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(overdue(ms)), ms);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
    // What comes of it after all is not waited for.
    promise.catch(() => {});
  }
}

function overdue(ms: number): Error {
  return new Error(`no answer within ${ms} ms`);
}

/**
 * Reads what an ERROR frame says.
 *
 * @param body The body of the frame.
 * @returns Its message.
 */
export function errorText(body: Uint8Array<ArrayBuffer>): string {
  const length = new DataView(body.buffer, body.byteOffset).getUint16(4);
  return new TextDecoder().decode(body.subarray(6, 6 + length));
}

function int(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function short(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

function string(text: string): Uint8Array {
  return Buffer.concat([short(text.length), Buffer.from(text)]);
}
