import type { RequestPart } from "../batch.ts";
import type { CassetteError } from "../errors.ts";
import type { IdList } from "../ids.ts";

/** One batch to be made: which samples, and what they are for. */
export interface Job {
  /** Ids of the samples. */
  ids: IdList;
  /** Where each sample stands in its epoch's global order. */
  positions: Float64Array;
  /** 1 for a sample to learn from, 0 for one that only fills the batch. */
  valid: Uint8Array;
  /** Number of the epoch; a batch of one epoch never comes after one of the next. */
  epoch: number;
  /** Which of the shard's samples each one is; empty for a request. */
  ordinals: Float64Array;
  /** Number of batches in what was left of the epoch; 0 for a request. */
  batches: number;
  /** To which request the batch belongs. */
  request?: RequestPart;
  /** Why there is nothing to fetch: what was requested makes no sense. */
  invalid?: CassetteError;
}
