import { join } from "node:path";
import { OptionCheck } from "../check.ts";
import { UsageError } from "../errors.ts";
import type { DatasetInput, GetData, InputItem } from "./input.ts";
import type { Companion } from "./companion.ts";
import type { ColumnValue } from "./schema.ts";

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
}

/** File names that are taken for pictures. */
const PICTURE = /\.(jpe?g|jpe|jfif|png|tiff?)$/i;

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
  const { classes } = await survey(folder);
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const entries: FolderEntry[] = [];
  for await (const path of walk(folder, "")) {
    const className = classOf(path);
    entries.push({ path, className, label: numbers.get(className)! });
  }
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries, classes };
}

/**
 * Takes pictures from a folder that has one folder for each class.
 *
 * The folder is walked twice, first to count and to number the classes; only the names in one
 * folder at a time are kept.
 *
 * @param folder Path of the folder.
 * @param options Classes, masks or labels beside the pictures, columns from the paths.
 * @returns The input.
 * @throws {UsageError} If an option is wrong, or the folder cannot be read or has no pictures.
 */
export async function folderInput(
  folder: string,
  options: FolderOptions = {},
): Promise<DatasetInput> {
  const check = new OptionCheck("read a folder");
  check.names(options, { classes: true, companion: true, pathColumns: true });
  check.texts("classes", options.classes);
  const reads = options.companion === undefined || typeof options.companion?.read === "function";
  check.that(reads, "companion", "a Companion, such as maskFiles()", options.companion);
  const isPattern = options.pathColumns === undefined || options.pathColumns instanceof RegExp;
  check.that(isPattern, "pathColumns", "a RegExp", options.pathColumns);
  const found = await survey(folder);
  const classes = options.classes ?? found.classes;
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const { companion, pathColumns } = options;
  return {
    name: folder,
    classes,
    numbering: options.classes ? "given" : "own",
    async *items(): AsyncIterable<InputItem> {
      for await (const path of walk(folder, "")) {
        const className = classOf(path);
        const label = numbers.get(className);
        yield {
          path,
          className,
          label: companion ? null : label ?? null,
          columns: columnsOf(path, pathColumns),
          async read(getData?: GetData) {
            if (!companion && label === undefined) throw unknownClass(path, className);
            const file = join(folder, path);
            const data = await (getData?.(file, path) ?? Deno.readFile(file));
            return { data, label: await companion?.read(path) };
          },
        };
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

async function survey(folder: string): Promise<{ count: number; classes: string[] }> {
  const classes = new Set<string>();
  let count = 0;
  const isPath = typeof folder === "string" && folder !== "";
  new OptionCheck("read a folder").that(isPath, "folder", "a path", folder);
  for await (const path of walk(folder, "")) {
    classes.add(classOf(path));
    count++;
  }
  if (count === 0) {
    throw new UsageError(
      `Cannot read ${folder} as a data set as it must hold .jpg, .jpeg, .png or .tif files: received none`,
    );
  }
  return { count, classes: [...classes].sort() };
}

async function* walk(folder: string, below: string): AsyncGenerator<string> {
  let names: Deno.DirEntry[];
  try {
    names = await Array.fromAsync(Deno.readDir(join(folder, below)));
  } catch (cause) {
    throw new UsageError(
      `Cannot read ${join(folder, below)} as a data set as it must be a readable folder: received ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isDirectory, isFile, isSymlink } of names) {
    const path = below ? `${below}/${name}` : name;
    if (isDirectory) yield* walk(folder, path);
    else if ((isFile || isSymlink) && PICTURE.test(name)) yield path;
  }
}
