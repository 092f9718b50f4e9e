/** Toxiproxy: a TCP proxy whose faults (latency, resets, stalls, little bandwidth) tests command. */
import { cacheFolder } from "../src/ffi/cache.ts";
import { NotInstalledError } from "./cassandra/jars.ts";
import { join } from "@std/path";

/** The release that is run; Go 1.17 and all later ones build it. */
const TOXIPROXY_VERSION = "2.5.0";

/** A fault of a proxy, as Toxiproxy's documentation has it. */
export interface Toxic {
  /** `latency`, `bandwidth`, `reset_peer`, `timeout`, `slicer`, `limit_data`, `slow_close`. */
  type: string;
  /** Towards the client (`downstream`, default) or the server (`upstream`). */
  stream?: "downstream" | "upstream";
  /** How probable it is that a connection has it; 1 when left out. */
  toxicity?: number;
  /** Its parameters. */
  attributes: Record<string, number>;
}

/** One proxy. */
export interface Proxy {
  /** Where it listens, on this machine. */
  port: number;
  /** Adds a fault, of which a proxy has at most one of a type and direction. */
  add(toxic: Toxic): Promise<void>;
  /** Takes all faults away. */
  heal(): Promise<void>;
  /** Stops or resumes listening; connections are closed as it stops. */
  enable(enabled: boolean): Promise<void>;
}

/** The running program. */
export interface Toxiproxy extends AsyncDisposable {
  /**
   * Makes a proxy.
   *
   * @param target Host and port of the server, as in `127.0.0.1:9042`.
   */
  proxy(target: string): Promise<Proxy>;
}

const HOST = "127.0.0.1";
const START_LIMIT_MS = 10_000;

/**
 * Builds Toxiproxy, unless it is in the cache already.
 *
 * @param say Told what is done.
 * @returns Path of the program.
 * @throws {NotInstalledError} If there is no Go.
 */
async function buildToxiproxy(say: (line: string) => void = () => {}): Promise<string> {
  const folder = join(cacheFolder(), `toxiproxy-${TOXIPROXY_VERSION}`);
  const program = join(folder, "server");
  if (await Deno.stat(program).then(() => true, () => false)) return program;
  say(`building Toxiproxy ${TOXIPROXY_VERSION}`);
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const work = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "toxiproxy-build-" });
  try {
    const { success, stderr } = await new Deno.Command("go", {
      args: ["install", `github.com/Shopify/toxiproxy/v2/cmd/server@v${TOXIPROXY_VERSION}`],
      env: { GOBIN: work },
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      throw new Error(`Cannot build Toxiproxy: ${new TextDecoder().decode(stderr).trim()}`);
    }
    await Deno.rename(work, folder).catch(async (error) => {
      if (!await Deno.stat(program).then(() => true, () => false)) throw error;
    });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new NotInstalledError(
      'Cannot build Toxiproxy as Go is missing: install it, on Debian with "apt-get install golang-go"',
      { cause },
    );
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
  }
  return program;
}

/**
 * Starts Toxiproxy on this machine; it ends with this process at the latest.
 *
 * @param say Told what is done.
 * @returns The running program.
 * @throws {NotInstalledError} If there is no Go to build it with.
 */
export async function startToxiproxy(say?: (line: string) => void): Promise<Toxiproxy> {
  const program = await buildToxiproxy(say);
  const port = freePort();
  const child = new Deno.Command(program, {
    args: ["-host", HOST, "-port", String(port)],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  };
  globalThis.addEventListener("unload", kill);
  const call = async (method: string, path: string, body?: unknown): Promise<void> => {
    const response = await fetch(`http://${HOST}:${port}${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Toxiproxy answers ${method} ${path} with ${text}`);
  };
  const end = Date.now() + START_LIMIT_MS;
  while (!await call("GET", "/version").then(() => true, () => false)) {
    if (Date.now() > end) throw new Error(`Toxiproxy must answer within ${START_LIMIT_MS} ms`);
    await new Promise((done) => setTimeout(done, 20));
  }
  let count = 0;
  return {
    async proxy(target) {
      const name = `proxy${++count}`;
      const listen = freePort();
      await call("POST", "/proxies", {
        name,
        listen: `${HOST}:${listen}`,
        upstream: target,
        enabled: true,
      });
      const added = new Set<string>();
      return {
        port: listen,
        async add({ type, stream = "downstream", toxicity = 1, attributes }) {
          const toxic = `${type}_${stream}`;
          await call("POST", `/proxies/${name}/toxics`, {
            name: toxic,
            type,
            stream,
            toxicity,
            attributes,
          });
          added.add(toxic);
        },
        async heal() {
          for (const toxic of added) await call("DELETE", `/proxies/${name}/toxics/${toxic}`);
          added.clear();
        },
        enable: (enabled) => call("POST", `/proxies/${name}`, { enabled }),
      };
    },
    async [Symbol.asyncDispose]() {
      globalThis.removeEventListener("unload", kill);
      kill();
      await child.status;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  return listener.addr.port;
}
