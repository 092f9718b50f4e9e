import type cassandra from "cassandra-driver";
// Not part of the driver's interface: its version is exact in deno.json, and a test holds it.
import DriverConnection from "cassandra-driver/lib/connection.js";
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { clearInterval, setInterval } from "node:timers";
import type { Transform } from "node:stream";
import { type AskedConnection, FrameReader } from "./frame_reader.ts";

/** What the driver has of a connection. */
interface Connection extends AskedConnection {
  options: object;
  netClient?: Socket;
  connected: boolean;
  sendingIdleQuery?: boolean;
  protocol: Transform & { version: number; readItems(chunk: Buffer): void };
  parser: Transform;
  open(callback: unknown): void;
  bindSocketListeners(): void;
  clearAndInvokePending(error?: Error): void;
  sendStream(...parameters: unknown[]): { _timeout?: { unref?(): void } | null };
  _idleTimeoutHandler(): void;
  on(event: string, listener: () => void): void;
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
    this.#timer.unref();
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
