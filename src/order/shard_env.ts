import process from "node:process";
import { UsageError } from "../errors.ts";
import type { Shard } from "./sampler.ts";

/** Variables that launchers set, first come first served: number of the process, number of processes. */
const LAUNCHERS: [index: string, counts: string[]][] = [
  // torchrun, MPI wrappers, and most launchers of training.
  ["RANK", ["WORLD_SIZE"]],
  ["SLURM_PROCID", ["SLURM_NTASKS", "SLURM_NPROCS"]],
  ["OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"]],
  // An indexed job of Kubernetes sets the index only; its manifest must pass `completions` on.
  ["JOB_COMPLETION_INDEX", ["JOB_COMPLETIONS", "JOB_COMPLETION_COUNT", "WORLD_SIZE"]],
];

/**
 * Finds out which shard this process is, from what its launcher says: `RANK` and `WORLD_SIZE`,
 * Slurm's `SLURM_PROCID` and `SLURM_NTASKS`, Open MPI's, or `JOB_COMPLETION_INDEX` of an indexed job
 * of Kubernetes with its number of completions in `JOB_COMPLETIONS`.
 *
 * @param env Looks up an environment variable.
 * @returns The shard; the whole, where no launcher says anything.
 * @throws {UsageError} If the number of processes is missing, or a value makes no sense.
 * @example
 * ```ts
 * import { shardFromEnv } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const env: Record<string, string> = { SLURM_PROCID: "1", SLURM_NTASKS: "4" };
 * assertEquals(shardFromEnv((name) => env[name]), { index: 1, count: 4 });
 * ```
 */
export function shardFromEnv(
  env: (name: string) => string | undefined = (name) => process.env[name],
): Shard {
  for (const [name, counts] of LAUNCHERS) {
    const text = env(name);
    if (!text) continue;
    const found = counts.find((count) => env(count));
    if (!found) {
      throw new UsageError(
        `Cannot find the shard as ${counts[0]} must be set beside ${name}: received nothing`,
        { option: "shard" },
      );
    }
    const count = number(found, env(found)!, 1);
    const index = number(name, text, 0);
    if (index >= count) {
      throw new UsageError(
        `Cannot find the shard as ${name} must be below ${found}, ${count}: received ${index}`,
        { option: "shard" },
      );
    }
    return { index, count };
  }
  return { index: 0, count: 1 };
}

function number(name: string, text: string, least: number): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(
    `Cannot find the shard as ${name} must be a whole number from ${least} on: received "${text}"`,
    { option: "shard" },
  );
}
