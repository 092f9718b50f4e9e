/**
 * A run that may be killed at any time: all shards hand out batch after batch in turn, and each is
 * written down with the state after it. Its one argument is JSON.
 */
import { requestDevice } from "../mod.ts";
import type { LoaderState } from "../mod.ts";
import { LoadedShard } from "./progress_loaded.ts";
import { type Generation, PlannedShard, Random, type RunOptions } from "./progress_model.ts";

/** What the program is told. */
export interface Task {
  run: RunOptions;
  generation: Generation;
  states?: LoaderState[];
  loads: boolean;
  seed: number;
  /** Where batches are written down, one a line. */
  path: string;
}

if (import.meta.main) {
  const { run, generation, states, loads, seed, path }: Task = JSON.parse(Deno.args[0]);
  const random = new Random(seed);
  const device = loads ? await requestDevice() : undefined;
  const loading = { device: device!, onCorrupt: "mask", has: () => true, made: [] } as const;
  const shards = Array.from(
    { length: generation.shards },
    (_, index) =>
      loads
        ? new LoadedShard({ ...loading, made: [] }, run, generation, index, random, states)
        : new PlannedShard(run, generation, index, random, states),
  );
  using file = await Deno.open(path, { append: true, create: true });
  for (let handed = true; handed;) {
    handed = false;
    for (const [shard, each] of shards.entries()) {
      for (const batch of await each.take(1)) {
        handed = true;
        await file.write(new TextEncoder().encode(JSON.stringify({ shard, ...batch }) + "\n"));
        await new Promise((done) => setTimeout(done, random.below(4)));
      }
    }
  }
  device?.destroy();
}
