import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { cacheFolder } from "../../src/ffi/cache.ts";
import {
  CassandraSource,
  listCassandra,
  Loader,
  randomResizedCrop,
  requestDevice,
} from "../../mod.ts";
import { importFlags, path } from "../../tools/imports.ts";
import { notRun } from "../../tools/not_run.ts";
import { finish } from "../../tools/process.ts";
import { listFolder } from "../../src/dataset/folder.ts";
import { findJava, JAVA } from "../../tools/java.ts";
import { tempFolder } from "../../tools/temp.ts";
import { testServer } from "../source/server.ts";
import { connect } from "../source/tables.ts";
import { pictureFolder } from "../dataset/pictures.ts";

/** As in `examples/spark/requirements.txt`. */
const PYSPARK = "4.0.5";
const KEYSPACE = "cassette_spark";

/** A Python with PySpark, in an environment of its own below the cache folder; or why there is none. */
async function findSpark(): Promise<{ python: string } | { lacking: string }> {
  const venv = join(cacheFolder(), `python-pyspark-${PYSPARK}`);
  const python = join(venv, "bin", "python");
  const there = async () => (await finish(python, ["-c", "import pyspark"])).code === 0;
  if (await there()) return { python };
  for (
    const [program, ...args] of [
      ["python3", "-m", "venv", venv],
      // With hashes in the file, pip takes nothing that has another one, or none.
      [python, "-m", "pip", "install", "--quiet", "-r", path("examples/spark/requirements.txt")],
    ]
  ) {
    const { code, text } = await finish(program, args);
    if (code !== 0) return { lacking: `PySpark could not be installed: ${text.slice(-200)}` };
  }
  return await there() ? { python } : { lacking: "PySpark does not load" };
}

const java = await findJava();
const spark = java === undefined ? { lacking: `${JAVA} is missing` } : await findSpark();
const noSpark = "lacking" in spark ? spark.lacking : undefined;
const { server, lacking: noServer } = await testServer();
const lacking = noSpark ?? noServer;

/** How a job ended. */
interface Job {
  code: number;
  /** What it printed last: its report. */
  report: Record<string, unknown>;
  /** What a worker's error was, or the end of what Spark said. */
  error: string;
}

/** Runs the job on a folder. */
async function run(folder: string, worker: string, env: Record<string, string> = {}): Promise<Job> {
  const { python } = spark as { python: string };
  const job = await new Deno.Command(python, {
    args: [path("examples/spark/ingest.py"), folder, worker, "--partitions", "3"],
    env: {
      ...(java!.includes("/") ? { JAVA_HOME: java!.replace(/\/bin\/java$/, "") } : {}),
      SPARK_LOCAL_IP: "127.0.0.1",
      PYSPARK_PYTHON: python,
      ...env,
    },
  }).output();
  const [out, err] = [job.stdout, job.stderr].map((bytes) => new TextDecoder().decode(bytes));
  const own = err.lastIndexOf("a worker failed: ");
  const error = own < 0 ? err.slice(-2000) : err.slice(own).trim();
  return { code: job.code, report: JSON.parse(out.trim().split("\n").at(-1) || "{}"), error };
}

/** A worker: a shell script that reads its records. */
async function script(text: string): Promise<string> {
  const file = join(tempFolder(), "worker.sh");
  await Deno.writeTextFile(file, `cat >/dev/null\n${text}\n`);
  return `sh ${file}`;
}

const sees = "a Spark worker sees the secrets that are set, and what its own machine has set";
Deno.test({
  name: sees,
  ignore: notRun(sees, noSpark),
  async fn() {
    const report =
      `{"written": 0, "unchanged": 0, "bytes": 0, "rejectedCount": 1, "rejected": ["%s"]}`;
    const worker = await script(
      `printf '${report}\\n' "$CASSANDRA_PASSWORD:$HOME:$PATH"`,
    );
    const secret = crypto.randomUUID();
    const job = await run(await pictureFolder(6), worker, { CASSANDRA_PASSWORD: secret });
    const seen = `${secret}:${Deno.env.get("HOME")}:${Deno.env.get("PATH")}`;
    assertEquals(job.report.rejected, [seen, seen, seen], job.error);
  },
});

