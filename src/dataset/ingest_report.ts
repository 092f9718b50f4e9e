/** How far an ingest has come. */
export interface IngestProgress {
  /** Units of the input that are done with; files, for a folder. */
  done: number;
  /** Units of the input in all; 0 where that is not known. */
  total: number;
  /** What is counted: `files`, `rows`, `MiB`. */
  unit: string;
  /** Records written whose ids were not in the table. */
  written: number;
  /** Records written in place of others of the same path. */
  replaced: number;
  /** Records that an earlier ingest had written. */
  unchanged: number;
  /** Items that were left out. */
  rejected: number;
  /** Bytes written. */
  bytes: number;
}

/** An item that was left out. */
export interface RejectedItem {
  /** Its path within the data set. */
  path: string;
  /** Its place in the input, from 0. */
  index: number;
  /** Why. */
  reason: Error;
}

/** What an ingest has done. */
export interface IngestReport {
  /** Records written whose ids were not in the table. */
  written: number;
  /** Records written in place of others of the same path, which differed (or `existing` says so). */
  replaced: number;
  /** Records that were left as an earlier ingest had written them. */
  unchanged: number;
  /** Bytes of the pictures written. */
  bytes: number;
  /** Names of the classes, by label. */
  classes: string[];
  /**
   * Items that were left out, and why, in the order of the input; those that `onReject` was told
   * are counted, not kept.
   */
  rejected: RejectedItem[];
  /** Number of items that were left out. */
  rejectedCount: number;
  /** Number of files that were no pictures by their names, by ending, such as `.webp`. */
  passedOver: Record<string, number>;
}
