import { OptionCheck } from "../check.ts";
import { UsageError } from "../errors.ts";
import { IdList } from "../ids.ts";
import { checkList, type SampleList } from "./list_builder.ts";
import { ColumnBuilder } from "./column_builder.ts";
import { checkFree, type WriteFileOptions } from "./place_file.ts";
import { type ListColumn, NO_TEXT, NumberColumn, TextColumn } from "./list_column.ts";
import { bytesOf, numbers, type SectionFile, unpackSections, writeSections } from "./sections.ts";

/** What a list file begins with. */
export const LIST_MAGIC = "CASSLIST";

/** What a list file says of itself. */
export interface ListHeader {
  /** Number of samples. */
  count: number;
  /** Number and name of each class. */
  classes: [number, string][];
  /** Its columns. */
  columns: { name: string; kind: "text" | "number" }[];
}

/**
 * Writes a list into one compact file: 20 bytes a sample, and what its columns take; 1.3 million
 * samples are 26 MB.
 *
 * @param path Path of the file.
 * @param list The list.
 * @param options Whether a file that is there is replaced.
 * @returns Once the file is there; it is whole or not there.
 * @throws {UsageError} If the list is none, or the file cannot be written, or is there already and
 *   is not to be replaced.
 */
export async function writeList(
  path: string,
  list: SampleList,
  options: WriteFileOptions = {},
): Promise<void> {
  checkList(new OptionCheck("write a list"), list);
  await checkFree(path, options);
  await writeSections(path, LIST_MAGIC, listSections(list), options);
}

/**
 * Reads a list that {@linkcode writeList} or `cassette list` wrote.
 *
 * @param path Path of the file.
 * @returns The list.
 * @throws {UsageError} If the file cannot be read, is no list, or is damaged.
 * @example
 * ```ts
 * import { IdList, readList, writeList } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/cats.list`;
 * const ids = IdList.from([crypto.randomUUID()]);
 * await writeList(path, {
 *   ids,
 *   labels: Int32Array.of(3),
 *   classes: new Map([[3, "cat"]]),
 *   columns: new Map(),
 * });
 * const list = await readList(path);
 * assertEquals([list.ids.at(0), list.labels[0], list.classes.get(3)], [ids.at(0), 3, "cat"]);
 * ```
 */
export async function readList(path: string): Promise<SampleList> {
  return listOf(unpackSections(path, LIST_MAGIC, await readFile(path)));
}

/**
 * Puts a list into sections.
 *
 * @param list The list.
 * @returns Header and sections.
 */
export function listSections(list: SampleList): SectionFile {
  const sections = new Map<string, Uint8Array<ArrayBuffer>>([
    ["ids", list.ids.bytes],
    ["labels", bytesOf(list.labels)],
  ]);
  const header: ListHeader = { count: list.ids.length, classes: [...list.classes], columns: [] };
  for (const [name, some] of list.columns) {
    const at = header.columns.length;
    const column = some instanceof NumberColumn || some instanceof TextColumn ? some : copy(some);
    if (column instanceof NumberColumn) {
      header.columns.push({ name, kind: "number" });
      sections.set(`column${at}`, bytesOf(column.values));
    } else {
      header.columns.push({ name, kind: "text" });
      const { codes, texts } = column;
      sections.set(`column${at}`, bytesOf(codeType(texts.length).from(codes)));
      sections.set(`texts${at}`, textBytes(texts));
    }
  }
  return { header: { ...header }, sections };
}

/**
 * Makes a list of sections.
 *
 * @param file Header and sections.
 * @returns The list.
 */
export function listOf({ header, sections }: SectionFile): SampleList {
  const { classes, columns } = header as unknown as ListHeader;
  const made = new Map<string, ListColumn>();
  columns.forEach(({ name, kind }, at) => {
    const bytes = sections.get(`column${at}`);
    if (kind === "number") {
      made.set(name, new NumberColumn(numbers(bytes, Float64Array)));
      return;
    }
    const texts: string[] = JSON.parse(new TextDecoder().decode(sections.get(`texts${at}`)));
    made.set(name, new TextColumn(texts, widen(bytes!, texts.length)));
  });
  return {
    ids: new IdList(sections.get("ids") ?? new Uint8Array()),
    labels: numbers(sections.get("labels"), Int32Array),
    classes: new Map(classes),
    columns: made,
  };
}

/**
 * Reads a file whole.
 *
 * @param path Its path.
 * @returns Its bytes.
 * @throws {UsageError} If it cannot be read.
 */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new UsageError(
      `Cannot read ${path} as it must be a file: received ${(cause as Error).message}`,
      { option: "path", cause },
    );
  }
}

/** A type of array for codes of texts. */
export interface CodeType {
  new (buffer: ArrayBuffer, offset: number, length: number): Codes;
  readonly BYTES_PER_ELEMENT: number;
  from(source: Iterable<number>, map?: (code: number) => number): Codes;
}

type Codes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/**
 * The type in which codes of texts are written: as few bytes as their number allows; its greatest
 * number is null.
 *
 * @param count Number of texts.
 * @returns The type of the array.
 */
export function codeType(count: number): CodeType {
  if (count >= 0xffff) return Uint32Array;
  return count >= 0xff ? Uint16Array : Uint8Array;
}

/**
 * Writes texts.
 *
 * @param texts The texts of a column.
 * @returns The bytes of their section.
 */
export function textBytes(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(texts));
}

function widen(bytes: Uint8Array<ArrayBuffer>, count: number): Uint32Array<ArrayBuffer> {
  const type = codeType(count);
  if (type.BYTES_PER_ELEMENT === 4) return numbers(bytes, Uint32Array);
  const none = 2 ** (8 * type.BYTES_PER_ELEMENT) - 1;
  return Uint32Array.from(numbers(bytes, type), (code) => (code === none ? NO_TEXT : code));
}

function copy(column: ListColumn): NumberColumn | TextColumn {
  const builder = new ColumnBuilder();
  for (const value of column) builder.push(value);
  return builder.column(builder.take());
}
