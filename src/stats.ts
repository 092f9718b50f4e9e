import type { SampleError } from "./errors.ts";
import type { PoolStats } from "./gpu/pool.ts";
import type { LoaderStages } from "./pipeline/meter.ts";
import type { PrefetchChoice } from "./pipeline/prefetch.ts";
import type { SourceStats } from "./source/source.ts";

/** What a loader has done since it was made. */
export interface LoaderStats {
  /** Batches handed out. */
  batches: number;
  /** Samples handed out. */
  samples: number;
  /** Samples left out or masked because they could not be loaded: the last 1,000 of them. */
  skipped: SampleError[];
  /** How many there were in all. */
  skippedCount: number;
  /** Batches that the fetch window holds now. */
  prefetch: number;
  /** What the fetch window has chosen, and from what. */
  window: PrefetchChoice;
  /** What each stage has done, loops and requests together. */
  stages: LoaderStages;
  /** What the source has counted. */
  source: SourceStats;
  /** GPU buffers of the loader. */
  pool: PoolStats;
}
