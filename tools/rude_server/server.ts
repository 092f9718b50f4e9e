/**
 * A server that behaves like a small healthy Cassandra, and then lies in one way: what a client
 * makes of a rude peer can be seen without one.
 */
import { Body, errorBody, type Frame, frameBytes, HEADER, Opcode, Reader } from "./frames.ts";
import { type Rows, rowsBody, writeMetadata } from "./frames.ts";
import { type Asked, select, typeOf } from "./tables.ts";

/** What a request is about. */
export type Kind =
  | "options"
  | "startup"
  | "auth"
  | "register"
  | "system"
  | "schema"
  | "prepare"
  | "fetch"
  | "page"
  | "write"
  | "other";

/** What a client asked for. */
export interface Request {
  kind: Kind;
  frame: Frame;
  /** User name and password, once a client has told them. */
  credentials: { username: string; password: string };
}

/** What the server does next: bytes to send, a pause in milliseconds, or an end. */
export type Step = Uint8Array | number | "close";

/** One way to lie. */
export interface Lie {
  /** What it is, in a few words. */
  name: string;
  /** Requests whose answers are lies; `fetch` and `page` when left out. */
  at?: Kind[];
  /** Has a connection before anything is read of it; the server does nothing else then. */
  accept?(connection: Deno.TcpConn): Promise<void>;
  /** Changes the rows of an answer; bytes are a body of its own. */
  rows?(rows: Rows): Rows | Uint8Array;
  /** Replaces an answer. */
  answer?(frame: Frame, request: Request): Iterable<Step> | AsyncIterable<Step>;
}

/** A server under way. */
export interface RudeServer extends AsyncDisposable {
  port: number;
  /** Connections that are open. */
  readonly open: number;
  /** Connections that were made. */
  readonly accepted: number;
  /** The lie; undefined for a healthy server. Can be changed at any time. */
  lie: Lie | undefined;
  /** Answers nothing any more on the connections that are open. */
  freeze(): void;
}

/** Options of {@linkcode startRudeServer}. */
export interface RudeOptions {
  /** Asks for a user name and a password; all are let in. */
  auth?: boolean;
}

const LIED_AT: Kind[] = ["fetch", "page"];
const VERSIONS = [3, 4];
const SELECT =
  /^SELECT\s+(.+?)\s+FROM\s+"?(\w+)"?\."?(\w+)"?(?:\s+WHERE\s+(.+?))?(?:\s+LIMIT\s+\d+)?(?:\s+ALLOW FILTERING)?;?$/is;
const INSERT = /^INSERT INTO "?(\w+)"?\."?(\w+)"? \((.+?)\) VALUES/is;
const HIGHEST = 2n ** 63n - 1n;

/** Starts a server on 127.0.0.1. */
export function startRudeServer(lie?: Lie, options: RudeOptions = {}): RudeServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Connection>();
  let accepted = 0;
  const server: RudeServer = {
    port: listener.addr.port,
    get open() {
      return connections.size;
    },
    get accepted() {
      return accepted;
    },
    lie,
    freeze() {
      for (const connection of connections) connection.frozen = true;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) connection.close();
      while (connections.size > 0) await new Promise((done) => setTimeout(done, 5));
    },
  };
  (async () => {
    for await (const socket of listener) {
      accepted++;
      const connection = new Connection(socket, server, options);
      connections.add(connection);
      connection.run().catch(() => {}).finally(() => {
        connection.close();
        connections.delete(connection);
      });
    }
  })();
  return server;
}

class Connection {
  frozen = false;
  readonly #socket: Deno.TcpConn;
  readonly #server: RudeServer;
  readonly #options: RudeOptions;
  readonly #prepared = new Map<string, string>();
  readonly #credentials = { username: "", password: "" };
  #closed = false;

