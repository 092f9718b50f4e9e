import type { AsyncBuffer, FileMetaData } from "hyparquet";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError, UsageError } from "../errors.ts";
import { arrayLabel } from "./companion.ts";
import { classNumber, unknownClass } from "./folder.ts";
import { type DatasetInput, faultyItem, type InputItem } from "./input.ts";
import { compressors, readGroup } from "./parquet_pages.ts";
import { checkRegular } from "./read_file.ts";
import { belowRoot, rootOf } from "./roots.ts";
import type { ColumnType, ColumnValue } from "./schema.ts";

/** Options of {@linkcode parquetInput}. */
export interface ParquetOptions {
  /** Column of the pictures: bytes, or a struct of `bytes` and `path`; `image` when left out. */
  imageColumn?: string;
  /** Column of the labels: a class, a list, or a mask like a picture; `label` when left out. */
  labelColumn?: string;
  /** Names of the classes by label; those that Hugging Face's metadata name when left out. */
  classes?: readonly string[];
  /** Columns that are columns of one's own, with their types. */
  columns?: Record<string, ColumnType>;
  /** Folder below which the paths of files begin; the deepest one that holds all when left out. */
  root?: string;
}

interface OpenFile extends AsyncDisposable {
  name: string;
  buffer: AsyncBuffer;
  metadata: FileMetaData;
  /** Names of the columns of the whole row. */
  top: string[];
}

type Row = Record<string, unknown>;

/** Loaded only when a Parquet file comes. */
const hyparquet = () => import("hyparquet");

/**
 * Takes pictures from Parquet files as Hugging Face makes them, one row group after the other.
 *
 * A sample's path, of which its id is made, is the path of its file below the root and the path in its
 * row, or the number of its row. Of bare names that come again in a file, as Hugging Face writes
 * them where it leaves the folders out, those after the first have the number of their row before them.
 *
 * @param files Paths of the files.
 * @param options Names of the columns, and classes.
 * @returns The input.
 * @throws {UsageError} If an option is wrong, or a file is no Parquet file, or lacks the column of pictures.
 */
export async function parquetInput(
  files: readonly string[],
  options: ParquetOptions = {},
): Promise<DatasetInput> {
  const check = new OptionCheck("read Parquet files");
  check.texts("files", files, 1);
  const known = { imageColumn: true, labelColumn: true, classes: true, columns: true } as const;
  check.names(options, { ...known, root: true });
  check.text("root", options.root);
  check.texts("classes", options.classes);
  const { imageColumn = "image", labelColumn = "label" } = options;
  let total = 0;
  let classes = options.classes;
  for (const file of files) {
    await using opened = await openFile(file);
    total += Number(opened.metadata.num_rows);
    const { top } = opened;
    if (!top.includes(imageColumn)) {
      throw new UsageError(
        `Cannot read ${file} as imageColumn must be one of ${
          top.map((name) => `"${name}"`).join(", ")
        }: received "${imageColumn}"`,
        { option: "imageColumn" },
      );
    }
    classes ??= huggingFaceClasses(opened.metadata, labelColumn);
  }
  const names: readonly string[] = classes ?? [];
  const root = rootOf(files.map((file) => dirname(file)), options.root);
  return {
    name: files.length === 1 ? files[0] : `${files.length} Parquet files`,
    classes: names,
    holdsData: true,
    async *items(): AsyncIterable<InputItem> {
      for (const file of files) {
        const shard = belowRoot(root, file).replace(/\.parquet$/i, "");
        try {
          yield* readItems(file, shard, { ...options, imageColumn, labelColumn }, names);
        } catch (cause) {
          const error = new UnsupportedFormatError(
            `Cannot read the rest of ${file} as it must be a Parquet file: received ${
              (cause as Error).message
            }`,
            { cause },
          );
          yield faultyItem(file, error);
        }
      }
    },
    position: (done) => ({ done, total, unit: "rows" }),
  };
}

