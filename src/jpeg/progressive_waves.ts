import { largest } from "../extremes.ts";
import type { JpegScan } from "./frame.ts";

/**
 * Groups scans into waves: a scan waits for the scans before it that code one of its components, and
 * all scans of a wave may run at once.
 *
 * The order by component is kept even where bands are disjoint: two coefficients share a word, and a
 * run of zeros may reach beyond the band of its scan.
 *
 * @param scans The scans of one frame, in the order of the file.
 * @returns The wave of each scan, from 0.
 */
export function scanWaves(scans: readonly JpegScan[]): number[] {
  const next: number[] = [];
  return scans.map(({ components }) => {
    const wave = largest(components.map((component) => next[component] ?? 0));
    for (const component of components) next[component] = wave + 1;
    return wave;
  });
}