  constructor(socket: Deno.TcpConn, server: RudeServer, options: RudeOptions) {
    this.#socket = socket;
    this.#server = server;
    this.#options = options;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  async run(): Promise<void> {
    this.#socket.setNoDelay(true);
    const { lie } = this.#server;
    if (lie?.accept) return await lie.accept(this.#socket);
    for (;;) {
      const header = await this.#read(HEADER);
      if (!header) return;
      const view = new DataView(header.buffer);
      const body = await this.#read(view.getUint32(5));
      if (!body) return;
      if (this.frozen) continue;
      const [version, flags, stream, opcode] = [header[0], header[1], view.getInt16(2), header[4]];
      const steps = await this.#steps({ version, flags, stream, opcode, body });
      // A lie that takes its time does not hold up what is asked meanwhile.
      this.#send(steps).catch(() => this.close());
    }
  }

  async #read(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const read = await this.#socket.read(bytes.subarray(at)).catch(() => null);
      if (read === null) return undefined;
      at += read;
    }
    return bytes;
  }

  #writing: Promise<void> = Promise.resolve();

  async #send(steps: Iterable<Step> | AsyncIterable<Step>): Promise<void> {
    for await (const step of steps) {
      if (this.#closed) return;
      if (typeof step === "number") await new Promise((done) => setTimeout(done, step));
      else if (typeof step === "string") return this.close();
      else {
        // What two answers write is not mixed.
        this.#writing = this.#writing.then(async () => {
          for (let at = 0; at < step.length && !this.#closed;) {
            at += await this.#socket.write(step.subarray(at));
          }
        });
        await this.#writing;
      }
    }
  }

  async #steps(asked: Frame): Promise<Iterable<Step> | AsyncIterable<Step>> {
    const frame: Frame = {
      ...asked,
      version: asked.version | 0x80,
      flags: 0,
      opcode: 0,
      body: asked.body,
    };
    if (!VERSIONS.includes(asked.version & 0x7f)) {
      const text =
        `Invalid or unsupported protocol version (${asked.version}); supported versions are (3/v3, 4/v4)`;
      return [frameBytes({ ...frame, version: 0x84, body: errorBody(0x000a, text) })];
    }
    const { kind, opcode, body, rows } = await this.#answer(asked);
    frame.opcode = opcode;
    frame.body = body;
    const { lie } = this.#server;
    const request: Request = { kind, frame: asked, credentials: this.#credentials };
    if (!lie || !(lie.at ?? LIED_AT).includes(kind)) return [frameBytes(frame)];
    if (lie.rows && rows) {
      const changed = lie.rows(rows);
      frame.body = changed instanceof Uint8Array ? changed : rowsBody(changed);
    }
    return lie.answer ? lie.answer(frame, request) : [frameBytes(frame)];
  }

  async #answer(
    { opcode, body }: Frame,
  ): Promise<{ kind: Kind; opcode: number; body: Uint8Array; rows?: Rows }> {
    const none = new Uint8Array();
    const reader = new Reader(body);
    switch (opcode) {
      case Opcode.OPTIONS: {
        const supported = new Body().short(2).string("CQL_VERSION").short(1).string("3.4.7")
          .string("COMPRESSION").short(0);
        return { kind: "options", opcode: Opcode.SUPPORTED, body: supported.done() };
      }
      case Opcode.STARTUP: {
        if (!this.#options.auth) return { kind: "startup", opcode: Opcode.READY, body: none };
        const name = "org.apache.cassandra.auth.PasswordAuthenticator";
        const authenticate = new Body().string(name).done();
        return { kind: "startup", opcode: Opcode.AUTHENTICATE, body: authenticate };
      }
      case Opcode.AUTH_RESPONSE: {
        const token = new TextDecoder().decode(reader.value() ?? none).split("\0");
        [, this.#credentials.username = "", this.#credentials.password = ""] = token;
        return { kind: "auth", opcode: Opcode.AUTH_SUCCESS, body: new Body().int(-1).done() };
      }
      case Opcode.REGISTER:
        return { kind: "register", opcode: Opcode.READY, body: none };
      case Opcode.PREPARE: {
        const cql = reader.longString();
        const body = await this.#prepare(cql);
        return { kind: "prepare", opcode: Opcode.RESULT, body };
      }
      case Opcode.EXECUTE: {
        const id = reader.take(reader.short()).toHex();
        const cql = this.#prepared.get(id);
        if (cql === undefined) {
          const unknown = new Body().short(16).raw(Uint8Array.fromHex(id)).done();
          const error = errorBody(0x2500, `Prepared query with ID ${id} not found`, unknown);
          return { kind: "other", opcode: Opcode.ERROR, body: error };
        }
        return await this.#run(cql, reader);
      }
      case Opcode.QUERY:
        return await this.#run(reader.longString(), reader);
      default:
        return { kind: "other", opcode: Opcode.ERROR, body: errorBody(0x000a, "no such opcode") };
    }
  }

  async #prepare(cql: string): Promise<Uint8Array> {
    const id = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new TextEncoder().encode(cql)),
    ).subarray(0, 16);
    this.#prepared.set(id.toHex(), cql);
    const { table, bound, asked } = parse(cql);
    const parameters = bound.map((name) => ({ name, type: typeOf(table, name) }));
    const space = { keyspace: asked?.keyspace ?? "", table };
    const body = new Body().int(4).short(id.length).raw(id);
    const key = parameters.findIndex(({ name }) => name === "id");
    writeMetadata(body, { ...space, columns: parameters, cells: [] }, key < 0 ? [] : [key]);
    const rows = asked && await select({ ...asked, where: { id: new Uint8Array(16) } });
    writeMetadata(body, rows ?? { ...space, columns: [], cells: [] });
    return body.done();
  }

  async #run(cql: string, reader: Reader) {
    reader.short();
    const flags = reader.byte();
    const values = flags & 1 ? Array.from({ length: reader.short() }, () => reader.value()) : [];
    const { asked, bound } = parse(cql);
    const empty = { opcode: Opcode.RESULT, body: new Body().int(1).done() };
    if (!asked) return { kind: "write" as Kind, ...empty };
    bound.forEach((name, i) => asked.where[name] = values[i] ?? null);
    const rows = await select(asked);
    const kind = kindOf(asked);
    if (!rows) {
      const error = errorBody(0x2200, `table ${asked.table} does not exist`);
      return { kind, opcode: Opcode.ERROR, body: error };
    }
    // Who has prepared the statement knows its columns.
    if (flags & 2) rows.noMetadata = true;
    return { kind, opcode: Opcode.RESULT, body: rowsBody(rows), rows };
  }
}

