/**
 * Two processes over one table: together they see every id once an epoch.
 *
 * `deno run -A examples/multi_process.ts [--sqlite FILE] [--processes 2] [--batch-size 8]`
 *
 * Without a file it fills one with drawings; `--flags` (a JSON list) are more flags of Deno for the
 * processes. Started by a launcher that sets RANK and WORLD_SIZE
 * (torchrun, Slurm, an indexed job of Kubernetes), only the part of `worker` is needed.
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  listSqlite,
  Loader,
  randomResizedCrop,
  requestDevice,
  SqliteSource,
  SqliteWriter,
} from "@cassette/loader";
import { drawRecords } from "../src/cli/drawings.ts";

const { values: flags } = parseArgs({
  options: {
    sqlite: { type: "string" },
    processes: { type: "string", default: "2" },
    "batch-size": { type: "string", default: "8" },
    worker: { type: "boolean" },
    flags: { type: "string", default: "[]" },
  },
});
const EPOCHS = 2;

/** What one process saw of an epoch. */
interface Seen {
  epoch: number;
  ids: string[];
  batches: number;
}

/** One of the processes: its shard is what the launcher says. */
async function worker(path: string): Promise<void> {
  const { ids } = listSqlite(path);
  const device = await requestDevice();
  await using source = await SqliteSource.open({ path });
  await using loader = new Loader({
    source,
    device,
    ids,
    shard: "env",
    shuffle: true,
    seed: 7,
    epochs: EPOCHS,
    batchSize: Number(flags["batch-size"]),
    augment: [randomResizedCrop(64)],
  });
  const seen = Array.from({ length: EPOCHS }, (_, epoch): Seen => ({ epoch, ids: [], batches: 0 }));
  for await (using batch of loader) {
    seen[batch.epoch].batches++;
    // With several shards the last batch is filled up, so that all have equally many.
    for (const [i, id] of [...batch.ids].entries()) {
      if (batch.valid[i]) seen[batch.epoch].ids.push(id);
    }
  }
  for (const epoch of seen) console.log(JSON.stringify(epoch));
  device.destroy();
}

/** Starts the processes and puts together what they saw. */
async function launch(path: string): Promise<boolean> {
  const count = Number(flags.processes);
  const runs = await Promise.all(Array.from({ length: count }, async (_, rank) => {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        ...JSON.parse(flags.flags) as string[],
        fileURLToPath(import.meta.url),
        "--worker",
        "--sqlite",
        path,
        "--batch-size",
        flags["batch-size"],
      ],
      env: { RANK: String(rank), WORLD_SIZE: String(count) },
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`process ${rank} ended with ${code}`);
    return new TextDecoder().decode(stdout).trim().split("\n")
      .map((line) => JSON.parse(line) as Seen);
  }));
  const all = [...listSqlite(path).ids].sort();
  let good = true;
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const parts = runs.map((run) => run[epoch]);
    const ids = parts.flatMap((part) => part.ids).sort();
    const once = ids.length === all.length && ids.every((id, i) => id === all[i]);
    good &&= once && new Set(parts.map((part) => part.batches)).size === 1;
    console.log(
      `epoch ${epoch}: ${
        parts.map((part) => `${part.ids.length} ids in ${part.batches} batches`).join(" + ")
      }` +
        `, every id once: ${once ? "yes" : "NO"}`,
    );
  }
  return good;
}

async function drawings(folder: string): Promise<string> {
  const path = join(folder, "drawings.sqlite");
  await using writer = new SqliteWriter(path);
  await writer.createTables();
  for (const record of drawRecords(37)) await writer.write(record);
  return path;
}

/** Launches over drawings of its own, unless a table is named. */
async function launchOver(table: string | undefined): Promise<boolean> {
  if (table !== undefined) return await launch(table);
  const folder = await Deno.makeTempDir();
  try {
    return await launch(await drawings(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (flags.worker) await worker(flags.sqlite!);
else if (!await launchOver(flags.sqlite)) Deno.exit(1);