async function* readItems(
  file: string,
  shard: string,
  options: ParquetOptions & { imageColumn: string; labelColumn: string },
  classes: readonly string[],
): AsyncGenerator<InputItem> {
  await using opened = await openFile(file);
  const { parquetReadObjects } = await hyparquet();
  const { buffer, metadata, top } = opened;
  const own = options.columns ?? {};
  const columns = [options.imageColumn, options.labelColumn, ...Object.keys(own)]
    .filter((name) => top.includes(name));
  let first = 0;
  for (const group of metadata.row_groups) {
    const last = first + Number(group.num_rows);
    const where = `rows ${first} to ${last - 1} of ${file}`;
    let rows: Row[] | undefined;
    try {
      rows = await parquetReadObjects({
        file: await readGroup(buffer, group, columns),
        metadata,
        columns,
        rowStart: first,
        rowEnd: last,
        compressors: compressors(),
        utf8: false,
      }) as Row[];
    } catch (cause) {
      const error = new UnsupportedFormatError(
        `Cannot read ${where} as they must be of a Parquet file: received ${
          (cause as Error).message
        }`,
        { cause },
      );
      yield faultyItem(where, error);
    }
    for (const [i, row] of (rows ?? []).entries()) {
      const place = `${file}: row ${first + i}`;
      yield { ...itemOf(row, shard, first + i, options, classes), place };
    }
    first = last;
  }
}

function itemOf(
  row: Row,
  shard: string,
  number: number,
  options: ParquetOptions & { imageColumn: string; labelColumn: string },
  classes: readonly string[],
): InputItem {
  const picture = row[options.imageColumn];
  const struct = picture as { bytes?: Uint8Array; path?: string } | null;
  const data = picture instanceof Uint8Array ? picture : struct?.bytes;
  const rowName = String(number).padStart(8, "0");
  const name = !(picture instanceof Uint8Array) && struct?.path ? String(struct.path) : rowName;
  const isBare = name !== rowName && !name.includes("/");
  const path = `${shard}/${name}`;
  const value = row[options.labelColumn];
  const mask = value instanceof Uint8Array ? value : (value as { bytes?: unknown } | null)?.bytes;
  const label = typeof value === "bigint" || typeof value === "number"
    ? Number(value)
    : typeof value === "string"
    ? classNumber(classes, value)
    : null;
  const className = typeof value === "string" ? value : classes[label ?? -1] ?? "";
  return {
    path,
    pathIfTaken: isBare ? `${shard}/${rowName}/${name}` : undefined,
    className,
    label: label ?? null,
    columns: columnsOf(row, options.columns),
    async read() {
      await Promise.resolve();
      if (!(data instanceof Uint8Array)) {
        throw new UnsupportedFormatError(
          `Cannot ingest ${path} as column "${options.imageColumn}" must hold its bytes: received ${
            data === undefined ? "none" : typeof data
          }`,
        );
      }
      if (label === undefined) throw unknownClass(path, className);
      if (mask instanceof Uint8Array) return { data, label: mask };
      if (Array.isArray(value)) return { data, label: arrayLabel(path, value.map(plain)) };
      return { data };
    },
  };
}

function columnsOf(
  row: Row,
  columns: Record<string, ColumnType> = {},
): Record<string, ColumnValue> | undefined {
  const names = Object.keys(columns);
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.map((name) => [name, plain(row[name] ?? null)]));
}

/** A number that would lose digits stays as it is, and is refused. */
function plain(value: unknown): ColumnValue {
  const isSafe = typeof value === "bigint" && BigInt.asIntN(54, value) === value;
  return isSafe ? Number(value) : value as ColumnValue;
}

/** Names of the columns of the whole row: the root's children. */
function topColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at].num_children ?? 0); child++) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) names.push(schema[at].name);
  return names;
}

function huggingFaceClasses(metadata: FileMetaData, column: string): string[] | undefined {
  const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (!text) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(text)?.info?.features?.[column]?.names;
  } catch {
    // What another program has spoilt names no classes.
  }
  return Array.isArray(names) ? names.map(String) : undefined;
}

async function openFile(name: string): Promise<OpenFile> {
  try {
    checkRegular(name, await Deno.stat(name));
    const handle = await open(name);
    try {
      const { size } = await handle.stat();
      const buffer: AsyncBuffer = {
        byteLength: size,
        async slice(start, end = size) {
          if (!(start >= 0 && start <= end && end <= size)) {
            throw new Error(`bytes ${start} to ${end} of ${size}`);
          }
          const bytes = new Uint8Array(end - start);
          for (let at = 0; at < bytes.length;) {
            const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at);
            if (bytesRead === 0) throw new Error(`end of file at ${start + at}`);
            at += bytesRead;
          }
          return bytes.buffer;
        },
      };
      const { parquetMetadataAsync } = await hyparquet();
      const metadata = await parquetMetadataAsync(buffer);
      const top = topColumns(metadata);
      return { name, buffer, metadata, top, [Symbol.asyncDispose]: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (cause) {
    throw new UsageError(
      `Cannot read ${name} as it must be a Parquet file: received ${(cause as Error).message}`,
      { cause },
    );
  }
}
