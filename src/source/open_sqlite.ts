import { DatabaseSync } from "node:sqlite";

/** Milliseconds that a reader waits while a writer commits. */
const BUSY_MS = 30_000;

/**
 * Opens a SQLite file for reading, also one whose writer was killed: the journal that it left is
 * rolled back, which takes the right to write. Reads wait while a writer commits.
 *
 * @param path Path of the file.
 * @returns The database, read-only.
 */
export function openSqlite(path: string): DatabaseSync {
  const open = () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
    try {
      database.prepare("SELECT count(*) FROM sqlite_master").get();
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    try {
      if (Deno.statSync(`${path}-journal`).size === 0) throw error;
    } catch {
      throw error;
    }
    const writable = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      writable.prepare("SELECT count(*) FROM sqlite_master").get();
    } finally {
      writable.close();
    }
    return open();
  }
}
