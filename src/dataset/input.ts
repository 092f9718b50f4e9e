import type { Numbering } from "./class_map.ts";
import type { ColumnValue } from "./schema.ts";

/** What an item reads: the encoded picture, and the label where it is a file of its own. */
export interface ItemContents {
  /** The encoded picture. */
  data: Uint8Array;
  /** Bytes of a mask or an array; the item's own label when left out. */
  label?: Uint8Array;
}

/** One picture that is to be ingested, before it is read. */
export interface InputItem {
  /** Name of the picture within the data set; its id is made of it. */
  path: string;
  /** Path that it gets where another item has `path`; refused there when left out. */
  pathIfTaken?: string;
  /** Where it stands in the input, for messages: a file, and the row or the member in it. */
  place?: string;
  /** Why there is nothing to read; then `path` is a name for messages only. */
  fault?: Error;
  /** Name of the class; empty where there is none. */
  className: string;
  /** Number of the class; null where there is none or `read` gives the label. */
  label: number | null;
  /** Where the number comes from, if not from where those of the input do. */
  numbering?: Numbering;
  /** Values of the columns of one's own. */
  columns?: Readonly<Record<string, ColumnValue>>;
  /**
   * Reads picture and label.
   *
   * @param getData Reads the picture in place of the input.
   * @returns What was read.
   */
  read(getData?: GetData): Promise<ItemContents>;
}

/**
 * Reads a picture in place of the input.
 *
 * @param file Path of its file: the input's folder, and the path within the data set.
 * @param path The path within the data set alone, such as a key of a store.
 * @returns The encoded picture.
 */
export type GetData = (file: string, path: string) => Promise<Uint8Array>;

/** What an item may take at most. */
export interface InputLimits {
  /** Bytes of a picture, of a label, and of all files of a sample of a shard together. */
  maxBlobBytes: number;
}

/** How far an input has been read. */
export interface InputPosition {
  /** Units read. */
  done: number;
  /** Units in all; undefined where that is not known. */
  total?: number;
  /** What is counted: `files`, `rows`, `MiB`. */
  unit: string;
}

/**
 * Makes an item of which there is nothing but a reason to leave it out.
 *
 * @param path What names it in messages.
 * @param fault The reason.
 * @returns The item.
 */
export function faultyItem(path: string, fault: Error): InputItem {
  return { path, className: "", label: null, fault, read: () => Promise.reject(fault) };
}

/** Where pictures are ingested from: a folder, a manifest, tar or Parquet files, or lines. */
export interface DatasetInput {
  /** Name for messages. */
  readonly name: string;
  /** Names of the classes by label; filled by the time the items have been read. */
  readonly classes: readonly string[];
  /** Where the numbers of the classes come from; they were `given` when left out. */
  readonly numbering?: Numbering;
  /** True where pictures come with the items, as in archives: `getData` has nothing to read. */
  readonly holdsData?: boolean;
  /** Files that are no pictures by their ending, and how many of each; filled as items are read. */
  readonly passedOver?: ReadonlyMap<string, number>;
  /**
   * Iterates over the items, in the same order each time.
   *
   * @param limits What an item may take; what takes more has a `fault`, or throws when it is read.
   * @returns The items.
   */
  items(limits?: InputLimits): AsyncIterable<InputItem>;
  /**
   * How far the items have been read.
   *
   * @param handled Items that are done with.
   * @returns How much of the input that is.
   */
  position(handled: number): InputPosition;
}
