import type { CassetteError } from "../../src/errors.ts";
import type { IdList } from "../../src/ids.ts";
import { FetchWindow, type Ordering } from "../../src/pipeline/fetch_window.ts";
import type { Job } from "../../src/pipeline/job.ts";
import { PrefetchWindow } from "../../src/pipeline/prefetch.ts";
import type { BlobSource } from "../../src/source/source.ts";

/** How an epoch is fetched. */
export interface EpochOptions {
  batch: number;
  ordering: Ordering;
  /** Looks at each sample that arrived. */
  check?(id: string, blob: Uint8Array): void;
  /** Batches after which `strike` is called, which goes on beside the epoch. */
  strikeAfter?: number;
  strike?(): Promise<void>;
  /** Whether the epoch waits until it has struck. */
  wait?: boolean;
}

/** What came of it. */
export interface Epoch {
  /** Ids that did not come, neither whole nor as an error. */
  lost: number;
  /** Ids that came more than once. */
  doubled: number;
  errors: CassetteError[];
  milliseconds: number;
  /** Longest time without a batch. */
  gap: number;
  retries: number;
}

/** Fetches an epoch through the loader's fetch window, and counts what comes. */
export async function runEpoch(
  source: BlobSource,
  ids: IdList,
  { batch, ordering, check, strikeAfter, strike, wait }: EpochOptions,
): Promise<Epoch> {
  const begin = performance.now();
  const window = new FetchWindow(source, jobs(ids, batch), new PrefetchWindow(4, 0), ordering);
  const seen = new Map<string, number>();
  const errors: CassetteError[] = [];
  let striking: Promise<void> | undefined;
  let [last, gap, batches] = [begin, 0, 0];
  for (let next = await window.next(); next; next = await window.next()) {
    const now = performance.now();
    [gap, last] = [Math.max(gap, now - last), now];
    if (!next.blobs) throw next.error;
    using blobs = next.blobs;
    for (let i = 0; i < blobs.length; i++) {
      const id = next.job.ids.at(i);
      seen.set(id, (seen.get(id) ?? 0) + 1);
      const error = blobs.error(i);
      if (!error) check?.(id, blobs.blob(i));
      else if (error.sampleId === id) errors.push(error);
      else throw new Error(`the error of ${id} names ${error.sampleId}`);
    }
    if (++batches !== strikeAfter) continue;
    striking = strike!();
    if (wait) await striking;
  }
  const milliseconds = performance.now() - begin;
  await striking;
  const doubled = [...seen.values()].filter((count) => count > 1).length;
  return {
    lost: ids.length - seen.size,
    doubled,
    errors,
    milliseconds,
    gap,
    retries: source.stats().retries,
  };
}

/** One batch after the other, the last one smaller. */
export function* jobs(ids: IdList, batch: number): Generator<Job> {
  for (let at = 0; at < ids.length; at += batch) {
    const count = Math.min(batch, ids.length - at);
    const positions = Float64Array.from({ length: count }, (_, i) => at + i);
    yield {
      ids: ids.pick(positions),
      positions,
      ordinals: positions,
      valid: new Uint8Array(count).fill(1),
      epoch: 0,
      batches: Math.ceil(ids.length / batch),
    };
  }
}
