import { DatabaseSync, type DatabaseSyncOptions } from "node:sqlite";
import {
  CassetteError,
  type ErrorDetails,
  FetchError,
  FetchTimeoutError,
  SchemaError,
  UsageError,
} from "../errors.ts";
import { BUSY_MS, isBusy } from "./sqlite_lock.ts";

/**
 * What a hostile file could use is off: its schema calls no functions that have effects, and it is
 * not mapped into memory. `cell_size_check` takes a quarter of the time of fetches, and finds a
 * damaged page no more than sooner.
 */
const CAREFUL = "PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0";

/** `code` of all that SQLite throws. */
export const SQLITE_CODE = "ERR_SQLITE_ERROR";

/** SQLITE_ERROR: of a statement, so of the names in it. */
const OF_STATEMENT = 1;
/** SQLITE_CANTOPEN and SQLITE_NOTADB. */
const NO_DATABASE = [14, 26];
/** SQLITE_CORRUPT, and how messages name it. */
const CORRUPT = 11;
const MALFORMED = /malformed|corrupt|disk I\/O error/;

/**
 * Opens a SQLite file for reading, also one whose writer was killed: the journal that it left is
 * rolled back, which takes the right to write.
 *
 * @param path Path of the file.
 * @param busyTimeout Milliseconds that the thread is kept while another connection's lock is in the
 *   way, when opening and in each statement; 30,000 when left out.
 * @returns The database, read-only.
 */
export function openSqlite(path: string, busyTimeout: number = BUSY_MS): DatabaseSync {
  // The types of `node:sqlite` lack `defensive`.
  const options = { defensive: true, timeout: busyTimeout } as DatabaseSyncOptions;
  const open = () => {
    const database = new DatabaseSync(path, { ...options, readOnly: true });
    try {
      // Where `readOnly` is set, Deno 2.9.6 passes `timeout` over.
      database.exec(`PRAGMA busy_timeout = ${busyTimeout}; ${CAREFUL}`);
      database.prepare("SELECT count(*) FROM sqlite_schema").get();
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  try {
    return open();
  } catch (error) {
    if (isBusy(error)) throw error;
    if (isFolder(path)) throw new Error("a folder", { cause: error });
    try {
      if (Deno.statSync(`${path}-journal`).size === 0) throw error;
    } catch {
      throw error;
    }
    const writable = new DatabaseSync(path, options);
    try {
      writable.prepare("SELECT count(*) FROM sqlite_schema").get();
    } finally {
      writable.close();
    }
    return open();
  }
}

/**
 * Makes a typed error of what SQLite threw.
 *
 * @param what What cannot be done, with the path of the file: `Cannot list set.sqlite`.
 * @param cause What SQLite threw.
 * @param details The sample or the option that it is about.
 * @returns The error; `cause` itself if it is one already.
 */
export function sqliteError(
  what: string,
  cause: unknown,
  details: ErrorDetails = {},
): CassetteError {
  if (cause instanceof CassetteError) return cause;
  const { errcode, code, message } = cause as Error & { errcode?: number; code?: string };
  const received = `received ${message}`;
  const all = { ...details, cause };
  if (isBusy(cause)) {
    return new FetchTimeoutError(
      `${what} as no other connection may lock it for longer than busyTimeout: ${received}`,
      all,
    );
  }
  const primary = errcode === undefined ? codeOf(message) : errcode & 0xff;
  // What is not SQLite's own is a lack of permission.
  if (NO_DATABASE.includes(primary) || code !== SQLITE_CODE) {
    return new UsageError(`${what} as it must be a SQLite database: ${received}`, {
      option: "path",
      ...all,
    });
  }
  if (primary === OF_STATEMENT && !MALFORMED.test(message)) {
    return new SchemaError(`${what} as its tables and columns must be readable: ${received}`, all);
  }
  return new FetchError(`${what} as the file must be readable: ${received}`, all);
}

/** The code of an error of opening a file or of `exec`, which tell none. */
function codeOf(message: string): number {
  if (/unable to open|not a database/.test(message)) return NO_DATABASE[0];
  return MALFORMED.test(message) ? CORRUPT : OF_STATEMENT;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
