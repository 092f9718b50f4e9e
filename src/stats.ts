import type { SampleError } from "./errors.ts";
import type { PoolStats } from "./gpu/pool.ts";
import type { PipelineTimes } from "./pipeline/pipeline.ts";
import type { PrefetchChoice } from "./pipeline/prefetch.ts";
import type { SourceStats } from "./source/source.ts";

/** What a loader has done since it was made. */
export interface LoaderStats {
  /** Batches handed out. */
  batches: number;
  /** Samples handed out. */
  samples: number;
  /** Samples left out or masked because they could not be loaded. */
  skipped: SampleError[];
  /** Batches that the fetch window holds now. */
  prefetch: number;
  /** What the fetch window has chosen, and from what. */
  window: PrefetchChoice;
  /** Where the time went. */
  times: PipelineTimes;
  /** What the source has counted. */
  source: SourceStats;
  /** GPU buffers of the loader. */
  pool: PoolStats;
}
