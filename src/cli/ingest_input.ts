import process from "node:process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Companion, labelFiles, labelTable, maskFiles } from "../dataset/companion.ts";
import { csvInput, type FieldNames } from "../dataset/csv.ts";
import { folderInput } from "../dataset/folder.ts";
import type { DatasetInput, GetData } from "../dataset/input.ts";
import { linesInput } from "../dataset/lines.ts";
import { parquetInput } from "../dataset/parquet.ts";
import type { WholeSchema } from "../dataset/schema.ts";
import { tarInput } from "../dataset/tar.ts";
import { UsageError } from "../errors.ts";

/** What the command line says of where pictures come from. */
export interface InputFlags {
  /** Read records from standard input. */
  stdin?: boolean;
  /** Folder of masks. */
  masks?: string;
  /** What a mask's name has before its extension. */
  maskSuffix: string;
  /** Folder or JSON file of labels that are arrays. */
  labels?: string;
  /** File with the names of the classes. */
  classes?: string;
  /** Folder that paths are relative to. */
  root?: string;
  /** Expression whose named groups are columns. */
  pathColumns?: string;
  pathField?: string;
  labelField?: string;
  classField?: string;
  labelFileField?: string;
  imageField?: string;
  /** Module whose default export reads pictures. */
  getData?: string;
}

/**
 * Opens what is to be ingested: a folder, a manifest, shards, Parquet files, or standard input.
 *
 * @param paths Arguments of the command.
 * @param flags Its options.
 * @param schema Columns of the tables.
 * @returns The input.
 * @throws {UsageError} If the arguments do not go together, or cannot be read.
 */
export async function openInput(
  paths: string[],
  flags: InputFlags,
  schema: WholeSchema,
): Promise<DatasetInput> {
  const classes = flags.classes === undefined ? undefined : await readClasses(flags.classes);
  const { columns } = schema;
  if (flags.stdin || paths.length === 0) {
    if (flags.stdin && paths.length === 0) {
      checkOptions("stdin", flags);
      return linesInput(process.stdin, classes);
    }
    throw new UsageError(
      `Cannot ingest as either --stdin or files must be given: received ${
        flags.stdin ? "both" : "neither"
      }`,
      { option: "stdin" },
    );
  }
  const kinds = new Set(await Promise.all(paths.map(kindOf)));
  const [kind] = kinds;
  if (kinds.size > 1 || (paths.length > 1 && kind === "csv")) {
    throw new UsageError(
      `Cannot ingest as there must be folders, one .csv file, or .tar or .parquet files alone: received ${
        paths.join(", ")
      }`,
    );
  }
  checkOptions(kind, flags);
  const { root } = flags;
  switch (kind) {
    case "csv":
      return await csvInput(paths[0], {
        root,
        fields: fields(flags),
        classes,
        columns,
      });
    case "tar":
      return await tarInput(paths, { classes, columns, label: flags.labelField, root });
    case "parquet":
      return await parquetInput(paths, {
        imageColumn: flags.imageField,
        labelColumn: flags.labelField,
        classes,
        columns,
        root,
      });
    case "folder": {
      const companion = await companionOf(flags);
      const pathColumns = pathPattern(flags.pathColumns, columns);
      return await folderInput(paths, { classes, companion, pathColumns, root });
    }
  }
}

/** What is read, and the options that say something of it. */
const OPTIONS: Readonly<Record<Kind | "stdin", readonly (keyof InputFlags)[]>> = {
  folder: ["root", "masks", "maskSuffix", "labels", "pathColumns", "getData"],
  csv: ["root", "pathField", "labelField", "classField", "labelFileField", "getData"],
  tar: ["root", "labelField"],
  parquet: ["root", "labelField", "imageField"],
  stdin: ["getData"],
};

type Kind = "folder" | "csv" | "tar" | "parquet";

/** An option that says nothing of what is read is a mistake that would show late. */
function checkOptions(kind: Kind | "stdin", flags: InputFlags): void {
  for (const name of new Set(Object.values(OPTIONS).flat())) {
    if (!flags[name] || OPTIONS[kind].includes(name)) continue;
    const kinds = Object.entries(OPTIONS).filter(([, names]) => names.includes(name));
    const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(
      `Cannot ingest as --${option} must be for ${
        kinds.map(([kind]) => NAMES[kind as Kind]).join(" or ")
      }: received ${NAMES[kind]}`,
      { option },
    );
  }
}

const NAMES = {
  folder: "a folder",
  csv: "a manifest",
  tar: "tar files",
  parquet: "Parquet files",
  stdin: "standard input",
};

function pathPattern(text: string | undefined, columns: object): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    const expression = new RegExp(text);
    // What always matches has all groups.
    const groups = new RegExp(`${text}|`).exec("")?.groups ?? {};
    for (const name of Object.keys(groups)) {
      if (Object.hasOwn(columns, name)) continue;
      throw new UsageError(
        `Cannot use --path-columns as its groups must be columns, given by --column: received "${name}"`,
        { option: "path-columns" },
      );
    }
    return expression;
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      `Cannot use --path-columns as it must be a regular expression: received "${text}" (${
        (cause as Error).message
      })`,
      { option: "path-columns", cause },
    );
  }
}

/**
 * Loads a module whose default export reads pictures.
 *
 * @param path Path of the module.
 * @returns The function.
 * @throws {UsageError} If there is none.
 */
export async function loadGetData(path: string | undefined): Promise<GetData | undefined> {
  if (path === undefined) return undefined;
  const module = await import(pathToFileURL(resolve(path)).href).catch((cause) => {
    throw new UsageError(
      `Cannot use --get-data as it must be a module: received ${(cause as Error).message}`,
      { option: "get-data", cause },
    );
  });
  if (typeof module.default === "function") return module.default;
  throw new UsageError(
    `Cannot use --get-data as the default export of ${path} must be a function: received ${typeof module
      .default}`,
    { option: "get-data" },
  );
}

async function kindOf(path: string): Promise<Kind> {
  if (/\.csv$/i.test(path)) return "csv";
  if (/\.(tar|tgz|tar\.gz)$/i.test(path)) return "tar";
  if (/\.parquet$/i.test(path)) return "parquet";
  const found = await Deno.stat(path).catch(() => undefined);
  if (found?.isFile !== true) return "folder";
  throw new UsageError(
    `Cannot ingest as there must be a folder, or .csv, .tar or .parquet files: received ${path}`,
  );
}

async function companionOf(flags: InputFlags): Promise<Companion | undefined> {
  if (flags.masks !== undefined) return maskFiles(flags.masks, flags.maskSuffix);
  if (flags.labels === undefined) return undefined;
  return /\.json$/i.test(flags.labels) ? await labelTable(flags.labels) : labelFiles(flags.labels);
}

function fields(flags: InputFlags): FieldNames {
  const { pathField: path, labelField: label, classField: className, labelFileField: labelFile } =
    flags;
  return { path, label, className, labelFile };
}

async function readClasses(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    throw new UsageError(
      `Cannot use --classes as it must be a file with a class on each line: received ${cause.message}`,
      { option: "classes", cause },
    );
  });
  return text.trimEnd().split(/\r?\n/);
}
