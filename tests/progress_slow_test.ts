/** Many runs at random, with loaders and with kills among them, see progress_model.ts. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { type LoaderState, requestDevice } from "../mod.ts";
import { importFlags, path } from "../tools/imports.ts";
import { tempFolder } from "../tools/temp.ts";
import { LoadedShard, type Loading } from "./progress_loaded.ts";
import {
  areApart,
  carryOut,
  drawGeneration,
  drawRun,
  type Handed,
  Model,
  Random,
  type RunOptions,
  samplesOfEpoch,
} from "./progress_model.ts";
import type { Task } from "./progress_program.ts";

Deno.test("20,000 runs at random lose no sample, double none, and keep shards equal", async () => {
  const wrong: unknown[] = [];
  let resumes = 0;
  for (let seed = 10_000; seed < 30_000; seed++) {
    const { lost, doubled, apart, ...outcome } = await carryOut(seed);
    resumes += outcome.resumes;
    if (lost + doubled + apart > 0) wrong.push({ seed, lost, doubled, apart });
  }
  assertEquals(wrong, []);
  console.log(`20000 runs, ${resumes} resumes: 0 lost, 0 doubled, shards equal`);
});

Deno.test("40 runs of loaders lose no sample, double none and keep shards equal, with bad samples", async () => {
  const device = await requestDevice();
  const wrong: unknown[] = [];
  let resumes = 0;
  for (let seed = 0; seed < 40; seed++) {
    const onCorrupt = seed % 3 === 0 ? "skip" : "mask";
    // Enough for each shard to have a good one, as an epoch of which nothing is left is an error.
    const draw = (random: Random): RunOptions => ({
      ...drawRun(random),
      ids: 24,
      size: 24,
      epochs: 1 + random.below(2),
      weights: undefined,
    });
    const has = (sample: number) => sample !== 5 && (onCorrupt === "skip" || sample % 7 !== 0);
    const loading: Loading = { device, onCorrupt, has, made: [] };
    const { lost, doubled, apart, ...outcome } = await carryOut(
      seed,
      (...args) => new LoadedShard(loading, ...args),
      draw,
      has,
    );
    await Promise.all(loading.made.map((loader) => loader[Symbol.asyncDispose]()));
    resumes += outcome.resumes;
    // A batch of which skip leaves nothing is passed over, so shards may have unequally many.
    const unequal = onCorrupt === "mask" ? apart : 0;
    if (lost + doubled + unequal > 0) wrong.push({ seed, lost, doubled, apart });
  }
  device.destroy();
  assertEquals(wrong, []);
  console.log(`40 runs of loaders, ${resumes} resumes: 0 lost, 0 doubled, shards equal`);
});

/** Batches that were written down whole, by shard. */
async function written(file: string, shards: number): Promise<Handed[][]> {
  const text = await Deno.readTextFile(file).catch(() => "");
  const handed: Handed[][] = Array.from({ length: shards }, () => []);
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n").slice(0, -1)) {
    const { shard, ...batch } = JSON.parse(line);
    handed[shard].push(batch);
  }
  return handed;
}

/** Carries a run out in programs that are killed again and again, each time resumed by other shards. */
async function killed(seed: number, loads: boolean): Promise<{ kills: number; wrong: unknown[] }> {
  const random = new Random(seed);
  const size = loads ? 60 : 150;
  const lastBatch = random.pick(["pad", "pad", "partial"] as const);
  const run: RunOptions = {
    ...drawRun(random),
    ids: size,
    size,
    epochs: 2,
    weights: undefined,
    lastBatch,
  };
  const model = new Model(run.epochs, (epoch) => samplesOfEpoch(run, epoch));
  const folder = tempFolder();
  const flags = await importFlags();
  let states: LoaderState[] | undefined;
  let kills = 0;
  for (let part = 3; part >= 0; part--) {
    const generation = { ...drawGeneration(random), batchSize: 1 + random.below(4) };
    // Shards that a kill left in different epochs go on as they are.
    if (states && new Set(states.map(({ epoch }) => epoch)).size > 1) {
      generation.shards = states.length;
    }
    const file = join(folder, `${seed}-${part}.jsonl`);
    const task: Task = { run, generation, states, loads, seed: seed + part, path: file };
    const program = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "-q",
        "--no-check",
        ...flags,
        path("tests/progress_program.ts"),
        JSON.stringify(task),
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let ended = false;
    const output = program.output().then((result) => {
      ended = true;
      return result;
    });
    const least = generation.shards * (1 + random.below(4));
    while (part > 0 && !ended) {
      const handed = await written(file, generation.shards);
      const count = handed.reduce((sum, batches) => sum + batches.length, 0);
      if (count >= least && handed.every((batches) => batches.length > 0)) {
        program.kill("SIGKILL");
        break;
      }
      await new Promise((done) => setTimeout(done, 10));
    }
    const { success, signal, stderr } = await output;
    if (signal === "SIGKILL") kills++;
    else assert(success, new TextDecoder().decode(stderr));
    const handed = await written(file, generation.shards);
    handed.flat().forEach((batch) => model.hand(batch));
    // Dealt out anew, or together from the start: as many in each shard.
    if (
      success && lastBatch === "pad" && !states?.some(({ epoch }) => epoch !== states![0].epoch)
    ) {
      if (areApart(handed)) return { kills, wrong: [{ seed, part, apart: true }] };
    }
    if (success) break;
    states = handed.map((batches) => batches.at(-1)!.state);
  }
  const { lost, doubled } = model;
  return { kills, wrong: lost + doubled > 0 ? [{ seed, lost, doubled }] : [] };
}

Deno.test("runs that are killed and resumed by other shards lose no sample and double none", async () => {
  const wrong: unknown[] = [];
  let kills = 0;
  for (let seed = 0; seed < 8; seed++) {
    const outcome = await killed(seed, seed % 4 === 0);
    kills += outcome.kills;
    wrong.push(...outcome.wrong);
  }
  assertEquals(wrong, []);
  assert(kills >= 12, `${kills} kills`);
  console.log(`8 runs, ${kills} kills: 0 lost, 0 doubled, shards equal`);
});
