import { cacheFolder } from "../../src/ffi/cache.ts";
import { makeCertificates } from "./certificates.ts";
import { cassandraJars, requireJava } from "./jars.ts";
import { fromFileUrl, join, resolve } from "@std/path";

/** How a test server is run. */
export interface ServerOptions {
  /** Port for CQL; default 9142, so that a database of the user's own is left alone. */
  port?: number;
  /** Folder for data and logs; default below the cache folder, one for each port. */
  data?: string;
  /** Whether a user name and a password are asked for; `cassandra` and `cassandra` at first. */
  auth?: boolean;
  /** Whether TLS with a client's certificate is asked for; see `certificates` of the server. */
  tls?: boolean;
  /** Largest mutation in MiB; a blob must be somewhat smaller. */
  maxMutationMiB?: number;
  /** Largest heap in MiB. */
  heapMiB?: number;
  /** Process whose end ends the server; without it the server runs until it is stopped. */
  user?: number;
  /** Told what is done. */
  say?: (line: string) => void;
}

/** A running server. */
export interface Server {
  /** Address, always this machine. */
  host: string;
  /** Port for CQL. */
  port: number;
  /** Process id; 0 for a server that `CASSANDRA_CONTACT_POINTS` names. */
  pid: number;
  /** Whether this call started it. */
  started: boolean;
  /** Folder for data and logs. */
  data: string;
  /** Folder with the certificates of a server with TLS, as `makeCertificates` makes them. */
  certificates: string;
}

const START_LIMIT_MS = 180_000;
const END_LIMIT_MS = 30_000;
const OPTIONS_FRAME = Uint8Array.of(4, 0, 0, 0, 5, 0, 0, 0, 0);
const SUPPORTED = 6;

// Ends the server (its arguments) once no file in the folder $1 names a process that lives. A server
// takes seconds to end and answers meanwhile, so its process id is moved away first; who joins writes
// its file before it reads that id, and so is seen by the second look at the latest.
const KEEPER = `
users=$1; shift
"$@" & server=$!
cd "$users/.."
used() {
  for file in "$users"/*; do
    user=\${file##*/}
    if [ "$user" = keep ] || kill -0 "$user" 2>/dev/null; then return 0; else rm -f "$file"; fi
  done
  return 1
}
echo $server > pid.new && mv pid.new pid
while kill -0 $server 2>/dev/null; do
  sleep 1
  used && continue
  mv pid ending
  if used; then mv ending pid; else kill $server; wait $server; fi
done
`;

/**
 * Starts Apache Cassandra on this machine, or joins one that an earlier call started.
 *
 * @param options Port, folder, authentication, and whose end ends the server.
 * @returns Where it listens, once it answers.
 */
