import { OptionCheck } from "../check.ts";
import type { IdList } from "../ids.ts";
import { checkList } from "./list_builder.ts";
import { listOf, listSections, readFile } from "./list_file.ts";
import { checkFree, type WriteFileOptions } from "./place_file.ts";
import { unpackSections, writeSections } from "./sections.ts";
import { type SampleSplit, splitPart, type SplitProvenance } from "./split.ts";

const MAGIC = "CASSSPLT";

/**
 * Writes a split into one file, with the list that it cuts and where it comes from.
 *
 * @param path Path of the file.
 * @param split The split.
 * @param options Whether a file that is there is replaced.
 * @returns Once the file is there; it is whole or not there.
 * @throws {UsageError} If it is no split, or the file cannot be written, or is there already and is
 *   not to be replaced.
 */
export async function writeSplit(
  path: string,
  split: SampleSplit,
  options: WriteFileOptions = {},
): Promise<void> {
  const check = new OptionCheck("write a split");
  check.that(typeof split === "object" && split !== null, "split", "a SampleSplit", split);
  checkList(check, split.list);
  const isPart = split.part instanceof Uint8Array && split.part.length === split.list.ids.length;
  check.that(isPart, "split.part", "a byte for each id", split.part);
  await checkFree(path, options);
  const { header, sections } = listSections(split.list);
  sections.set("part", split.part);
  const { parts, provenance } = split;
  const file = { header: { ...header, parts, provenance }, sections };
  await writeSections(path, MAGIC, file, options);
}

/**
 * Reads a split that {@linkcode writeSplit} or `cassette split` wrote.
 *
 * @param path Path of the file.
 * @returns The split.
 * @throws {UsageError} If the file cannot be read, is no split, or is damaged.
 */
export async function readSplitFile(path: string): Promise<SampleSplit> {
  const file = unpackSections(path, MAGIC, await readFile(path));
  const { parts, provenance } = file.header as { parts: string[]; provenance: SplitProvenance };
  const part = file.sections.get("part") ?? new Uint8Array();
  return { list: listOf(file), parts, part, provenance };
}

/**
 * Reads the ids of one part of a split, as a `Loader` takes them.
 *
 * @param path Path of the file.
 * @param part Name of the part, such as `train`.
 * @returns The ids.
 * @throws {UsageError} If the file cannot be read, is no split, is damaged, or has no such part.
 * @example
 * ```ts
 * import { IdList, readSplit, splitList, writeSplit } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = IdList.from([crypto.randomUUID(), crypto.randomUUID()]);
 * const list = { ids, labels: new Int32Array(2), classes: new Map(), columns: new Map() };
 * const path = `${await Deno.makeTempDir()}/cats.split`;
 * await writeSplit(path, splitList(list, { counts: { train: 1, val: 1 } }));
 * const train = await readSplit(path, "train"); // new Loader({ ids: train, … })
 * assertEquals(train.length, 1);
 * ```
 */
export async function readSplit(path: string, part: string): Promise<IdList> {
  return splitPart(await readSplitFile(path), part).ids;
}
