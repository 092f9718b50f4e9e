import type { Command } from "commander";
import { planCapacity } from "../dataset/capacity.ts";
import { nonNegative, wholeNumber } from "./numbers.ts";
import { say, sayJson } from "./say.ts";

interface PlanFlags {
  rows: number;
  blobBytes: number;
  labelBytes: number;
  replication: number;
  nodes?: number;
  diskGb: number;
  rate: number;
  latency: number;
  batchSize: number;
  consumers: number;
  json?: boolean;
}

/**
 * Adds `cassette plan-capacity`.
 *
 * @param program The command to add it to.
 */
export function addPlanCapacity(program: Command): void {
  const number = (flag: string, what: string, least: number, value?: number) =>
    [`--${flag} <number>`, what, wholeNumber(flag, least), value] as const;
  program.command("plan-capacity")
    .description("Work out disks, network, memory and prefetch of a data set.")
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .requiredOption(...number("rows", "samples", 1))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .requiredOption(...number("blob-bytes", "mean bytes of a picture", 1))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .requiredOption(...number("rate", "samples a second that all consumers take together", 1))
    .requiredOption(
      "--latency <number>",
      "milliseconds from a request to its answer",
      nonNegative("latency"),
    )
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .option(...number("label-bytes", "mean bytes of a label", 0, 4))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .option(...number("replication", "copies of each row", 1, 1))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .option(...number("nodes", "nodes; as few as may be when left out", 1))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .option(...number("disk-gb", "disk of a node in GB", 1, 1000))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .option(...number("batch-size", "samples of a batch", 1, 128))
    // deno-lint-ignore cassette/spread -- at most 4 parameters
    .option(...number("consumers", "processes that load at once", 1, 1))
    .option("--json", "print the plan as one JSON object")
    .action((flags: PlanFlags) => {
      const { diskGb, json, ...rest } = flags;
      const plan = planCapacity({ ...rest, diskBytes: diskGb * 1e9 });
      if (json) return sayJson(plan);
      const size = (bytes: number) =>
        bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
      const lines: [string, string][] = [
        ["data, one copy", size(plan.dataBytes)],
        ["metadata, one copy", size(plan.metadataBytes)],
        ["nodes", String(plan.nodes)],
        [
          "on each node",
          `${size(plan.bytesPerNode)}, ${
            percent(plan.diskShare)
          } of its disk with room for compaction`,
        ],
        ["network of each node", `${(plan.bitsPerNode / 1e9).toFixed(2)} Gbit/s`],
        ["samples under way", `${plan.samplesInFlight} in each consumer`],
        ["prefetch", `${plan.prefetch} batches, ${size(plan.prefetchBytes)} of memory`],
        ["list of ids", size(plan.listBytes)],
      ];
      for (const [name, value] of lines) say(`${name.padEnd(22)}${value}`);
    });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