export async function startCassandra(options: ServerOptions = {}): Promise<Server> {
  const say = options.say ?? (() => {});
  const port = options.port ?? 9142;
  const data = dataFolder(options);
  const users = join(data, "users");
  await Deno.mkdir(users, { recursive: true });
  using lock = await Deno.open(join(data, "lock"), { create: true, write: true });
  await lock.lock(true);
  await Deno.writeTextFile(join(users, String(options.user ?? "keep")), "");
  const certificates = join(data, "certificates");
  const running = await settledPid(data);
  if (running !== undefined) {
    await answers(options, port, running, data);
    return { host: "127.0.0.1", port, pid: running, started: false, data, certificates };
  }
  const java = await requireJava();
  const jars = await cassandraJars(say);
  say(`starting Apache Cassandra on 127.0.0.1:${port}, data and log in ${data}`);
  if (options.tls) await makeCertificates(certificates);
  await Deno.writeTextFile(join(data, "cassandra.yaml"), await settings(options, port, data));
  for (const name of ["pid", "ending"]) await Deno.remove(join(data, name)).catch(() => {});
  const temporary = await emptyTemporary(data);
  const heap = options.heapMiB ?? 1024;
  const args = [
    ...(await Deno.readTextFile(new URL("java.args", import.meta.url))).trim().split(/\s+/),
    `-Xmx${heap}m`,
    `-Xms${Math.min(heap, 512)}m`,
    `-Dcassandra.config=file://${join(data, "cassandra.yaml")}`,
    `-Dcassandra.storagedir=${data}`,
    `-Djava.io.tmpdir=${temporary}`,
    `-Dlogback.configurationFile=${fromFileUrl(new URL("logback.xml", import.meta.url))}`,
    "-cp",
    join(jars, "*"),
    "org.apache.cassandra.service.CassandraDaemon",
  ];
  const log = join(data, "server.log");
  const keeper = new Deno.Command("sh", {
    args: ["-c", `exec sh -c "$0" keeper "$@" >"${log}" 2>&1 </dev/null`, KEEPER, users, java]
      .concat(args),
    cwd: data,
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  keeper.unref();
  const pid = await waitForPid(data);
  await answers(options, port, pid, data);
  return { host: "127.0.0.1", port, pid, started: true, data, certificates };
}

/**
 * Stops a server that {@linkcode startCassandra} started, and waits for its end.
 *
 * @param options The port or the folder that it was started with.
 * @returns Its process id, or undefined if none ran.
 */
export async function stopCassandra(options: ServerOptions = {}): Promise<number | undefined> {
  const data = dataFolder(options);
  const pid = await runningPid(data);
  if (pid === undefined) return undefined;
  Deno.kill(pid, "SIGTERM");
  for (let waited = 0; await runningPid(data) !== undefined; waited += 100) {
    if (waited > END_LIMIT_MS) Deno.kill(pid, "SIGKILL");
    await new Promise((done) => setTimeout(done, 100));
  }
  await Deno.remove(join(data, "users"), { recursive: true }).catch(() => {});
  return pid;
}

/**
 * Tells whether a server runs.
 *
 * @param options The port or the folder that it was started with.
 * @returns Its process id, or undefined if none runs.
 */
export function cassandraPid(options: ServerOptions = {}): Promise<number | undefined> {
  return runningPid(dataFolder(options));
}

/**
 * Makes a server's own folder for temporary files: what a killed one leaves there, such as native
 * libraries, is removed with its data or at its next start.
 *
 * @param data The server's folder.
 * @returns The path.
 */
export async function emptyTemporary(data: string): Promise<string> {
  const folder = join(data, "tmp");
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder);
  return folder;
}

function dataFolder(options: ServerOptions): string {
  return resolve(
    options.data ?? join(cacheFolder(), "cassandra-data", String(options.port ?? 9142)),
  );
}

/** The server's process id once it is sure to stay; one that its keeper is ending is waited for. */
async function settledPid(data: string): Promise<number | undefined> {
  for (let waited = 0;; waited += 50) {
    const pid = await runningPid(data);
    if (pid !== undefined) return pid;
    const ending = await runningPid(data, "ending");
    if (ending === undefined) return await runningPid(data);
    if (waited > END_LIMIT_MS) Deno.kill(ending, "SIGKILL");
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A process id may have gone to another program since: the command line must name our folder. */
async function runningPid(data: string, file = "pid"): Promise<number | undefined> {
  try {
    const pid = Number(await Deno.readTextFile(join(data, file)));
    const { stdout } = await new Deno.Command("ps", { args: ["-ww", "-o", "args=", String(pid)] })
      .output();
    const line = new TextDecoder().decode(stdout);
    return line.includes(`-Dcassandra.storagedir=${data} `) ? pid : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function waitForPid(data: string): Promise<number> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const pid = await runningPid(data);
    if (pid !== undefined) return pid;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`Cannot start Cassandra: ${await tail(data)}`);
}

async function settings(options: ServerOptions, port: number, data: string): Promise<string> {
  const mutation = options.maxMutationMiB ?? 16;
  const values: Record<string, string> = {
    data,
    port: String(port),
    storagePort: String(port + 10_000),
    maxFrame: `${mutation + 16}MiB`,
    commitlogSegment: `${mutation * 2}MiB`,
    authenticator: options.auth ? "PasswordAuthenticator" : "AllowAllAuthenticator",
    authorizer: options.auth ? "CassandraAuthorizer" : "AllowAllAuthorizer",
    encryption: JSON.stringify(options.tls ? encryption(data) : { enabled: false }),
  };
  const template = await Deno.readTextFile(new URL("cassandra.yaml", import.meta.url));
  return template.replaceAll(/\$\{(\w+)\}/g, (_, name) => values[name]);
}

/** JSON is YAML too. */
function encryption(data: string): Record<string, unknown> {
  const folder = join(data, "certificates");
  return {
    enabled: true,
    optional: false,
    require_client_auth: true,
    ssl_context_factory: {
      class_name: "org.apache.cassandra.security.PEMBasedSslContextFactory",
    },
    keystore: join(folder, "server_store.pem"),
    truststore: join(folder, "ca.pem"),
  };
}

/** Waits until the server answers an OPTIONS request, and until its first role can log in. */
async function answers(
  options: ServerOptions,
  port: number,
  pid: number,
  data: string,
): Promise<void> {
  const end = Date.now() + START_LIMIT_MS;
  const plain = !options.auth && !options.tls;
  while (!(plain ? await supported(port) : await logsIn(port, options, data))) {
    if (await runningPid(data) !== pid) {
      throw new Error(`Cannot start Cassandra as it ended: ${await tail(data)}`);
    }
    if (Date.now() > end) {
      throw new Error(`Cannot start Cassandra within ${START_LIMIT_MS} ms: ${await tail(data)}`);
    }
    await new Promise((done) => setTimeout(done, 200));
  }
}

async function listens(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

async function supported(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(OPTIONS_FRAME);
    const answer = new Uint8Array(9);
    return (await connection.read(answer)) === 9 && answer[4] === SUPPORTED;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    if (error instanceof Deno.errors.ConnectionReset) return false;
    throw error;
  }
}

async function logsIn(port: number, { auth, tls }: ServerOptions, data: string): Promise<boolean> {
  if (!(tls ? await listens(port) : await supported(port))) return false;
  const file = (name: string) => Deno.readTextFile(join(data, "certificates", name));
  const { Client, policies } = (await import("cassandra-driver")).default;
  const client = new Client({
    contactPoints: [`127.0.0.1:${port}`],
    policies: { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() },
    credentials: auth ? { username: "cassandra", password: "cassandra" } : undefined,
    sslOptions: tls
      ? {
        rejectUnauthorized: true,
        ca: [await file("ca.pem")],
        cert: await file("client.pem"),
        key: await file("client.key"),
      }
      : undefined,
  });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.shutdown();
  }
}

async function tail(data: string): Promise<string> {
  const log = await Deno.readTextFile(join(data, "server.log")).catch(() => "no log");
  return log.trimEnd().split("\n").slice(-15).join("\n");
}
