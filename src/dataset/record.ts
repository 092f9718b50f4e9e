import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { OptionCheck } from "../check.ts";
import { formatId } from "../ids.ts";
import type { NumberedClass, Numbering } from "./class_map.ts";
import type { ColumnValue } from "./schema.ts";

/** One picture of a data set, as it is written. */
export interface SampleRecord {
  /** Id of the sample: a UUID, 16 bytes. */
  id: Uint8Array<ArrayBuffer>;
  /** Path of the file within the data set. */
  path: string;
  /** Name of the class; empty where there is none. */
  className: string;
  /** Number of the class, the bytes of a mask or an array, or null. */
  label: number | Uint8Array | null;
  /** The encoded picture. */
  data: Uint8Array;
  /** Values of the columns of one's own. */
  columns?: Readonly<Record<string, ColumnValue>>;
  /**
   * Hash of all that the record was made of, by which a later ingest knows that it is done; made of
   * the record itself when left out.
   */
  origin?: Uint8Array;
  /** SHA-256 of the data, where it is known. */
  hash?: Uint8Array;
}

/** Where records are written to. */
export interface DatasetWriter extends AsyncDisposable {
  /** Name for messages. */
  readonly name: string;
  /**
   * Creates the tables that are missing.
   *
   * @param signal Ends a wait for other connections.
   */
  createTables(signal?: AbortSignal): Promise<void>;
  /**
   * Tells whether there are no records yet.
   *
   * @returns True if so.
   */
  isEmpty(): Promise<boolean>;
  /**
   * Looks up what a stored record was made of.
   *
   * @param record Names the record by its id and columns.
   * @returns Its `origin`; undefined if it is not stored.
   */
  origin(record: Pick<SampleRecord, "id" | "columns">): Promise<Uint8Array | undefined>;
  /**
   * Writes one record: its data first, then its metadata, so that no metadata row lacks its data.
   *
   * Several may be under way.
   *
   * @param record The record.
   * @param signal Ends a wait for other connections.
   * @returns When the record is stored, or will be by `flush`.
   * @throws {IngestError} With the id of the sample, if this record cannot be stored; all else ends an
   *   ingest.
   */
  write(record: SampleRecord, signal?: AbortSignal): Promise<void>;
  /**
   * Waits until all records are stored.
   *
   * @param signal Ends a wait for other connections.
   */
  flush(signal?: AbortSignal): Promise<void>;
  /**
   * Puts classes into the map that is stored with the tables, at once with other ingests.
   *
   * @param wanted The classes.
   * @param numbering Where their numbers come from: see `newClasses`.
   * @param signal Ends a wait for other connections.
   * @returns Number of each class of the data set; undefined where labels are no numbers. Left out by
   *   a writer that keeps no map.
   * @throws {SchemaError} If a class would have two numbers, or a number two classes.
   */
  numberClasses?(
    wanted: readonly NumberedClass[],
    numbering: Numbering,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, number> | undefined>;
}

// Hashes of short texts are in plain JavaScript: what `node:crypto` makes for each is freed by a full
// collection only, by when an ingest has hundreds of thousands of them, 65 MiB.
const UTF8 = new TextEncoder();

/** Namespace of the ids that are made of paths; drawn at random, once. */
const NAMESPACE = Uint8Array.fromHex("5c1b6d0e9f5a4d7db2a3c0f4e1867a92");

/** Bytes of an origin: half a SHA-256 is enough to tell records of one path apart. */
const ORIGIN_BYTES = 16;

/**
 * Makes an id of a path: the same path always gives the same id, so that ingesting twice doubles nothing.
 *
 * @param path Path of the file within the data set.
 * @returns A UUID of version 5 (RFC 9562, section 5.5), 16 bytes.
 * @throws {UsageError} If the path is no text, or empty.
 * @example
 * ```ts
 * import { formatId, pathId } from "@cassette/loader";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(formatId(pathId("cat/1.jpg")), /^.{8}-.{4}-5.{3}-[89ab].{3}-.{12}$/);
 * ```
 */
export function pathId(path: string): Uint8Array<ArrayBuffer> {
  const isPath = typeof path === "string" && path !== "";
  new OptionCheck("make an id").that(isPath, "path", "a text that is not empty", path);
  const id = sha1.create().update(NAMESPACE).update(UTF8.encode(path.normalize("NFC"))).digest()
    .slice(0, 16);
  id[6] = (id[6] & 0x0f) | 0x50;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

/**
 * Hashes the contents of a blob, as it stands in the metadata table.
 *
 * @param data The blob.
 * @returns Its SHA-256 (FIPS 180-4), 32 bytes.
 * @throws {UsageError} If there are no bytes.
 */
export function contentHash(data: Uint8Array): Uint8Array<ArrayBuffer> {
  new OptionCheck("hash a blob").that(data instanceof Uint8Array, "data", "bytes", data);
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/**
 * Hashes all that a record is made of.
 *
 * @param record The record, with its data as they were read.
 * @param recipe What is done to the data before they are stored; empty for nothing.
 * @param dataHash Content hash of the data, where it is known.
 * @param labelHash Content hash of a label of bytes, where it is known.
 * @returns The hash, 16 bytes.
 */
export function recordOrigin(
  { className, label, columns = {}, data }: SampleRecord,
  recipe = "",
  dataHash: Uint8Array = contentHash(data),
  labelHash?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const shownLabel = label instanceof Uint8Array
    ? Buffer.from(labelHash ?? contentHash(label))
    : label;
  const names = Object.keys(columns).sort();
  const rest = [recipe, className, shownLabel, names.map((name) => [name, columns[name]])];
  return sha256.create().update(dataHash).update(UTF8.encode(JSON.stringify(rest))).digest()
    .slice(0, ORIGIN_BYTES);
}

/** Compares two runs of bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
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
