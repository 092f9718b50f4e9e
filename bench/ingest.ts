/**
 * `deno task bench:ingest`: ingest and listing against what one would do by hand.
 *
 * Options: `--pictures DIR` takes real pictures; `--files N`, `--rows N` for other sizes;
 * `--memory` prints the memory of an ingest and a list at 20,000 to 1,600,000 rows, that of an ingest
 * from one tar file of 200 MB and of 2 GB, and what a list file of 1.3 million samples takes, and ends.
 */
import type cassandra from "cassandra-driver";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { CassandraWriter } from "../src/dataset/cassandra_writer.ts";
import { listFolder } from "../src/dataset/folder.ts";
import { ingestFolder } from "../src/dataset/ingest.ts";
import { listCassandra } from "../src/dataset/list_cassandra.ts";
import { pathId } from "../src/dataset/record.ts";
import { SqliteWriter } from "../src/dataset/sqlite_writer.ts";
import { cacheFolder } from "../src/ffi/cache.ts";
import { formatId } from "../src/ids.ts";
import { plainClient } from "./plain_client.ts";
import { startCassandra } from "../tools/cassandra/server.ts";
import { finish } from "../tools/process.ts";
import { path } from "../tools/imports.ts";
import { compare, type Comparison, median, report } from "./compare.ts";
import { listFile, memoryAtSizes, memoryOfTar } from "./ingest_memory.ts";
import { encodeAll, loadPictures } from "./pictures.ts";

const { values: flags } = parseArgs({
  options: {
    pictures: { type: "string" },
    files: { type: "string", default: "2000" },
    rows: { type: "string", default: "200000" },
    memory: { type: "boolean" },
  },
});
const KEYSPACE = "cassette_bench_ingest";
const CLASSES = 10;
/** Concurrency of the Python driver's helper when none is given. */
const PYTHON_CONCURRENCY = 100;
const RUNS = 5;
/**
 * Rounds of listing that are not counted: in the first ones the server compiles its code, on the core
 * that the paged read leaves free and the parallel one does not.
 */
const WARM_UP = 12;
const LIST_RUNS = 9;

if (flags.memory) {
  for (const line of await memoryAtSizes([20_000, 200_000, 800_000, 1_600_000])) {
    console.log(JSON.stringify(line));
  }
  for (const pictures of [2000, 20_000]) console.log(JSON.stringify(await memoryOfTar(pictures)));
  console.log(JSON.stringify({ listFile: await listFile(1_300_000) }));
  Deno.exit(0);
}

const { host, port } = await startCassandra({ user: Deno.pid, say: console.error });
const server = { contactPoints: [host], port };
const client = await plainClient(server);
await client.execute(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`);
const folder = await Deno.makeTempDir({ prefix: "cassette-bench-" });
try {
  await fillFolder(`${folder}/in`, Number(flags.files));
  // Before Cassandra has rows, which it goes on to compact when they are written.
  const sqlite = await sqliteAgainstPlain(`${folder}/in`);
  const raw = {
    cassandra_vs_python: await cassandraAgainstPython(`${folder}/in`),
    sqlite_vs_plain_insert: sqlite,
    list_vs_paged: await listAgainstPaged(client),
  };
  report(raw);
} finally {
  await client.execute(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`);
  await client.shutdown();
  await Deno.remove(folder, { recursive: true });
}

async function fillFolder(dir: string, count: number): Promise<void> {
  const pictures = await loadPictures(flags.pictures, 32);
  const files = await encodeAll(pictures, 500, 375, { quality: 90 }, 32);
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const name = `${dir}/class-${i % CLASSES}`;
    if (i < CLASSES) await Deno.mkdir(name, { recursive: true });
    await Deno.writeFile(`${name}/${i}.jpg`, files[i % files.length]);
    bytes += files[i % files.length].length;
  }
  console.error(`${count} files of ${Math.round(bytes / count)} bytes`);
}

