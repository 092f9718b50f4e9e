import type { BatchOwner } from "./batch.ts";
import { BusyError } from "./errors.ts";
import type { BufferPool } from "./gpu/pool.ts";

/** Batches that are out where nobody says how many may be. */
const MOST = 8;

/** Counts the batches of a loader that are out, neither disposed of nor taken. */
export class BatchesOut {
  readonly #pool: BufferPool;
  readonly #most: number;
  #count = 0;

  /**
   * @param pool Takes the buffers of batches back.
   * @param most How many may be out.
   */
  constructor(pool: BufferPool, most: number = MOST) {
    this.#pool = pool;
    this.#most = most;
  }

  /**
   * Takes note of a batch that is handed out.
   *
   * @returns What takes its buffers back.
   */
  add(): BatchOwner {
    this.#count++;
    return {
      release: (buffers) => {
        this.#count--;
        for (const buffer of buffers) this.#pool.release(buffer);
      },
      forget: (buffers) => {
        this.#count--;
        for (const buffer of buffers) this.#pool.forget(buffer);
      },
    };
  }

  /**
   * Checks that one more may be handed out.
   *
   * @throws {BusyError} If too many are out.
   */
  check(): void {
    if (this.#count < this.#most) return;
    throw new BusyError(
      `Cannot load the next batch as at most ${this.#most} batches (maxBatchesOut) may be out: received ${this.#count} that were not disposed of. ` +
        'Write "for await (using batch of loader)", or dispose of each batch, or take() its images',
      { option: "maxBatchesOut" },
    );
  }
}
