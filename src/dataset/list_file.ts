import { UsageError } from "../errors.ts";
import { IdList } from "../ids.ts";
import type { SampleList } from "./list_builder.ts";
import { type ListColumn, NumberColumn, TextColumn } from "./list_column.ts";
import { bytesOf, numbers, packSections, type SectionFile, unpackSections } from "./sections.ts";

const MAGIC = "CASSLIST";

interface ListHeader {
  count: number;
  classes: [number, string][];
  columns: { name: string; kind: "text" | "number" }[];
}

/**
 * Writes a list into one compact file: 20 bytes a sample, and what its columns take; 1.3 million
 * samples are 26 MB.
 *
 * @param path Path of the file.
 * @param list The list.
 * @returns Once the file is there; it is whole or not there.
 */
export async function writeList(path: string, list: SampleList): Promise<void> {
  await writeWhole(path, packSections(MAGIC, listSections(list)));
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
 * const path = await Deno.makeTempFile();
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
  return listOf(unpackSections(path, MAGIC, await readFile(path)));
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
  for (const [name, column] of list.columns) {
    const at = header.columns.length;
    if (column instanceof NumberColumn) {
      header.columns.push({ name, kind: "number" });
      sections.set(`column${at}`, bytesOf(column.values));
      continue;
    }
    const texts = column instanceof TextColumn ? column : textColumn(column);
    header.columns.push({ name, kind: "text" });
    sections.set(`column${at}`, bytesOf(narrow(texts.codes, texts.texts.length)));
    sections.set(`texts${at}`, new TextEncoder().encode(JSON.stringify(texts.texts)));
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

/**
 * Writes a file so that who reads it meanwhile sees the old one or the new one.
 *
 * @param path Its path.
 * @param bytes Its bytes.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.new`;
  try {
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Codes in as few bytes as their number allows; the greatest of the type is null. */
function narrow(codes: Uint32Array<ArrayBuffer>, count: number) {
  if (count >= 0xffff) return codes;
  return count >= 0xff ? Uint16Array.from(codes) : Uint8Array.from(codes);
}

function widen(bytes: Uint8Array<ArrayBuffer>, count: number): Uint32Array<ArrayBuffer> {
  if (count >= 0xffff) return numbers(bytes, Uint32Array);
  const [codes, none] = count >= 0xff ? [numbers(bytes, Uint16Array), 0xffff] : [bytes, 0xff];
  return Uint32Array.from(codes, (code) => (code === none ? 0xffffffff : code));
}

function textColumn(column: ListColumn): TextColumn {
  const texts = new TextColumn();
  for (const value of column) texts.push(value === null ? null : String(value));
  return texts;
}