async function cassandraAgainstPython(dir: string): Promise<Comparison> {
  const python = await pythonWithDriver();
  await using writer = await CassandraWriter.open({ ...server, keyspace: KEYSPACE });
  await writer.createTables();
  const child = new Deno.Command(python, {
    args: [path("bench/ingest_python.py"), dir, host, `${port}`, KEYSPACE, `${PYTHON_CONCURRENCY}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = createInterface({ input: Readable.fromWeb(child.stdout as unknown as NodeStream) })
    [Symbol.asyncIterator]();
  const input = child.stdin.getWriter();
  console.error(`Python: ${(await lines.next()).value}`);
  try {
    const compared: Comparison = {
      ratio: null,
      ours: [],
      theirs: [],
      unit: "files/s",
      peer: "execute_concurrent_with_args of PyPI's cassandra-driver",
    };
    for (let run = 0; run <= RUNS; run++) {
      // Into an empty table, as Python's, where no row has to be looked up.
      for (const table of ["data", "metadata"]) {
        await client.execute(`TRUNCATE ${KEYSPACE}.${table}`, [], { readTimeout: 60_000 });
      }
      const start = performance.now();
      const { written } = await ingestFolder(dir, writer);
      const ours = written / (performance.now() - start) * 1000;
      await input.write(new TextEncoder().encode("go\n"));
      const [files, seconds] = (await lines.next()).value!.split(" ").map(Number);
      if (run === 0) continue;
      compared.ours.push(Math.round(ours));
      compared.theirs.push(Math.round(files / seconds));
    }
    compared.ratio = median(compared.ours) / median(compared.theirs);
    console.error(
      `ingest into Cassandra: ${median(compared.ours)} files/s, Python: ${
        median(compared.theirs)
      } files/s, ratio ${compared.ratio.toFixed(2)}`,
    );
    // Both sides wrote all files, each under ids of its own.
    const { ids } = await listCassandra({ ...server, table: `${KEYSPACE}.metadata` });
    const wanted = 2 * Number(flags.files);
    if (ids.length !== wanted) throw new Error(`${ids.length} of ${wanted} rows`);
    return compared;
  } finally {
    await input.close().catch(() => {});
    await child.status;
  }
}

async function sqliteAgainstPlain(dir: string): Promise<Comparison> {
  const fresh = async () => join(await Deno.makeTempDir({ dir: folder }), "set.sqlite");
  return await compare(
    {
      name: "cassette ingest into SQLite",
      run: async () => {
        await using writer = new SqliteWriter(await fresh());
        return (await ingestFolder(dir, writer)).written;
      },
    },
    {
      name: "plain prepared inserts in one transaction",
      run: async () => {
        const { entries } = await listFolder(dir);
        const database = new DatabaseSync(await fresh());
        database.exec(
          "CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB);" +
            "CREATE TABLE metadata (id BLOB PRIMARY KEY, path TEXT, class TEXT, label INTEGER); BEGIN",
        );
        const data = database.prepare("INSERT INTO data VALUES (?, ?, ?)");
        const metadata = database.prepare("INSERT INTO metadata VALUES (?, ?, ?, ?)");
        for (const { path, className, label } of entries) {
          const id = pathId(path);
          data.run(id, label, Deno.readFileSync(join(dir, path)));
          metadata.run(id, path, className, label);
        }
        database.exec("COMMIT");
        database.close();
        return entries.length;
      },
    },
    "files/s",
  );
}

async function listAgainstPaged(client: cassandra.Client): Promise<Comparison> {
  const rows = Number(flags.rows);
  const table = `${KEYSPACE}.metadata`;
  await client.execute(`TRUNCATE ${table}`, [], { readTimeout: 60_000 });
  await fillMetadata(client, table, rows);
  const options = { ...server, table };
  const rates: Comparison = {
    ratio: null,
    ours: [],
    theirs: [],
    unit: "rows/s",
    peer: "npm:cassandra-driver, one paged SELECT with its default page size",
  };
  for (let run = 1 - WARM_UP; run <= LIST_RUNS; run++) {
    let start = performance.now();
    const { ids } = await listCassandra(options);
    const ours = ids.length / (performance.now() - start) * 1000;
    start = performance.now();
    // Both connect anew.
    const own = await plainClient(server);
    const found: { id: string; label: number; class: string }[] = [];
    const result = await own.execute(`SELECT id, label, class FROM ${table}`, [], {
      prepare: true,
    });
    for await (const row of result) found.push({ id: row.id, label: row.label, class: row.class });
    await own.shutdown();
    const theirs = found.length / (performance.now() - start) * 1000;
    if (ids.length !== rows || found.length !== rows) throw new Error("rows are missing");
    if (run <= 0) continue;
    rates.ours.push(Math.round(ours));
    rates.theirs.push(Math.round(theirs));
  }
  rates.ratio = median(rates.ours) / median(rates.theirs);
  console.error(
    `list: ${median(rates.ours)} rows/s, paged: ${median(rates.theirs)} rows/s, ratio ${
      rates.ratio.toFixed(2)
    }`,
  );
  return rates;
}

async function fillMetadata(client: cassandra.Client, table: string, rows: number): Promise<void> {
  const cql =
    `INSERT INTO ${table} (id, path, class, bytes, hash, origin, label) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  const [hash, origin] = [Buffer.alloc(32, 1), Buffer.alloc(16, 2)];
  let next = 0;
  await Promise.all(Array.from({ length: 256 }, async () => {
    while (next < rows) {
      const label = next % 1000;
      const className = `n${String(label).padStart(8, "0")}`;
      const name = `${className}/${next++}.jpg`;
      const values = [formatId(pathId(name)), name, className, 110_000, hash, origin, label];
      await client.execute(cql, values, { prepare: true });
    }
  }));
}

/** A Python with the driver, in an environment of its own below the cache folder. */
async function pythonWithDriver(): Promise<string> {
  const venv = join(cacheFolder(), "python-cassandra-driver");
  const python = join(venv, "bin", "python");
  const works = async () =>
    (await finish(python, ["-c", "import cassandra.concurrent"])).code === 0;
  if (await works()) return python;
  console.error(`installing the Python driver in ${venv}`);
  for (
    const [program, ...args] of [
      ["python3", "-m", "venv", venv],
      [python, "-m", "pip", "install", "--quiet", "cassandra-driver==3.29.2"],
    ]
  ) {
    const { code, text } = await finish(program, args);
    if (code !== 0) throw new Error(`Cannot install the Python driver: ${text}`);
  }
  if (await works()) return python;
  throw new Error(`Cannot import the Python driver in ${venv}`);
}
