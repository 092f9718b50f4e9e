import { basename, join, resolve } from "node:path";
import { OptionCheck } from "../check.ts";
import { UsageError } from "../errors.ts";
import type { Companion } from "./companion.ts";
import { Endings } from "./endings.ts";
import {
  type DatasetInput,
  faultyItem,
  type GetData,
  type InputItem,
  type InputLimits,
} from "./input.ts";
import { readRegular } from "./read_file.ts";
import { belowRoot, rootOf } from "./roots.ts";
import type { ColumnValue } from "./schema.ts";
import { walkPictures } from "./walk.ts";

/** One picture file of a folder. */
export interface FolderEntry {
  /** Path below the folder, with `/` between its parts. */
  path: string;
  /** Name of the class: the first folder of the path; the empty string where there is none. */
  className: string;
  /** Number of the class in alphabetical order, from 0. */
  label: number;
}

/** Options of {@linkcode folderInput}. */
export interface FolderOptions {
  /** Names of the classes by label; the folders in alphabetical order when left out. */
  classes?: readonly string[];
  /** Where the label of each picture is, if it is no class: see {@linkcode maskFiles}. */
  companion?: Companion;
  /** Named groups of this expression, matched against the path, become columns of one's own. */
  pathColumns?: RegExp;
  /**
   * Folder in which the folders lie, and below which paths begin; the folder itself, or the deepest
   * one that holds all of several, when left out.
   */
  root?: string;
}

/**
 * Lists the pictures of a folder that has one folder for each class.
 *
 * Pictures that lie in the folder itself belong to one class without a name.
 *
 * @param folder Path of the folder.
 * @returns The pictures, ordered by path, and the names of the classes by number.
 * @throws {UsageError} If the folder cannot be read or has no pictures.
 */
export async function listFolder(
  folder: string,
): Promise<{ entries: FolderEntry[]; classes: string[] }> {
  const { classes } = await survey([folder]);
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const entries: FolderEntry[] = [];
  for await (const { path, fault } of walkPictures(folder)) {
    if (fault) continue;
    const className = classOf(path);
    entries.push({ path, className, label: numbers.get(className)! });
  }
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries, classes };
}

/**
 * Takes pictures from folders that have one folder for each class.
 *
 * A folder is walked twice, first to count and to number the classes; only the names in one folder
 * at a time are kept. Links to folders are followed, each target once. Of several folders, pictures
 * that lie in one of them directly are of the class of its name.
 *
 * @param folder Path of the folder, or paths of several.
 * @param options Classes, masks or labels beside the pictures, columns from the paths, and the root.
 * @returns The input.
 * @throws {UsageError} If an option is wrong, or a folder cannot be read or has no pictures.
 */
export async function folderInput(
  folder: string | readonly string[],
  options: FolderOptions = {},
): Promise<DatasetInput> {
  const check = new OptionCheck("read a folder");
  check.names(options, { classes: true, companion: true, pathColumns: true, root: true });
  check.texts("classes", options.classes);
  const reads = options.companion === undefined || typeof options.companion?.read === "function";
  check.that(reads, "companion", "a Companion, such as maskFiles()", options.companion);
  const isPattern = options.pathColumns === undefined || options.pathColumns instanceof RegExp;
  check.that(isPattern, "pathColumns", "a RegExp", options.pathColumns);
  check.text("root", options.root);
  const folders = Array.isArray(folder) ? folder as readonly string[] : [folder as string];
  const arePaths = folders.length > 0 && folders.every((path) => typeof path === "string" && path);
  check.that(!!arePaths, "folder", "a path", folder);
  const found = await survey(folders);
  const root = rootOf(folders, options.root);
  const classes = options.classes ?? found.classes;
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const { companion, pathColumns } = options;
  let passedOver = new Endings();
  return {
    name: folders.length === 1 ? folders[0] : `${folders.length} folders`,
    classes,
    numbering: options.classes ? "given" : "own",
    get passedOver() {
      return passedOver.counts;
    },
    async *items(limits?: InputLimits): AsyncIterable<InputItem> {
      passedOver = new Endings();
      for (const folder of folders) {
        const from = belowRoot(root, folder);
        for await (const { path: below, fault } of walkPictures(folder, passedOver)) {
          const path = from === "" ? below : `${from}/${below}`;
          if (fault) {
            yield faultyItem(path, fault);
            continue;
          }
          const file = join(folder, below);
          const className = classIn(folder, below, folders.length);
          const label = numbers.get(className);
          yield {
            path,
            place: file,
            className,
            label: companion ? null : label ?? null,
            columns: columnsOf(path, pathColumns),
            async read(getData?: GetData) {
              if (!companion && label === undefined) throw unknownClass(path, className);
              const data = await (getData?.(file, path) ?? readRegular(file, limits?.maxBlobBytes));
              return { data, label: await companion?.read(path, limits?.maxBlobBytes) };
            },
          };
        }
      }
    },
    position: (done) => ({ done, total: found.count, unit: "files" }),
  };
}

/**
 * Numbers a class.
 *
 * @param classes Names of the classes by number.
 * @param name Name of the class.
 * @returns Its number; undefined where it is none of them.
 */
export function classNumber(classes: readonly string[], name: string): number | undefined {
  const number = classes.indexOf(name);
  return number < 0 ? undefined : number;
}

/**
 * Makes the error of a class that has no number.
 *
 * @param path The picture.
 * @param className Its class.
 * @returns The error.
 */
export function unknownClass(path: string, className: string): UsageError {
  return new UsageError(
    `Cannot number the class of ${path} as it must be one of the classes that are given: received "${className}"`,
    { option: "classes" },
  );
}

/**
 * The class that a path tells.
 *
 * @param path Path below the data set's folder.
 * @returns Its first folder; empty where there is none.
 */
export function classOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/**
 * The columns that a path tells.
 *
 * @param path Path below the data set's folder.
 * @param expression Its named groups are the columns.
 * @returns Their values; undefined without an expression.
 */
export function columnsOf(
  path: string,
  expression: RegExp | undefined,
): Record<string, ColumnValue> | undefined {
  if (!expression) return undefined;
  const groups = new RegExp(expression.source, expression.flags.replace(/[gy]/g, "")).exec(path)
    ?.groups;
  return Object.fromEntries(
    Object.entries(groups ?? {}).map(([name, value]) => [name, value ?? null]),
  );
}

/** The class of a picture in one of so many folders. */
function classIn(folder: string, below: string, folders: number): string {
  return classOf(below) || (folders > 1 ? basename(resolve(folder)) : "");
}

async function survey(
  folders: readonly string[],
): Promise<{ count: number; classes: string[] }> {
  const classes = new Set<string>();
  let count = 0;
  const check = new OptionCheck("read a folder");
  for (const folder of folders) {
    check.that(typeof folder === "string" && folder !== "", "folder", "a path", folder);
    const before = count;
    for await (const { path, fault } of walkPictures(folder)) {
      if (fault) continue;
      classes.add(classIn(folder, path, folders.length));
      count++;
    }
    if (count > before) continue;
    throw new UsageError(
      `Cannot read ${folder} as a data set as it must hold .jpg, .jpeg, .png or .tif files: received none`,
    );
  }
  return { count, classes: [...classes].sort() };
}
