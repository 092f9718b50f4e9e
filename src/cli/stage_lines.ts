import { largest } from "../extremes.ts";
import type { LoaderStages } from "../pipeline/meter.ts";

/**
 * Tells what each stage of a loader has done, one line each.
 *
 * @param stages What the loader has counted.
 * @returns Lines of a table, with its head.
 */
export function stageLines(stages: LoaderStages): string[] {
  const head = ["stage", "images", "MiB", "images/s busy", "p50 ms", "p99 ms", "now"];
  const rows = Object.entries(stages).map(([name, { samples, bytes, rate, latency, depth }]) => [
    name,
    `${samples}`,
    (bytes / 2 ** 20).toFixed(1),
    `${Math.round(rate)}`,
    latency.p50.toFixed(1),
    latency.p99.toFixed(1),
    `${depth}`,
  ]);
  const table = [head, ...rows];
  const widths = head.map((_, i) => largest(table.map((row) => row[i].length)));
  return table.map((row) =>
    "  " + row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
  );
}
