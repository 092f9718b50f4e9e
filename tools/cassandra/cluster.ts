/** Three nodes of Apache Cassandra on this machine, each on a loopback address of its own. */
import cassandra from "cassandra-driver";
import { fromFileUrl, join } from "@std/path";
import { cassandraJars, NotInstalledError, requireJava } from "./jars.ts";
import { emptyTemporary } from "./server.ts";

/** A cluster of nodes that run. */
export interface Cluster extends AsyncDisposable {
  /** Addresses of the nodes. */
  contactPoints: string[];
  /** Port for CQL of all of them. */
  port: number;
  /**
   * Kills a node, without notice to anybody.
   *
   * @param index Which one.
   */
  kill(index: number): Promise<void>;
}

const NODES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const PORT = 9342;
const STORAGE_PORT = 17_342;
const HEAP_MIB = 512;
/** Memory that a node takes, with what is beside its heap. */
const NODE_BYTES = 1 << 30;
const START_LIMIT_MS = 180_000;
/** Tokens that cut the ring into equal parts. */
const TOKENS = NODES.map((_, i) => 1n - 2n ** 63n + BigInt(i) * (2n ** 64n / 3n));

// Ends a node ($2) that outlives its user ($1), who may be killed.
const KEEPER = `
while kill -0 $1 2>/dev/null && kill -0 $2 2>/dev/null; do sleep 1; done
kill -0 $1 2>/dev/null || kill -9 $2
`;

/**
 * Why a cluster cannot be had on this machine.
 *
 * @returns The reason; undefined where it can.
 */
export async function lackingCluster(): Promise<string | undefined> {
  try {
    await javaArguments();
  } catch (error) {
    if (error instanceof NotInstalledError) return error.message;
    throw error;
  }
  const { available } = Deno.systemMemoryInfo();
  const wanted = NODES.length * NODE_BYTES;
  if (available < wanted) {
    return `three nodes take ${wanted >> 20} MiB of memory, of which ${available >> 20} are left`;
  }
  for (const hostname of NODES) {
    try {
      Deno.listen({ hostname, port: PORT }).close();
    } catch (error) {
      return `${hostname}:${PORT} cannot be listened on: ${(error as Error).message}`;
    }
  }
}

/**
 * Starts the nodes.
 *
 * @returns The cluster, once all nodes answer; its data go with it.
 * @throws {NotInstalledError} If Java or Cassandra cannot be had.
 */
export async function startCluster(): Promise<Cluster> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-cluster-" });
  const nodes: Deno.ChildProcess[] = [];
  const kill = async (process: Deno.ChildProcess) => {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await process.status;
  };
  const dispose = async () => {
    await Promise.all(nodes.map(kill));
    await Deno.remove(folder, { recursive: true });
  };
  try {
    const args = await javaArguments();
    for (const [i, host] of NODES.entries()) {
      const data = join(folder, host);
      await Deno.mkdir(data);
      await Deno.writeTextFile(join(data, "cassandra.yaml"), await settings(data, i));
      nodes.push(startNode(data, await emptyTemporary(data), args));
      // The others learn of the ring from the first one, and one of the other.
      await answers(host, nodes[i], join(data, "server.log"));
    }
    await Promise.all(NODES.map(knowsOthers));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    contactPoints: NODES,
    port: PORT,
    kill: (index) => kill(nodes[index]),
    [Symbol.asyncDispose]: dispose,
  };
}

async function javaArguments(): Promise<string[]> {
  const flags = (await Deno.readTextFile(new URL("java.args", import.meta.url))).trim().split(/\s+/)
    // Nodes wait for what the others say of the ring.
    .filter((flag) => !flag.startsWith("-Dcassandra.ring_delay_ms"));
  return [
    await requireJava(),
    ...flags,
    "-Dcassandra.ring_delay_ms=2000",
    `-Xmx${HEAP_MIB}m`,
    `-Dlogback.configurationFile=${fromFileUrl(new URL("logback.xml", import.meta.url))}`,
    "-cp",
    join(await cassandraJars(() => {}), "*"),
  ];
}

async function settings(data: string, index: number): Promise<string> {
  const values: Record<string, string> = {
    data,
    port: String(PORT),
    storagePort: String(STORAGE_PORT),
    maxFrame: "32MiB",
    commitlogSegment: "32MiB",
    authenticator: "AllowAllAuthenticator",
    authorizer: "AllowAllAuthorizer",
    encryption: JSON.stringify({ enabled: false }),
  };
  const template = await Deno.readTextFile(new URL("cassandra.yaml", import.meta.url));
  return template.replaceAll(/\$\{(\w+)\}/g, (_, name) => values[name])
    .replace(/^listen_address: .*$/m, `listen_address: ${NODES[index]}`)
    .replace(/^rpc_address: .*$/m, `rpc_address: ${NODES[index]}`) +
    `\ninitial_token: ${TOKENS[index]}\nauto_bootstrap: false\n`;
}

function startNode(data: string, temporary: string, java: string[]): Deno.ChildProcess {
  const node = new Deno.Command("sh", {
    args: [
      "-c",
      'exec "$@" >"$0" 2>&1',
      join(data, "server.log"),
      ...java,
      `-Dcassandra.config=file://${join(data, "cassandra.yaml")}`,
      `-Dcassandra.storagedir=${data}`,
      `-Djava.io.tmpdir=${temporary}`,
      "org.apache.cassandra.service.CassandraDaemon",
    ],
    cwd: data,
    stdin: "null",
  }).spawn();
  new Deno.Command("sh", {
    args: ["-c", KEEPER, "keeper", String(Deno.pid), String(node.pid)],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    detached: true,
  }).spawn().unref();
  return node;
}

async function answers(host: string, node: Deno.ChildProcess, log: string): Promise<void> {
  let ended = false;
  node.status.then(() => (ended = true));
  for (const end = Date.now() + START_LIMIT_MS; !await listens(host);) {
    if (ended || Date.now() > end) {
      const text = await Deno.readTextFile(log).catch(() => "no log");
      throw new Error(`${host} did not start: ${text.trimEnd().split("\n").slice(-10).join("\n")}`);
    }
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** Waits until a node has learnt of all others: before, it would not give them new tables. */
async function knowsOthers(host: string): Promise<void> {
  const client = new cassandra.Client({
    contactPoints: [host],
    protocolOptions: { port: PORT },
    policies: {
      loadBalancing: new cassandra.policies.loadBalancing.AllowListPolicy(
        new cassandra.policies.loadBalancing.RoundRobinPolicy(),
        [`${host}:${PORT}`],
      ),
    },
  });
  try {
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end;) {
      const cql = "SELECT schema_version, host_id FROM system.peers_v2";
      const { rows } = await client.execute(cql);
      const whole = rows.filter((row) => row.schema_version && row.host_id);
      if (whole.length === NODES.length - 1) return;
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error(`${host} did not learn of the other nodes`);
  } finally {
    await client.shutdown();
  }
}

async function listens(hostname: string): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port: PORT })).close();
    return true;
  } catch {
    return false;
  }
}
