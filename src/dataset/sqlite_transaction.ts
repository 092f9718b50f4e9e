import type { DatabaseSync } from "node:sqlite";
import { isBusy, LockWait } from "../source/sqlite_lock.ts";

/**
 * A transaction that several calls write into, one after another. What other connections lock is
 * waited for without keeping the thread; SQLite's own waiting must be off.
 */
export class SqliteTransaction {
  readonly #database: DatabaseSync;
  readonly #busyTimeout: number;
  /** What begins or commits now: all others wait for it. */
  #turn: Promise<void> | undefined;
  #open = false;

  /**
   * @param database Where to write.
   * @param busyTimeout Milliseconds that a lock is waited for.
   */
  constructor(database: DatabaseSync, busyTimeout: number) {
    this.#database = database;
    this.#busyTimeout = busyTimeout;
  }

  /** Whether it is open, and can be written into at once. */
  get isFree(): boolean {
    return this.#open && !this.#turn;
  }

  /**
   * Opens the transaction, if it is not.
   *
   * @param signal Ends the wait.
   * @returns Once it is open: what writes next must do so at once.
   * @throws What SQLite throws, a lock's error once the time is over.
   * @throws The signal's reason, if it aborts.
   */
  async begin(signal?: AbortSignal): Promise<void> {
    while (this.#turn || !this.#open) {
      // Whoever has the turn tells what went wrong.
      if (this.#turn) await this.#turn.catch(() => {});
      else {
        await this.#inTurn(async () => {
          const begin = () => this.#database.exec("BEGIN IMMEDIATE");
          await new LockWait(this.#busyTimeout, undefined, signal).until(begin);
          this.#open = true;
        });
      }
    }
  }

  /**
   * Stores what was written.
   *
   * @param signal Ends the wait: what cannot be stored at once is not.
   * @throws What SQLite throws: then nothing is stored.
   */
  async commit(signal?: AbortSignal): Promise<void> {
    while (this.#turn) await this.#turn.catch(() => {});
    if (!this.#open) return;
    await this.#inTurn(async () => {
      try {
        const commit = () => this.#database.exec("COMMIT");
        const wait = signal?.aborted ? 0 : this.#busyTimeout;
        await new LockWait(wait, undefined, signal).until(commit);
      } finally {
        // Some errors, such as that of a full disk, have rolled back already.
        this.rollback();
      }
    });
  }

  /** Undoes what was written. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#open = false;
  }

  /**
   * Reads, once no other connection's lock is in the way.
   *
   * @param act Reads.
   * @returns What it returns.
   */
  async read<T>(act: () => T): Promise<T> {
    try {
      return act();
    } catch (error) {
      if (!isBusy(error)) throw error;
      return await new LockWait(this.#busyTimeout).until(act);
    }
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = act();
    this.#turn = turn;
    try {
      await turn;
    } finally {
      this.#turn = undefined;
    }
  }
}