const tells = "a Spark job tells the error of the worker that failed, and no stack of Java";
Deno.test({
  name: tells,
  ignore: notRun(tells, noSpark),
  async fn() {
    const worker = await script(`echo "AuthError: the server refused the password" >&2; exit 3`);
    const { code, error } = await run(await pictureFolder(6), worker);
    assertEquals(
      [code, error],
      [2, "a worker failed: exit code 3: AuthError: the server refused the password"],
    );
    const missing = await run(await pictureFolder(6), "no-such-program --at-all");
    assert(missing.code !== 0);
    assertStringIncludes(missing.error, "no-such-program");
  },
});

const lists = "a Spark job lists the files that cassette ingest lists";
Deno.test({
  name: lists,
  ignore: notRun(lists, noSpark),
  async fn() {
    const folder = tempFolder();
    const endings = "jpg JPG jpeg jpe jfif png PNG tif tiff webp gif bmp txt jpgx npy".split(" ");
    await Deno.mkdir(join(folder, "a", "b"), { recursive: true });
    for (const [i, ending] of endings.entries()) {
      await Deno.writeTextFile(join(folder, i % 2 ? "a" : "a/b", `${i}.${ending}`), "");
    }
    const program = "import sys, ingest; print('\\n'.join(ingest.list_pictures(sys.argv[1])))";
    const { stdout } = await new Deno.Command((spark as { python: string }).python, {
      args: ["-c", program, folder],
      env: { PYTHONPATH: path("examples/spark"), PYTHONDONTWRITEBYTECODE: "1" },
    }).output();
    const { entries } = await listFolder(folder);
    const listed = new TextDecoder().decode(stdout).trim().split("\n").sort();
    assertEquals(listed, entries.map((entry) => entry.path).sort());
  },
});

const name = "a Spark job fills Cassandra through workers, and again writes nothing anew";
Deno.test({
  name,
  ignore: notRun(name, lacking),
  async fn() {
    const dir = await pictureFolder(40);
    await Deno.writeTextFile(join(dir, "disc", "broken.jpg"), "no picture");
    // They have one id, and would go to whichever workers.
    await Deno.writeTextFile(join(dir, "disc", "caf\u00e9.jpg"), "no picture");
    await Deno.writeTextFile(join(dir, "disc", "cafe\u0301.jpg"), "no picture");
    {
      await using client = await connect(server!);
      await client.run(`DROP KEYSPACE IF EXISTS ${KEYSPACE}`);
    }
    const deno = [Deno.execPath(), "run", "-A", "-q", ...await importFlags()];
    const target = ["--cassandra", server!.contactPoints.join(), "--port", `${server!.port}`];
    const cassette = [...deno, path("src/cli/main.ts")];
    const place = [...target, "--keyspace", KEYSPACE];
    // Workers may all find the tables missing: they are made before.
    const init = await new Deno.Command(cassette[0], {
      args: [...cassette.slice(1), "init", ...place],
    })
      .output();
    assertEquals(init.code, 0);
    const worker = [...cassette, "ingest", "--stdin", ...place].map((part) => `'${part}'`).join(
      " ",
    );
    for (let round = 0; round < 2; round++) {
      const { code, report, error } = await run(dir, worker);
      assertEquals(report.written, round === 0 ? 40 : 0, error);
      assertEquals([report.unchanged, report.partitions, report.classes], [round * 40, 3, 4]);
      const double = "'disc/caf\\xe9.jpg' is left out as it has the id of 'disc/cafe\\u0301.jpg'";
      const rejected = [double, "disc/broken.jpg", "disc/cafe\u0301.jpg"];
      assertEquals([code, report.rejected, report.rejectedCount], [1, rejected, 3]);
    }
    const list = await listCassandra({ ...server!, table: `${KEYSPACE}.metadata` });
    assertEquals(list.ids.length, 40);
    const device = await requestDevice();
    await using source = await CassandraSource.open({
      ...server!,
      table: `${KEYSPACE}.data`,
      driver: "js",
    });
    await using loader = new Loader({
      source,
      device,
      ids: list.ids,
      batchSize: 16,
      augment: [randomResizedCrop(64)],
    });
    const seen: string[] = [];
    for await (using batch of loader) seen.push(...batch.ids);
    assertEquals(seen.sort(), [...list.ids]);
    device.destroy();
  },
});
