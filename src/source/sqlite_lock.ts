import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds that a lock of another connection is waited for, where nothing else is said. */
export const BUSY_MS = 30_000;

/** SQLITE_BUSY and SQLITE_LOCKED. */
const BUSY = [5, 6];

/** Milliseconds between tries: the first, and the longest. */
const [FIRST_MS, LONGEST_MS] = [1, 50];

/**
 * Tells whether another connection's lock is the reason of an error.
 *
 * @param error What SQLite threw.
 * @returns True if so.
 */
export function isBusy(error: unknown): boolean {
  const { errcode, message } = error as { errcode?: number; message?: string };
  // `exec` tells no code.
  if (errcode === undefined) return /^database (table )?is locked/.test(message ?? "");
  return BUSY.includes(errcode & 0xff);
}

/** Waits for locks of other connections without keeping the JavaScript thread. */
export class LockWait {
  readonly #busyTimeout: number;
  readonly #check: (() => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  #deadline: number | undefined;

  /**
   * @param busyTimeout Milliseconds that all waits together may take.
   * @param check Throws where what is tried is not wanted any more.
   * @param signal Aborts.
   */
  constructor(busyTimeout: number, check?: () => void, signal?: AbortSignal) {
    this.#busyTimeout = busyTimeout;
    this.#check = check;
    this.#signal = signal;
  }

  /**
   * Tries until no other connection's lock is in the way.
   *
   * @param act What is tried; SQLite's own waiting must be off.
   * @returns What it returns.
   * @throws What it throws; the error of a lock only when the time is over.
   * @throws The signal's reason, if it aborts.
   */
  async until<T>(act: () => T): Promise<T> {
    for (let wait = FIRST_MS;; wait = Math.min(LONGEST_MS, 2 * wait)) {
      try {
        return act();
      } catch (error) {
        if (!isBusy(error)) throw error;
        this.#deadline ??= performance.now() + this.#busyTimeout;
        if (performance.now() >= this.#deadline) throw error;
      }
      // Rejects as soon as the signal aborts; its reason is thrown below.
      await sleep(wait, undefined, { signal: this.#signal }).catch(() => {});
      this.#signal?.throwIfAborted();
      this.#check?.();
    }
  }
}
