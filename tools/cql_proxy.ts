/**
 * A proxy that knows the frames of CQL and delays some of the results: stragglers on a connection
 * that is otherwise quick. (Toxiproxy draws per connection, not per answer.)
 *
 * `deno run -A tools/cql_proxy.ts HOST:PORT [--part 0.02] [--delay 1000]` prints its port.
 */
import { parseArgs } from "node:util";

/** What a proxy does. */
export interface CqlProxyOptions {
  /** Host of the server. */
  hostname: string;
  /** Port of the server. */
  port: number;
  /** Part of the results that are delayed, from 0 to 1. */
  part: number;
  /** How long, in milliseconds. */
  delay: number;
}

/** A proxy that listens on this machine. */
export interface CqlProxy extends AsyncDisposable {
  /** Its port. */
  port: number;
  /** Results that were delayed. */
  readonly delayed: number;
}

interface Counts {
  results: number;
  delayed: number;
}

const HEADER = 9;
const RESULT = 8;
/** Of protocols 3 and 4; later ones wrap frames into others. */
const LAST_VERSION = 4;
const READ_BYTES = 1 << 18;
/** Schema and topology are asked for at first: no data are among so few results. */
const SPARED = 20;

/**
 * Starts a proxy.
 *
 * @param options Where the server is, and which results are delayed.
 * @returns The proxy.
 */
export function startCqlProxy(options: CqlProxyOptions): CqlProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Promise<void>>();
  const connections = new Set<Deno.TcpConn>();
  const counts = { results: 0, delayed: 0 };
  const serve = async (client: Deno.TcpConn) => {
    const server = await Deno.connect(options);
    connections.add(client).add(server);
    client.setNoDelay(true);
    server.setNoDelay(true);
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      passFrames(server, client, options, counts),
    ]);
    for (const connection of [client, server]) {
      connections.delete(connection);
      close(connection);
    }
  };
  const accepting = (async () => {
    for await (const client of listener) {
      const serving = serve(client).catch(() => close(client)).finally(() => open.delete(serving));
      open.add(serving);
    }
  })();
  return {
    port: listener.addr.port,
    get delayed() {
      return counts.delayed;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      connections.forEach(close);
      await accepting;
      await Promise.all(open);
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

/** Passes on what the server says; whole frames are taken out of it and sent later. */
async function passFrames(
  server: Deno.Conn,
  client: Deno.Conn,
  options: CqlProxyOptions,
  counts: Counts,
): Promise<void> {
  let writing = Promise.resolve();
  let failed = false;
  const splitter = new FrameSplitter(options, counts, (bytes) => {
    writing = writing.then(async () => {
      for (let at = 0; at < bytes.length;) at += await client.write(bytes.subarray(at));
    }).catch(() => {
      failed = true;
    });
  });
  while (!failed) {
    const chunk = new Uint8Array(READ_BYTES);
    const count = await server.read(chunk);
    if (count === null) break;
    splitter.add(chunk.subarray(0, count));
    // No more is read than can be passed on.
    await writing;
  }
}

/** Finds where frames begin; what is read begins anywhere in them. */
class FrameSplitter {
  readonly #options: CqlProxyOptions;
  readonly #counts: Counts;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #header = new Uint8Array(HEADER);
  #inHeader = 0;
  #inBody = 0;
  /** Parts of the frame that is taken out, while it is read. */
  #held: Uint8Array[] | undefined;
  /** Frames whose time came in the middle of another. */
  #due: Uint8Array[][] = [];

  constructor(
    options: CqlProxyOptions,
    counts: Counts,
    send: (bytes: Uint8Array) => void,
  ) {
    this.#options = options;
    this.#counts = counts;
    this.#send = send;
  }

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const left = chunk.length - at;
      if (this.#inBody > 0) {
        const step = Math.min(this.#inBody, left);
        this.#inBody -= step;
        this.#pass(chunk.subarray(at, at + step));
        at += step;
      } else {
        const step = Math.min(HEADER - this.#inHeader, left);
        this.#header.set(chunk.subarray(at, at + step), this.#inHeader);
        this.#inHeader += step;
        at += step;
        if (this.#inHeader < HEADER) return;
        this.#begin();
      }
      if (this.#inBody === 0) this.#end();
    }
  }

  #begin(): void {
    this.#inHeader = 0;
    const header = this.#header.slice();
    if ((header[0] & 0x7f) > LAST_VERSION) throw new Error("unknown protocol version");
    this.#inBody = new DataView(header.buffer).getUint32(5);
    const chosen = header[4] === RESULT && ++this.#counts.results > SPARED &&
      Math.random() < this.#options.part;
    if (chosen) {
      this.#counts.delayed++;
      this.#held = [];
    }
    this.#pass(header);
  }

  #pass(bytes: Uint8Array): void {
    if (this.#held) this.#held.push(bytes);
    else this.#send(bytes);
  }

  #end(): void {
    const frame = this.#held;
    this.#held = undefined;
    if (frame) {
      setTimeout(() => {
        this.#due.push(frame);
        if (this.#inBody === 0 || this.#held) this.#sendDue();
      }, this.#options.delay);
    }
    this.#sendDue();
  }

  #sendDue(): void {
    for (const frame of this.#due.splice(0)) frame.forEach(this.#send);
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      part: { type: "string", default: "0.02" },
      delay: { type: "string", default: "1000" },
    },
  });
  const target = /^(.+):(\d+)$/.exec(positionals[0] ?? "");
  if (!target) {
    console.error("deno run -A tools/cql_proxy.ts HOST:PORT [--part 0.02] [--delay 1000]");
    Deno.exit(2);
  }
  const { port } = startCqlProxy({
    hostname: target[1],
    port: Number(target[2]),
    part: Number(values.part),
    delay: Number(values.delay),
  });
  console.log(port);
}
