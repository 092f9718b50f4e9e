import { type Command, InvalidArgumentError, Option } from "commander";
import { requestDevice } from "../gpu/device.ts";
import { Loader } from "../loader.ts";
import type { LoaderStats } from "../stats.ts";
import { counted } from "./amounts.ts";
import { wholeNumber } from "./numbers.ts";
import { openList } from "./list_options.ts";
import { readOperators } from "./operators.ts";
import { Progress } from "./progress.ts";
import { stageLines } from "./stage_lines.ts";
import { measureStages, type StageRate } from "./stage_rates.ts";
import { addTargetOptions, openSource, type TargetOptions } from "./target.ts";
import { sayJson, sayLines } from "./say.ts";

interface BenchFlags extends TargetOptions {
  augment?: string;
  batchSize: number;
  epochs: number;
  limit?: number;
  prefetch: number | "auto";
  slowStart: number;
  ordering: "ordered" | "batches" | "samples";
  seed: number;
  json?: boolean;
}

/** What a bench of a data set found. */
interface BenchReport {
  /** Samples handed out. */
  images: number;
  /** Seconds from the first `next()` to the end of the GPU's work. */
  seconds: number;
  /** Images a second. */
  rate: number;
  /** Milliseconds from the first `next()` to the first batch. */
  firstBatch: number;
  /** Milliseconds between two batches: median and 99th percentile. */
  between: { p50: number; p99: number };
  /** Each stage on its own, over the first batches. */
  alone: StageRate[];
  /** Counters of the loader; of samples that were masked, their ids and why. */
  stats: Omit<LoaderStats, "skipped"> & { skipped: string[] };
}

/**
 * Adds `cassette bench`.
 *
 * @param program The command to add it to.
 */
export function addBench(program: Command): void {
  const command = program.command("bench")
    .description("Load a data set as training would, and say how fast, and each stage alone.")
    .option("--augment <file>", "JSON list of operators; classic ImageNet training when left out")
    .option("--batch-size <number>", "samples in a batch", wholeNumber("batch-size", 1), 32)
    .option("--epochs <number>", "epochs to load", wholeNumber("epochs", 1), 1)
    .option("--limit <number>", "samples of an epoch; all when left out", wholeNumber("limit", 1))
    .option("--prefetch <batches>", 'batches fetched ahead, or "auto"', prefetch, "auto")
    .option(
      "--slow-start <batches>",
      "widen the window by one batch after so many; 0 for at once",
      wholeNumber("slow-start", 0),
      0,
    )
    .addOption(
      new Option("--ordering <name>", "which batch comes next")
        .choices(["ordered", "batches", "samples"]).default("ordered"),
    )
    .option("--seed <number>", "order and augmentation", wholeNumber("seed", 0), 0)
    .option("--json", "print the figures as one JSON object");
  addTargetOptions(command).action(async (flags: BenchFlags) => {
    const report = await bench(flags);
    if (flags.json) sayJson(report);
    else sayLines(describe(report));
  });
}

function prefetch(text: string): number | "auto" {
  if (text === "auto") return text;
  try {
    return wholeNumber("prefetch", 1)(text);
  } catch {
    throw new InvalidArgumentError(
      `prefetch must be "auto" or a whole number from 1 on: received "${text}"`,
    );
  }
}

async function bench(flags: BenchFlags): Promise<BenchReport> {
  const augment = await readOperators(flags.augment);
  const { ids } = await openList(flags);
  await using source = await openSource(flags);
  const device = await requestDevice();
  try {
    const { batchSize, epochs, limit, prefetch, slowStart, ordering, seed } = flags;
    await using loader = new Loader({
      source,
      device,
      ids,
      augment,
      batchSize,
      epochs,
      limit,
      prefetch,
      slowStart,
      ordering,
      seed,
      shuffle: true,
      onCorrupt: "mask",
    });
    await loader.warmUp();
    const came: number[] = [];
    let images = 0;
    const start = performance.now();
    {
      using bar = new Progress(
        `load ${counted(epochs, "epoch")}`,
        epochs * loader.size,
        "images",
      );
      for await (using batch of loader) {
        came.push(performance.now());
        bar.update(images += batch.length);
      }
    }
    await device.queue.onSubmittedWorkDone();
    const seconds = (performance.now() - start) / 1000;
    const stats = loader.stats();
    const between = came.slice(1).map((time, i) => time - came[i]).sort((a, b) => a - b);
    return {
      images,
      seconds,
      rate: images / seconds,
      firstBatch: came[0] - start,
      between: { p50: quantile(between, 0.5), p99: quantile(between, 0.99) },
      alone: await measureStages(source, device, ids, augment, batchSize),
      stats: {
        ...stats,
        skipped: stats.skipped.map(({ id, reason }) => `${id}: ${reason.message}`),
      },
    };
  } finally {
    device.destroy();
  }
}

/** A quantile of sorted numbers; 0 where there are none. */
function quantile(sorted: number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

function describe({ images, seconds, rate, firstBatch, between, alone, stats }: BenchReport) {
  const { bytes, retries, latency } = stats.source;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const request = latency ? `, a request ${ms(latency.p50)} (p99 ${ms(latency.p99)})` : "";
  return [
    `${images} images in ${seconds.toFixed(2)} s: ${Math.round(rate)} images/s`,
    `  first batch after ${ms(firstBatch)}, then one in ${ms(between.p50)} (p99 ${
      ms(between.p99)
    })`,
    ...alone.map(({ stage, rate }) => `  ${stage.padEnd(8)} alone: ${Math.round(rate)} images/s`),
    `  source: ${(bytes / 2 ** 20).toFixed(1)} MiB, ${retries} retries${request}`,
    `  window: ${stats.prefetch} batches`,
    ...stageLines(stats.stages),
    ...stats.skipped.map((sample) => `  masked: ${sample}`),
    ...(stats.skippedCount > stats.skipped.length
      ? [`  masked: ${stats.skippedCount} in all`]
      : []),
  ].join("\n");
}
