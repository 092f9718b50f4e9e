import { ID_BYTES, IdList } from "../ids.ts";
import { PoolLedger, SamplePool } from "../pool.ts";
import type { Job } from "./job.ts";

interface EpochPool {
  pool: SamplePool;
  ledger: PoolLedger<{ job: Job; at: number }>;
  /** Of each job, where its first sample stands in the pool. */
  starts: Map<Job, number>;
}

/** A batch of the samples that arrived first. */
export interface Arrived {
  /** What the batch is, with its samples in the order of their arrival. */
  job: Job;
  /** How long each of its samples took, in milliseconds, ascending. */
  latencies: Float64Array;
}

/** Has the batches of an epoch exchange samples, and finds out which ones a batch has got. */
export class EpochPools {
  readonly #pools = new Map<number, EpochPool>();

  /**
   * Takes note of a batch that is asked for.
   *
   * @param job The batch.
   * @param now The time, in milliseconds.
   * @returns The pool of its epoch.
   */
  join(job: Job, now: number): SamplePool {
    let epoch = this.#pools.get(job.epoch);
    if (!epoch) {
      epoch = { pool: new SamplePool(), ledger: new PoolLedger(), starts: new Map() };
      this.#pools.set(job.epoch, epoch);
    }
    epoch.starts.set(job, epoch.ledger.add(job.ids.length, { job, at: now }));
    return epoch.pool;
  }

  /**
   * Finds out which samples a batch has got.
   *
   * @param asked The batch as it was asked for.
   * @param places Places of its samples in the pool; its own in their order when left out.
   * @param now The time, in milliseconds.
   * @returns The batch as it came.
   */
  take(asked: Job, places: Float64Array | undefined, now: number): Arrived {
    const { ledger, starts } = this.#pools.get(asked.epoch)!;
    const count = asked.ids.length;
    const start = starts.get(asked)!;
    starts.delete(asked);
    const ids = new Uint8Array(count * ID_BYTES);
    const positions = new Float64Array(count);
    const ordinals = new Float64Array(count);
    const valid = new Uint8Array(count);
    const latencies = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const { value: { job, at }, index } = ledger.take(places ? places[i] : start + i);
      const from = index * ID_BYTES;
      ids.set(job.ids.bytes.subarray(from, from + ID_BYTES), i * ID_BYTES);
      positions[i] = job.positions[index];
      ordinals[i] = job.ordinals[index];
      valid[i] = job.valid[index];
      latencies[i] = now - at;
    }
    latencies.sort();
    return { job: { ...asked, ids: new IdList(ids), positions, ordinals, valid }, latencies };
  }

  /**
   * Forgets what has been handed out wholly.
   *
   * @param epoch Oldest epoch that has not.
   */
  forgetBefore(epoch: number): void {
    for (const old of this.#pools.keys()) if (old < epoch) this.#pools.delete(old);
  }
}