function kindOf({ keyspace, table, names, where, range }: Asked): Kind {
  if (keyspace !== "rude") return /^(local|peers|peers_v2)$/.test(table) ? "system" : "schema";
  if (range) return "page";
  const id = where.id;
  const isNil = id instanceof Uint8Array
    ? id.every((byte) => byte === 0)
    : /^[0-]*$/.test(id ?? "0");
  return names.includes("data") && !isNil ? "fetch" : "other";
}

/** What a statement asks for, and the names of the columns whose values are bound. */
function parse(cql: string): { table: string; bound: string[]; asked?: Asked } {
  const plain = (name: string) => name.trim().replaceAll('"', "");
  const insert = INSERT.exec(cql);
  if (insert) return { table: insert[2], bound: insert[3].split(",").map(plain) };
  const found = SELECT.exec(cql.trim());
  if (!found) return { table: "", bound: [] };
  const [, names, keyspace, table, condition = ""] = found;
  const asked: Asked = {
    keyspace,
    table,
    names: names.trim() === "*" ? [] : names.split(",").map(plain),
    where: {},
  };
  const bound: string[] = [];
  for (const part of condition.split(/\s+AND\s+/i)) {
    const range = /token\(.*?\)\s*(>|<=)\s*(-?\d+)/.exec(part);
    if (range) {
      asked.range ??= [-HIGHEST - 1n, HIGHEST];
      asked.range[range[1] === ">" ? 0 : 1] = BigInt(range[2]);
      continue;
    }
    const [, name, value] = /^\s*"?(\w+)"?\s*=\s*(.+?)\s*$/.exec(part) ?? [];
    if (value === "?") bound.push(name);
    else if (name) asked.where[name] = value.replace(/^'(.*)'$/, "$1");
  }
  return { table, bound, asked };
}
