import cassandra from "cassandra-driver";
// Not part of the driver's interface: its version is exact in deno.json, and a test holds it.
import DriverConnection from "cassandra-driver/lib/connection.js";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Transform } from "node:stream";
import { checkBody } from "./cql_check.ts";
import {
  type AnswerHeader,
  checkVersion,
  HEADER,
  LONGEST_BODY,
  Opcode,
  ProtocolFault,
  readHeader,
} from "./cql_frame.ts";

/** What the driver has of a connection. */
interface Connection {
  options: object;
  netClient?: Socket;
  connected: boolean;
  sendingIdleQuery?: boolean;
  protocol: Transform & { version: number; readItems(chunk: Buffer): void };
  parser: Transform;
  _operations: Map<number, { request?: object }>;
  open(callback: unknown): void;
  bindSocketListeners(): void;
  clearAndInvokePending(error?: Error): void;
  sendStream(...parameters: unknown[]): { _timeout?: { unref?(): void } | null };
  _idleTimeoutHandler(): void;
  on(event: string, listener: () => void): void;
}

/** What the driver passes from one of its streams to the next. */
interface Item {
  header: { version: number };
  chunk: Buffer;
  offset: number;
  frameEnded: true;
}

/** What the driver has of a host. */
interface Host {
  setDistance(distance: number): number;
  shutdown(waits: boolean): Promise<void>;
  initializePool(): void;
  _healthResponseCountTimer: { unref?(): void } | null;
}

/** What the driver has of a client before it connects. */
interface DriverClient {
  options: object;
  controlConnection?: {
    hosts: {
      on(event: "add" | "remove", listener: (host: Host) => void): void;
    };
  };
}

type Handler = (...parameters: unknown[]) => void;

/** What the driver does with what its streams have read. */
const HANDLERS = ["handleResult", "handleRow", "freeStreamId", "handleNodeEvent"];
/** Requests of the driver that are answered by a result or an error. */
const STATEMENTS = new Set(["QueryRequest", "PrepareRequest", "ExecuteRequest", "BatchRequest"]);
/** Error code of answers that cannot be read: that of a protocol error, which is not tried again. */
const UNREADABLE = 0x000a;
/** Error code, of our own, of answers that are longer than was allowed. */
export const TOO_LONG = 0x7ffffff0;
/** Of a frame that is still coming, memory is taken as it comes. */
const FIRST_BYTES = 1 << 16;
const { FrameHeader } = cassandra.types as unknown as {
  FrameHeader: new (
    version: number,
    flags: number,
    stream: number,
    opcode: number,
    length: number,
  ) => { version: number };
};

const guards = new WeakMap<object, ConnectionGuard>();
const prototype = DriverConnection.prototype as Connection;
const { open, bindSocketListeners } = prototype;

prototype.open = function (callback) {
  open.call(this, callback);
  guards.get(this.options)?.opened(this);
};

prototype.bindSocketListeners = function () {
  const guard = guards.get(this.options);
  if (guard) guard.bind(this, () => bindSocketListeners.call(this));
  else bindSocketListeners.call(this);
};

/**
 * Stands between the sockets of one client of `npm:cassandra-driver` and its parser, which believes
 * what it reads: an answer that is cut short would end the process, and one without end take all
 * memory. Frames are passed on whole and checked. One whose content is wrong becomes an error of its
 * request; what is no frame ends the connection.
 *
 * It also knows the client's sockets, so that none is left behind.
 */
export class ConnectionGuard {
  readonly #connections = new Set<Connection>();
  readonly #heard = new WeakSet<Connection>();
  /** Sockets that will hear of it when they are connected. */
  readonly #told = new WeakSet<Socket>();
  readonly #longest: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  /**
   * @param client The client, before it connects.
   * @param longest Bytes of the longest answer that is taken.
   */
  constructor(client: cassandra.Client, longest: number) {
    this.#longest = longest;
    const { options, controlConnection } = client as unknown as DriverClient;
    guards.set(options, this);
    controlConnection?.hosts.on("add", (host) => this.#watch(host));
    // The driver forgets it, with its timer and its connections, where it finds it again.
    controlConnection?.hosts.on("remove", (host) => void host.shutdown(true).catch(() => {}));
  }

  /**
   * Each host has a timer that would keep the process alive. And one that is found again begins with
   * one connection.
   */
  #watch(host: Host): void {
    const { setDistance } = host;
    let timer = host._healthResponseCountTimer;
    host.setDistance = (distance) => {
      const set = setDistance.call(host, distance);
      if (timer !== host._healthResponseCountTimer) {
        timer = host._healthResponseCountTimer;
        timer?.unref?.();
        host.initializePool();
      }
      return set;
    };
  }

