import { assertEquals } from "@std/assert";
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
import { findJava } from "../../tools/cassandra/jars.ts";
import { testServer } from "../source/server.ts";
import { connect } from "../source/tables.ts";
import { pictureFolder } from "../dataset/pictures.ts";

/** As in `examples/spark/requirements.txt`. */
const PYSPARK = "3.5.3";
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

const { server, lacking: noServer } = await testServer();
const spark = noServer === undefined ? await findSpark() : { lacking: noServer };
const lacking = "lacking" in spark ? spark.lacking : undefined;
const name = "a Spark job fills Cassandra through workers, and again writes nothing anew";

Deno.test({
  name,
  ignore: notRun(name, lacking),
  async fn() {
    const dir = await pictureFolder(40);
    await Deno.writeTextFile(join(dir, "disc", "broken.jpg"), "no picture");
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
    const java = await findJava();
    for (let round = 0; round < 2; round++) {
      const job = await new Deno.Command((spark as { python: string }).python, {
        args: [path("examples/spark/ingest.py"), dir, worker, "--partitions", "3"],
        env: {
          ...(java.includes("/") ? { JAVA_HOME: java.replace(/\/bin\/java$/, "") } : {}),
          SPARK_LOCAL_IP: "127.0.0.1",
          PYSPARK_PYTHON: (spark as { python: string }).python,
        },
        stderr: "piped",
      }).output();
      const line = new TextDecoder().decode(job.stdout).trim().split("\n").at(-1)!;
      const report = JSON.parse(line || "{}");
      const err = new TextDecoder().decode(job.stderr).slice(-2000);
      assertEquals(report.written, round === 0 ? 40 : 0, err);
      assertEquals([report.unchanged, report.partitions, report.classes], [round * 40, 3, 4]);
      assertEquals([job.code, report.rejected], [1, ["disc/broken.jpg"]]);
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
