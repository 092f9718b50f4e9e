import { assertEquals, assertThrows } from "@std/assert";
import { shardFromEnv, UsageError } from "../../mod.ts";
import { samplerOptions } from "../../src/order/sampler.ts";

const from = (env: Record<string, string>) => shardFromEnv((name) => env[name]);

Deno.test("shardFromEnv reads what launchers set", () => {
  assertEquals(from({}), { index: 0, count: 1 });
  assertEquals(from({ RANK: "2", WORLD_SIZE: "4" }), { index: 2, count: 4 });
  assertEquals(from({ SLURM_PROCID: "0", SLURM_NTASKS: "8" }), { index: 0, count: 8 });
  assertEquals(from({ OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2" }), {
    index: 1,
    count: 2,
  });
  assertEquals(from({ JOB_COMPLETION_INDEX: "3", JOB_COMPLETIONS: "5" }), { index: 3, count: 5 });
  const both = { RANK: "1", WORLD_SIZE: "2", SLURM_PROCID: "0", SLURM_NTASKS: "1" };
  assertEquals(from(both), { index: 1, count: 2 });
});

Deno.test("shardFromEnv names the variable that is missing or wrong", () => {
  const cases: [Record<string, string>, string][] = [
    [{ RANK: "1" }, "WORLD_SIZE"],
    [{ JOB_COMPLETION_INDEX: "0" }, "JOB_COMPLETIONS"],
    [{ RANK: "2", WORLD_SIZE: "2" }, "RANK must be below WORLD_SIZE"],
    [{ RANK: "one", WORLD_SIZE: "2" }, 'received "one"'],
    [{ RANK: "0", WORLD_SIZE: "0" }, "WORLD_SIZE"],
  ];
  for (const [env, message] of cases) assertThrows(() => from(env), UsageError, message);
});

Deno.test("a loader's shard may come from the environment", () => {
  Deno.env.set("RANK", "1");
  Deno.env.set("WORLD_SIZE", "3");
  try {
    const { shard, lastBatch } = samplerOptions(10, { batchSize: 2, shard: "env" });
    assertEquals([shard, lastBatch], [{ index: 1, count: 3 }, "pad"]);
  } finally {
    Deno.env.delete("RANK");
    Deno.env.delete("WORLD_SIZE");
  }
});
