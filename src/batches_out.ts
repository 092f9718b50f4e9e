import type { BatchOwner } from "./batch.ts";
import { BusyError } from "./errors.ts";
import type { BufferPool } from "./gpu/pool.ts";

/** Batches that are out where nobody says how many may be. */
const MOST = 8;
/** Milliseconds for which nothing has come back after which those who wait for room say so. */
const PATIENCE_MS = 10_000;

const ADVICE =
  'Write "for await (using batch of …)", or dispose of each batch, or take() its images';

/** How batches are counted. */
export interface BatchesOutOptions {
  /** Takes the buffers of batches back. */
  pool: BufferPool;
  /** How many may be out; 8 when left out. */
  most?: number;
  /**
   * Whether a batch is refused where nobody but its consumer can make room for it, as in a loop; it is
   * waited for otherwise.
   */
  refuses: boolean;
  /** Is told that batches have been waited for in vain. */
  warn: (message: string) => void;
}

/** Someone who waits for room. */
interface Waiter {
  grant: (owner: BatchOwner) => void;
}

/** Counts batches that are out, neither given back nor taken, and makes those beyond a number wait. */
export class BatchesOut {
  readonly #options: BatchesOutOptions;
  readonly #most: number;
  readonly #waiting: Waiter[] = [];
  /** Batches that have not been disposed of. */
  #out = 0;
  /** Batches that have been disposed of, but are held until work that reads them is submitted. */
  #held = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param options How many may be out, and what becomes of more. */
  constructor(options: BatchesOutOptions) {
    this.#options = options;
    this.#most = options.most ?? MOST;
  }

  /**
   * Waits until one more batch may be handed out, in turn, and counts it.
   *
   * @param signal Ends the wait with its reason.
   * @returns What takes the batch's buffers back.
   * @throws {BusyError} If it would be waited for in vain, as only the one who asks can make room.
   */
  async admit(signal: AbortSignal): Promise<BatchOwner> {
    if (this.#out >= this.#most && this.#options.refuses) {
      throw new BusyError(
        `Cannot hand out the next batch as at most ${this.#most} batches (maxBatchesOut) may be out: received ${this.#out} that were not disposed of. ${ADVICE}`,
        { option: "maxBatchesOut" },
      );
    }
    if (this.#out + this.#held < this.#most) return this.#add();
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<BatchOwner>();
    const waiter: Waiter = { grant: resolve };
    const abort = () => {
      const place = this.#waiting.indexOf(waiter);
      // One that was granted room is no longer among them.
      if (place !== -1) this.#waiting.splice(place, 1);
      this.#watch();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.push(waiter);
    if (this.#waiting.length === 1) this.#watch();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #add(): BatchOwner {
    this.#out++;
    const { pool } = this.#options;
    return {
      release: (buffers, until) => {
        const back = () => {
          for (const buffer of buffers) pool.release(buffer);
          this.#grant();
        };
        this.#out--;
        if (!until) return back();
        this.#held++;
        until.then(() => {
          this.#held--;
          back();
        });
      },
      forget: (buffers) => {
        this.#out--;
        for (const buffer of buffers) pool.forget(buffer);
        this.#grant();
      },
    };
  }

  #grant(): void {
    while (this.#waiting.length > 0 && this.#out + this.#held < this.#most) {
      this.#waiting.shift()!.grant(this.#add());
    }
    this.#watch();
  }

  /** Waits anew, if anyone does, before it says that nothing comes back. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#waiting.length === 0 ? undefined : setTimeout(() => {
      const count = this.#waiting.length;
      const held = this.#held === 0 ? "" : `, and ${this.#held} more are held`;
      this.#options.warn(
        `${count === 1 ? "A batch has" : `${count} batches have`} waited ${
          PATIENCE_MS / 1000
        } s for room: at most ${this.#most} (maxBatchesOut) may be out, and ${this.#out} were not disposed of${held}. ${ADVICE}`,
      );
    }, PATIENCE_MS);
  }
}
