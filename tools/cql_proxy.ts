/**
 * A proxy that knows the frames of CQL and delays some of the results: stragglers on a connection
 * that is otherwise quick. (Toxiproxy draws per connection, not per answer.)
 *
 * `deno run -A tools/cql_proxy.ts HOST:PORT [--part 0.02] [--delay 1000]` prints its port.
 */
import { parseArgs } from "node:util";
import { FrameSplitter } from "./cql_frames.ts";

/** What a proxy does. */
interface CqlProxyOptions {
  /** Host of the server. */
  hostname: string;
  /** Port of the server. */
  port: number;
  /** Part of the results that are delayed, from 0 to 1. */
  part: number;
  /** How long, in milliseconds. */
  delay: number;
}

const RESULT = 8;
const READ_BYTES = 1 << 18;
/** Schema and topology are asked for at first: no data are among so few results. */
const SPARED = 20;

/**
 * Starts a proxy, which goes on until the process ends.
 *
 * @param options Where the server is, and which results are delayed.
 * @returns Its port on this machine.
 */
function startCqlProxy(options: CqlProxyOptions): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let results = 0;
  const isLate = () => ++results > SPARED && Math.random() < options.part;
  const serve = async (client: Deno.TcpConn) => {
    const server = await Deno.connect(options);
    client.setNoDelay(true);
    server.setNoDelay(true);
    const end = () => [client, server].forEach(close);
    await Promise.allSettled([
      pass(client, (bytes) => writeAll(server, bytes).then(() => true)).finally(end),
      passFrames(server, client, options.delay, isLate).finally(end),
    ]);
  };
  (async () => {
    for await (const client of listener) serve(client).catch(() => close(client));
  })();
  return listener.addr.port;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

/** Passes on what the server says; frames that are chosen are taken out of it and sent later. */
async function passFrames(
  server: Deno.Conn,
  client: Deno.Conn,
  delay: number,
  isLate: () => boolean,
): Promise<void> {
  let writing = Promise.resolve();
  let failed = false;
  const frames = new FrameSplitter({
    choose: (opcode) => opcode === RESULT && isLate(),
    hold: (frame) => void setTimeout(() => frames.insert(frame), delay),
    send(bytes) {
      writing = writing.then(() => writeAll(client, bytes)).catch(() => {
        failed = true;
      });
    },
  });
  await pass(server, async (bytes) => {
    frames.add(bytes);
    // No more is read than can be passed on.
    await writing;
    return !failed;
  });
}

/** Reads until the end, or until it is told to stop, into the same memory again and again. */
async function pass(
  from: Deno.Conn,
  take: (bytes: Uint8Array) => Promise<boolean>,
): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  let going = true;
  while (going) {
    const count = await from.read(buffer);
    if (count === null) break;
    going = await take(buffer.subarray(0, count));
  }
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
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
  const port = startCqlProxy({
    hostname: target[1],
    port: Number(target[2]),
    part: Number(values.part),
    delay: Number(values.delay),
  });
  console.log(port);
}
