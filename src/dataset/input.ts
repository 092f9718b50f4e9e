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

/** How far an input has been read. */
export interface InputPosition {
  /** Units read. */
  done: number;
  /** Units in all; undefined where that is not known. */
  total?: number;
  /** What is counted: `files`, `rows`, `MiB`. */
  unit: string;
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
  /**
   * Iterates over the items.
   *
   * @returns The items; those of which only the name is known throw when they are read.
   */
  items(): AsyncIterable<InputItem>;
  /**
   * How far the items have been read.
   *
   * @param handled Items that are done with.
   * @returns How much of the input that is.
   */
  position(handled: number): InputPosition;
}