  /**
   * Asks each connection that was silent for one interval whether it is still there, without
   * keeping the process alive.
   *
   * @param interval Milliseconds.
   */
  beat(interval: number): void {
    this.#timer = setInterval(() => this.#askSilent(), interval);
    Deno.unrefTimer(Number(this.#timer));
  }

  /** Lets the process end although there are connections; each new one is to be told anew. */
  unref(): void {
    for (const { netClient: socket } of this.#connections) {
      // One that is not connected adds a listener for each call: one is enough.
      if (!socket || (socket.pending && this.#told.has(socket))) continue;
      this.#told.add(socket);
      socket.unref();
    }
  }

  /** Ends all connections, and those that are still being made. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const { netClient } of this.#connections) netClient?.destroy();
  }

  /** Called for each socket that the driver makes. */
  opened(connection: Connection): void {
    const socket = connection.netClient!;
    if (this.#closed) socket.destroy();
    this.#connections.add(connection);
    // The driver listens for the first error only, and a second would end the process.
    socket.on("error", () => {});
    socket.on("close", () => {
      if (connection.netClient === socket) this.#connections.delete(connection);
      // The driver forgets requests of its handshake whose connection was closed.
      if (!connection.connected) connection.clearAndInvokePending();
    });
  }

  /** Called when a socket is connected: the driver binds its streams to it. */
  bind(connection: Connection, bind: () => void): void {
    const socket = connection.netClient!;
    const fail = (error: Error) => void socket.destroy(error);
    for (const name of HANDLERS) {
      guardHandler(connection as unknown as Record<string, Handler>, name, fail);
    }
    bind();
    const frames = new FrameReader(connection, this.#longest, () => this.#heard.add(connection));
    const { protocol, parser } = connection;
    protocol.readItems = (chunk) =>
      frames.read(chunk, (item) => {
        protocol.version = item.header.version;
        protocol.push(item);
      });
    protocol.on("error", fail);
    parser.on("error", fail);
    // It would be closed as one that still answers.
    connection.on("idleRequestError", () => void socket.destroy());
  }

  #askSilent(): void {
    for (const connection of this.#connections) {
      // One with requests that were never answered is no less dead.
      const silent = !this.#heard.delete(connection);
      if (!silent || !connection.connected || connection.sendingIdleQuery) continue;
      const { sendStream } = connection;
      connection.sendStream = (...parameters) => {
        const operation = sendStream.apply(connection, parameters);
        operation._timeout?.unref?.();
        return operation;
      };
      try {
        connection._idleTimeoutHandler();
      } finally {
        connection.sendStream = sendStream;
      }
    }
  }
}

/** An error in the driver's own work on an answer ends the connection, not the process. */
function guardHandler(
  connection: Record<string, Handler>,
  name: string,
  fail: (error: Error) => void,
): void {
  const handler = (Object.getPrototypeOf(connection) as Record<string, Handler>)[name];
  connection[name] = (...parameters) => {
    try {
      handler.apply(connection, parameters);
    } catch (error) {
      fail(error as Error);
    }
  };
}

/** Puts the frames of one connection together. */
class FrameReader {
  readonly #connection: Connection;
  readonly #longest: number;
  readonly #heard: () => void;
  #held = Buffer.alloc(0);
  #length = 0;
  /** Bytes still to come of a frame that is passed over. */
  #passing = 0;

  constructor(connection: Connection, longest: number, heard: () => void) {
    this.#connection = connection;
    this.#longest = longest;
    this.#heard = heard;
  }

  /** Takes what was read, and passes frames on. */
  read(chunk: Buffer, pass: (item: Item) => void): void {
    this.#heard();
    let at = 0;
    while (at < chunk.length) {
      if (this.#passing > 0) {
        const step = Math.min(this.#passing, chunk.length - at);
        this.#passing -= step;
        at += step;
        continue;
      }
      // A frame that lies in the chunk as a whole is not copied.
      const whole = this.#length === 0 ? this.#whole(chunk, at) : 0;
      if (whole > 0) {
        this.#frame(chunk.subarray(at, at + whole), pass);
        at += whole;
      } else at += this.#collect(chunk, at, pass);
    }
  }

  /** Length of the frame that begins there, if all of it is there. */
  #whole(chunk: Buffer, at: number): number {
    if (chunk.length - at < HEADER) return 0;
    const length = HEADER + chunk.readUInt32BE(at + 5);
    return length <= chunk.length - at ? length : 0;
  }

  #collect(chunk: Buffer, at: number, pass: (item: Item) => void): number {
    const wanted = this.#length < HEADER ? HEADER : HEADER + this.#held.readUInt32BE(5);
    const step = Math.min(wanted - this.#length, chunk.length - at);
    this.#reserve(Math.min(wanted, Math.max(this.#length + step, FIRST_BYTES)), wanted);
    chunk.copy(this.#held, this.#length, at, at + step);
    this.#length += step;
    // Another protocol may wait for an answer after fewer bytes than a header has.
    checkVersion(this.#held[0]);
    if (this.#length < wanted) return step;
    const header = this.#header(this.#held);
    if (wanted === HEADER && header.length > 0) {
      if (header.length > this.#longest) {
        this.#passing = header.length;
        this.#length = 0;
        this.#refuse(header, `${header.length}`, TOO_LONG, pass);
      }
      return step;
    }
    const frame = this.#held.subarray(0, this.#length);
    this.#held = Buffer.alloc(0);
    this.#length = 0;
    this.#frame(frame, pass);
    return step;
  }

  #reserve(length: number, most: number): void {
    if (length <= this.#held.length) return;
    const longer = Buffer.allocUnsafeSlow(Math.min(most, Math.max(length, 2 * this.#held.length)));
    this.#held.copy(longer, 0, 0, this.#length);
    this.#held = longer;
  }

  #header(bytes: Buffer): AnswerHeader {
    const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
    const header = readHeader(view, 0, Math.max(this.#longest, LONGEST_BODY));
    // The driver would give the number of a stream that is not taken to two requests.
    if (header.stream >= 0 && !this.#connection._operations.has(header.stream)) {
      throw new ProtocolFault(`an answer on stream ${header.stream}, where nothing was asked`);
    }
    return header;
  }

  #frame(frame: Buffer, pass: (item: Item) => void): void {
    const header = this.#header(frame);
    if (header.length > this.#longest) {
      this.#refuse(header, `${header.length}`, TOO_LONG, pass);
      return;
    }
    try {
      this.#checkOpcode(header);
      checkBody(header, frame.subarray(HEADER));
    } catch (error) {
      if (!(error instanceof ProtocolFault) || header.stream < 0) throw error;
      this.#refuse(header, error.message, UNREADABLE, pass);
      return;
    }
    const { version, flags, stream, opcode, length } = header;
    pass({
      header: new FrameHeader(version, flags, stream, opcode, length),
      chunk: frame,
      offset: HEADER,
      frameEnded: true,
    });
  }

  /** The driver takes whatever comes for what it has asked for. */
  #checkOpcode({ opcode, stream }: AnswerHeader): void {
    if (opcode === Opcode.RESULT || opcode === Opcode.ERROR || stream < 0) return;
    const { request } = this.#connection._operations.get(stream)!;
    if (!STATEMENTS.has(request?.constructor.name ?? "")) return;
    throw new ProtocolFault(`opcode ${opcode} in place of a result`);
  }

  /** Tells a request an error in place of its answer. */
  #refuse(
    { version, stream }: AnswerHeader,
    message: string,
    code: number,
    pass: (item: Item) => void,
  ): void {
    if (stream < 0) throw new ProtocolFault(`an event of ${message} bytes`);
    const text = Buffer.from(message);
    const chunk = Buffer.alloc(6 + text.length);
    chunk.writeInt32BE(code, 0);
    chunk.writeUInt16BE(text.length, 4);
    text.copy(chunk, 6);
    pass({
      header: new FrameHeader(version, 0, stream, Opcode.ERROR, chunk.length),
      chunk,
      offset: 0,
      frameEnded: true,
    });
  }
}
