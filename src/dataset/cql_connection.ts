import { Buffer } from "node:buffer";
import { AuthError, ConnectError } from "../errors.ts";
import type { CassandraConfig } from "../source/cassandra_config.ts";
import {
  checkVersion,
  Cursor,
  HEADER,
  Opcode,
  ProtocolFault,
  readHeader,
  skipPrelude,
} from "../source/cql_frame.ts";
import { Scrubber } from "../source/scrub.ts";

export { Opcode } from "../source/cql_frame.ts";

/** One frame of an answer. */
export interface Answer {
  /** What it is, as in `Opcode`. */
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

const VERSION = 4;
const STREAMS = 32_768;
const FIRST_BUFFER = 1 << 20;

/**
 * A connection that speaks just enough of the CQL binary protocol, version 4, to read many rows
 * fast: one request at a time, and answers as bytes. `npm:cassandra-driver` makes an object of each
 * cell, which costs more than the server's work.
 */
export class CqlConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #name: string;
  readonly #scrubber: Scrubber;
  #buffer = new Uint8Array(FIRST_BUFFER);
  #held = 0;
  #stream = 0;

  private constructor(connection: Deno.TcpConn, name: string, scrubber: Scrubber) {
    this.#connection = connection;
    this.#name = name;
    this.#scrubber = scrubber;
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
    const scrubber = new Scrubber([password]);
    let made: CqlConnection | undefined;
    const close = () => made?.[Symbol.dispose]();
    try {
      const connection = await Deno.connect({ hostname, port, signal });
      made = new CqlConnection(connection, name, scrubber);
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
            made.errorText(answer)
          }`,
        );
      }
      throw new Error(made.errorText(ready));
    } catch (cause) {
      close();
      if (cause instanceof AuthError) throw cause;
      const reason = scrubber.error(signal?.aborted ? signal.reason : cause);
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
    if (this.#held > 0) throw this.#broken(`${this.#held} bytes that nobody asked for`);
    // An answer that comes twice is none of the next request.
    const asked = this.#stream = (this.#stream + 1) % STREAMS;
    const header = Buffer.from([VERSION, 0, ...short(asked), opcode, ...int(body.length)]);
    let frame = Buffer.concat([header, body]) as Uint8Array;
    while (frame.length > 0) frame = frame.subarray(await this.#connection.write(frame));
    try {
      // Another protocol may wait for an answer after fewer bytes than a header has.
      await this.#fill(1);
      checkVersion(this.#buffer[0]);
      await this.#fill(HEADER);
      const { stream, flags, opcode, length } = readHeader(new DataView(this.#buffer.buffer), 0);
      if (stream !== asked) {
        throw new ProtocolFault(`an answer on stream ${stream} where ${asked} was asked`);
      }
      const end = HEADER + length;
      await this.#fill(end);
      const content = new Cursor(this.#buffer.subarray(0, end), HEADER);
      skipPrelude(content, flags);
      const answer = { opcode, body: this.#buffer.slice(content.at, end) };
      this.#buffer.copyWithin(0, end, this.#held);
      this.#held -= end;
      return answer;
    } catch (error) {
      throw error instanceof ProtocolFault ? this.#broken(error.message) : error;
    }
  }

  /**
   * Reads what an answer says that is not what was asked for.
   *
   * @param answer The answer.
   * @returns The text of an error, cleaned; or what it is instead.
   */
  errorText({ opcode, body }: Answer): string {
    if (opcode !== Opcode.ERROR) return `an answer of opcode ${opcode}`;
    try {
      return this.#scrubber.quote(errorText(body));
    } catch {
      return "an error without a text";
    }
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  #broken(received: string): ConnectError {
    return new ConnectError(
      `Cannot read from ${this.#name} as it must answer in CQL: received ${received}`,
    );
  }

  /** Memory is taken as bytes come, not as a server says that they will. */
  async #fill(length: number): Promise<void> {
    while (this.#held < length) {
      if (this.#held === this.#buffer.length) {
        const longer = new Uint8Array(Math.min(length + FIRST_BUFFER, 2 * this.#buffer.length));
        longer.set(this.#buffer);
        this.#buffer = longer;
      }
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
 * @param signal Ends the wait with its reason.
 * @returns What it gives.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  signal?: AbortSignal,
): Promise<T> {
  const end = Promise.withResolvers<never>();
  const timer = setTimeout(() => end.reject(overdue(ms)), ms);
  const abort = () => end.reject(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([promise, end.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
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
 * @throws {ProtocolFault} If it has none.
 */
export function errorText(body: Uint8Array<ArrayBuffer>): string {
  return new Cursor(body, 4).string();
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
