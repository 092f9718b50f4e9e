/**
 * `deno run -A tools/cluster.ts [--images N] [--driver js|native]`: three real nodes of Cassandra on
 * 127.0.0.1 to 127.0.0.3 with each row on two of them. Fills them, loads epochs, kills a node in the
 * middle of one, and tells whether every id came once all the same. Takes 3 GiB of memory.
 */
import { parseArgs } from "node:util";
import { fromFileUrl, join } from "@std/path";
import { drawRecords } from "../src/cli/drawings.ts";
import {
  CassandraSource,
  CassandraWriter,
  listCassandra,
  Loader,
  randomResizedCrop,
  requestDevice,
  verifyCassandra,
} from "../mod.ts";
import { cassandraJars, findJava } from "./cassandra/jars.ts";

const { values: flags } = parseArgs({
  options: {
    images: { type: "string", default: "600" },
    driver: { type: "string", default: "js" },
    heap: { type: "string", default: "768" },
  },
});
const NODES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const PORT = 9342;
const STORAGE_PORT = 17_342;
const KEYSPACE = "cassette_cluster";
const START_LIMIT_MS = 240_000;
/** Tokens that cut the ring into equal parts. */
const TOKENS = NODES.map((_, i) => 1n - 2n ** 63n + BigInt(i) * (2n ** 64n / 3n));

interface Node {
  host: string;
  process: Deno.ChildProcess;
  log: string;
}

/** Starts one node; the first one is the seed of the others. */
async function startNode(host: string, i: number, folder: string): Promise<Node> {
  const data = join(folder, host);
  await Deno.mkdir(data, { recursive: true });
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
  const template = await Deno.readTextFile(
    new URL("cassandra/cassandra.yaml", import.meta.url),
  );
  const yaml = template.replaceAll(/\$\{(\w+)\}/g, (_, name) => values[name])
    .replace(/^listen_address: .*$/m, `listen_address: ${host}`)
    .replace(/^rpc_address: .*$/m, `rpc_address: ${host}`) +
    `\ninitial_token: ${TOKENS[i]}\nauto_bootstrap: false\n`;
  await Deno.writeTextFile(join(data, "cassandra.yaml"), yaml);
  const java = (await Deno.readTextFile(new URL("cassandra/java.args", import.meta.url))).trim();
  const log = join(data, "server.log");
  const script = 'exec "$@" >"$0" 2>&1';
  const process = new Deno.Command("sh", {
    args: [
      "-c",
      script,
      log,
      await findJava(),
      ...java.split(/\s+/).filter((part) => !part.includes("ring_delay")),
      "-Dcassandra.ring_delay_ms=2000",
      `-Xmx${flags.heap}m`,
      `-Dcassandra.config=file://${join(data, "cassandra.yaml")}`,
      `-Dcassandra.storagedir=${data}`,
      `-Dlogback.configurationFile=${
        fromFileUrl(new URL("cassandra/logback.xml", import.meta.url))
      }`,
      "-cp",
      join(await cassandraJars(() => {}), "*"),
      "org.apache.cassandra.service.CassandraDaemon",
    ],
    cwd: data,
    stdin: "null",
  }).spawn();
  const node = { host, process, log };
  let ended = false;
  process.status.then(() => (ended = true));
  const end = Date.now() + START_LIMIT_MS;
  while (!await listens(host)) {
    if (ended || Date.now() > end) throw new Error(`${host} did not start: ${await tail(log)}`);
    await new Promise((done) => setTimeout(done, 500));
  }
  console.log(`${host} is up (process ${process.pid})`);
  return node;
}

async function listens(host: string): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: host, port: PORT })).close();
    return true;
  } catch {
    return false;
  }
}

async function tail(log: string): Promise<string> {
  return (await Deno.readTextFile(log).catch(() => "no log")).trimEnd().split("\n").slice(-10)
    .join("\n");
}

async function fill(server: { contactPoints: string[]; port: number }): Promise<void> {
  await using writer = await CassandraWriter.open({
    ...server,
    keyspace: KEYSPACE,
    replication: 2,
    // Both copies are there before a node is lost.
    consistency: "all",
    requestTimeout: 60_000,
  });
  await writer.createTables();
  const writing: Promise<void>[] = [];
  for (const record of drawRecords(Number(flags.images))) writing.push(writer.write(record));
  await Promise.all(writing);
}

const folder = await Deno.makeTempDir({ prefix: "cassette-cluster-" });
const nodes: Node[] = [];
let good = false;
try {
  for (const [i, host] of NODES.entries()) nodes.push(await startNode(host, i, folder));
  const server = { contactPoints: NODES, port: PORT };
  await fill(server);
  const { ids } = await listCassandra({ ...server, table: `${KEYSPACE}.metadata` });
  console.log(`filled: ${ids.length} samples, each on two of three nodes`);
  const device = await requestDevice();
  await using source = await CassandraSource.open({
    ...server,
    table: `${KEYSPACE}.data`,
    driver: flags.driver as "js" | "native",
    requestTimeout: 5000,
    retries: 8,
    onWarning: (message) => console.log(`warning: ${message}`),
  });
  await using loader = new Loader({
    source,
    device,
    ids,
    batchSize: 32,
    epochs: 2,
    shuffle: true,
    prefetch: 4,
    onCorrupt: "mask",
    augment: [randomResizedCrop(64)],
  });
  const seen: string[][] = [[], []];
  let failures = 0;
  let killed = false;
  for await (using batch of loader) {
    for (const [i, id] of [...batch.ids].entries()) if (batch.valid[i]) seen[batch.epoch].push(id);
    for (const { id, reason } of batch.errors) {
      failures++;
      console.log(`lost ${id}: ${reason.message}`);
    }
    if (!killed && seen[0].length > ids.length / 3) {
      killed = true;
      const { host, process } = nodes[2];
      process.kill("SIGKILL");
      await process.status;
      console.log(`killed ${host} after ${seen[0].length} samples of the first epoch`);
    }
  }
  const all = [...ids].sort().join();
  const once = seen.map((epoch) => epoch.sort().join() === all);
  once.forEach((yes, epoch) => console.log(`epoch ${epoch}: every id once: ${yes ? "yes" : "NO"}`));
  const { retries } = source.stats();
  console.log(`samples lost: ${failures}, requests sent again: ${retries}`);
  const relisted = await listCassandra({
    contactPoints: NODES.slice(0, 2),
    port: PORT,
    table: `${KEYSPACE}.metadata`,
  });
  const report = await verifyCassandra({
    contactPoints: NODES.slice(0, 2),
    port: PORT,
    keyspace: KEYSPACE,
  });
  console.log(
    `with two nodes: ${relisted.ids.length} listed, ${report.metadataRows} verified, ${report.missing} missing`,
  );
  good = once.every(Boolean) && failures === 0 && report.missing === 0 &&
    relisted.ids.length === ids.length;
  device.destroy();
} finally {
  for (const { process } of nodes) {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await process.status;
  }
  await Deno.remove(folder, { recursive: true });
}
console.log(good ? "all well" : "NOT well");
Deno.exit(good ? 0 : 1);
