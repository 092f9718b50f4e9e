/**
 * This tree against another checkout of it, such as that of an earlier commit: decoding, the loader over
 * SQLite, and with `--fetch` fetching from Cassandra by the native driver. Both sides run in turn, in
 * one process but for fetching; a ratio is the median of those of the pairs, ours ÷ the other's.
 *
 * Run it by `deno task bench against --base DIR --pictures DIR [--pairs N] [--fetch]`; the checkout must
 * have the dependencies of this one.
 */
import { join, resolve, toFileUrl } from "@std/path";
import { parseArgs } from "node:util";
import type * as Cassette from "../mod.ts";
import { importFlags, path } from "../tools/imports.ts";
import { finish } from "../tools/process.ts";
import { median } from "./compare.ts";
import { benchDatabase, KEYSPACE } from "./fetch_data.ts";
import { loadPictures } from "./pictures.ts";

const BATCH = 64;
const EPOCHS = 2;

const { values: flags } = parseArgs({
  options: {
    base: { type: "string" },
    pictures: { type: "string" },
    pairs: { type: "string", default: "20" },
    fetch: { type: "boolean", default: false },
  },
});
if (flags.base === undefined) {
  console.error("Cannot compare without --base DIR, the other checkout");
  Deno.exit(2);
}
const pairs = Number(flags.pairs);
const roots = [path("."), resolve(flags.base)];
const files = (await loadPictures(flags.pictures)).blobs as Uint8Array<ArrayBuffer>[];
const folder = await Deno.makeTempDir({ prefix: "cassette-against-" });

/** What is timed of one checkout: each gives milliseconds. */
interface Side {
  decode(): Promise<number>;
  load(): Promise<number>;
}

async function open(root: string, name: string): Promise<Side> {
  const cassette: typeof Cassette = await import(toFileUrl(join(root, "mod.ts")).href);
  const device = await cassette.requestDevice();
  const decoder = new cassette.JpegDecoder(device);
  await decoder.warmUp();
  const sqlite = join(folder, `${name}.sqlite`);
  {
    await using writer = new cassette.SqliteWriter(sqlite);
    await writer.createTables();
    for (const [i, data] of files.entries()) {
      const id = cassette.pathId(`a/${i}.jpg`);
      await writer.write({ id, path: `a/${i}.jpg`, className: "a", label: 0, data });
    }
  }
  const { ids } = cassette.listSqlite(sqlite);
  const source = await cassette.SqliteSource.open({ path: sqlite });
  const { IMAGENET, normalize, randomFlip, randomResizedCrop } = cassette;
  const augment = [randomResizedCrop(224), randomFlip(), normalize(IMAGENET)];
  return {
    async decode() {
      const start = performance.now();
      using images = await decoder.decode(files.slice(0, BATCH));
      await images.verify();
      return performance.now() - start;
    },
    async load() {
      const options = { source, device, ids, augment, batchSize: BATCH / 2, epochs: EPOCHS };
      await using loader = new cassette.Loader({ ...options, shuffle: true, seed: 1 });
      await loader.warmUp();
      const start = performance.now();
      for await (using _ of loader);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    },
  };
}

/** Runs both sides in turn; a first pair does not count. */
async function inTurn(time: (side: number) => Promise<number>): Promise<number[]> {
  const ratios: number[] = [];
  for (let pair = 0; pair <= pairs; pair++) {
    const times: number[] = [];
    for (const side of pair % 2 === 0 ? [0, 1] : [1, 0]) times[side] = await time(side);
    if (pair > 0) ratios.push(times[0] / times[1]);
  }
  return ratios;
}

function tell(name: string, ratios: number[]): void {
  results[name] = Math.round(median(ratios) * 1000) / 1000;
  console.error(`${name}: ${results[name]} (median of ${ratios.length} pairs)`);
}

const results: Record<string, number> = {};
if (flags.fetch) await fetching();
else {
  const sides = [await open(roots[0], "ours"), await open(roots[1], "theirs")];
  tell("decode_time", await inTurn((side) => sides[side].decode()));
  tell("loader_time", await inTurn((side) => sides[side].load()));
}
console.log(JSON.stringify(results));
await Deno.remove(folder, { recursive: true });
// Devices and sources of both checkouts end with the process.
Deno.exit(0);

/** Fetching, in a process for each run, as a process has one shim. */
async function fetching(): Promise<void> {
  await using database = await benchDatabase();
  for (const { name, ids } of database.tables) {
    const file = join(folder, "ids");
    await Deno.writeFile(file, ids.bytes);
    const cpu: number[][] = [[], []];
    const ratios = await inTurn(async (side) => {
      const table = `${KEYSPACE}.${name}`;
      const args = [roots[side], JSON.stringify(database.server), table, file];
      const run = ["run", "-A", "-q", "--no-check", ...await importFlags()];
      const program = path("bench/fetch_side.ts");
      const { code, text } = await finish(Deno.execPath(), [...run, program, ...args]);
      const line = text.split("\n").find((line) => line.startsWith("{"));
      if (code !== 0 || line === undefined) throw new Error(text);
      const { milliseconds, cpuMicroseconds } = JSON.parse(line);
      cpu[side].push(cpuMicroseconds);
      return milliseconds;
    });
    tell(`fetch_time_${name}`, ratios);
    tell(`fetch_cpu_${name}`, ratios.map((_, i) => cpu[0][i + 1] / cpu[1][i + 1]));
  }
}
