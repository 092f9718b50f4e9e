import { createHash } from "node:crypto";
import { formatId } from "../ids.ts";

/** One picture of a data set, as it is ingested. */
export interface SampleRecord {
  /** Id of the sample: a UUID, 16 bytes. */
  id: Uint8Array<ArrayBuffer>;
  /** Path of the file within the data set. */
  path: string;
  /** Name of the class. */
  className: string;
  /** Number of the class. */
  label: number;
  /** The encoded picture. */
  data: Uint8Array;
}

/** Where records are written to. */
export interface DatasetWriter extends AsyncDisposable {
  /** Name for messages. */
  readonly name: string;
  /** Creates the tables that are missing. */
  createTables(): Promise<void>;
  /**
   * Writes one record: its data first, then its metadata, so that no metadata row lacks its data.
   *
   * Resolves when another record may be written; failures come from here or from `flush`.
   */
  write(record: SampleRecord): Promise<void>;
  /** Waits until all records are stored. */
  flush(): Promise<void>;
}

/** Namespace of the ids that are made of paths; drawn at random, once. */
const NAMESPACE = Uint8Array.fromHex("5c1b6d0e9f5a4d7db2a3c0f4e1867a92");

/**
 * Makes an id of a path: the same path always gives the same id, so that ingesting twice doubles nothing.
 *
 * @param path Path of the file within the data set.
 * @returns A UUID of version 5 (RFC 9562, section 5.5), 16 bytes.
 * @example
 * ```ts
 * import { formatId, pathId } from "@cassette/loader";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(formatId(pathId("cat/1.jpg")), /^.{8}-.{4}-5.{3}-[89ab].{3}-.{12}$/);
 * ```
 */
export function pathId(path: string): Uint8Array<ArrayBuffer> {
  const id = new Uint8Array(
    createHash("sha1").update(NAMESPACE).update(path.normalize("NFC")).digest().subarray(0, 16),
  );
  id[6] = (id[6] & 0x0f) | 0x50;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

/**
 * Names a record in messages.
 *
 * @param record The record.
 * @returns Its path and id.
 */
export function recordName(record: SampleRecord): string {
  return `${record.path} (${formatId(record.id)})`;
}
