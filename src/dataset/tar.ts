import { basename } from "node:path";
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError, UsageError } from "../errors.ts";
import { checkNpy, jsonLabel } from "./companion.ts";
import { classNumber, classOf, unknownClass } from "./folder.ts";
import type { DatasetInput, InputItem } from "./input.ts";
import { checkPicture } from "./picture.ts";
import type { ColumnType, ColumnValue } from "./schema.ts";

/** Options of {@linkcode tarInput}. */
export interface TarOptions {
  /** Names of the classes by label, for samples that have a folder in place of a `.cls` file. */
  classes?: readonly string[];
  /** Keys of a sample's `.json` object that are columns of one's own. */
  columns?: Record<string, ColumnType>;
  /** Extension of the label: `cls`, `npy`, `json` or a mask's, such as `seg.png`; the first found of these when left out. */
  label?: string;
}

/** Files of one sample by their extensions. */
type Sample = { key: string; files: Map<string, Uint8Array> };

const PICTURE = /(^|\.)(jpe?g|png|tiff?)$/;
const MASK = /(^|[._])(seg|mask|segmentation|target)\.png$/;
const MIB = 2 ** 20;

/**
 * Takes pictures from WebDataset shards: tar files, gzipped or not, in which the files of a sample
 * follow each other and share the name up to its first dot.
 *
 * A sample's path, of which its id is made, is the name of its shard without `.tar`, and its
 * picture's. A shard that is damaged is told as left out from there on; the others are read.
 *
 * @param shards Paths of the tar files; `name-{000..146}.tar` stands for many.
 * @param options Classes, columns and the label's extension.
 * @returns The input.
 * @throws {UsageError} If an option is wrong, or a shard cannot be opened.
 */
export async function tarInput(
  shards: readonly string[],
  options: TarOptions = {},
): Promise<DatasetInput> {
  const check = new OptionCheck("read shards");
  check.texts("shards", shards, 1);
  check.names(options, { classes: true, columns: true, label: true });
  check.texts("classes", options.classes);
  check.text("label", options.label);
  for (const shard of shards) {
    check.that(expandBraces(shard).length > 0, "shards", "paths whose braces count upwards", shard);
  }
  const files = shards.flatMap(expandBraces);
  let total = 0;
  for (const file of files) {
    const found = await Deno.stat(file).catch((cause) => {
      throw new UsageError(
        `Cannot read ${file} as a shard as it must be a tar file: received ${cause.message}`,
        { cause },
      );
    });
    total += found.size;
  }
  const classes: string[] = [...options.classes ?? []];
  const state = { read: 0 };
  return {
    name: files.length === 1 ? files[0] : `${files.length} shards`,
    classes,
    holdsData: true,
    async *items(): AsyncIterable<InputItem> {
      for (const file of files) {
        const shard = basename(file).replace(/\.(tar|tgz)(\.gz)?$/, "");
        try {
          for await (const sample of samples(file, state)) {
            yield itemOf(sample, shard, classes, options);
          }
        } catch (cause) {
          const error = new UnsupportedFormatError(
            `Cannot read the rest of ${file} as it must be a tar file: received ${
              (cause as Error).message
            }`,
            { cause },
          );
          yield { path: file, className: "", label: null, read: () => Promise.reject(error) };
        }
      }
    },
    position: () => ({
      done: Math.round(state.read / MIB),
      total: Math.max(1, Math.round(total / MIB)),
      unit: "MiB",
    }),
  };
}

/**
 * Writes out the braces of a list of shards.
 *
 * @param text A path such as `train-{0000..0003}.tar`.
 * @returns All that it stands for.
 */
export function expandBraces(text: string): string[] {
  const found = /\{(\d+)\.\.(\d+)\}/.exec(text);
  if (!found) return [text];
  const [whole, first, last] = found;
  const numbers = Array.from(
    { length: Math.max(0, Number(last) - Number(first) + 1) },
    (_, i) => String(Number(first) + i).padStart(first.length, "0"),
  );
  return numbers.flatMap((number) => expandBraces(text.replace(whole, number)));
}

async function* samples(file: string, state: { read: number }): AsyncGenerator<Sample> {
  // Loaded only here, as most data sets are not in shards.
  const { createTarDecoder } = await import("modern-tar");
  const opened = await Deno.open(file);
  const counted = opened.readable.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        state.read += chunk.length;
        controller.enqueue(chunk);
      },
    }),
  );
  const bytes = /\.t?gz$/.test(file)
    ? counted.pipeThrough(new DecompressionStream("gzip"))
    : counted;
  let sample: Sample | undefined;
  const entries = bytes.pipeThrough(createTarDecoder({ strict: true }));
  for await (const { header, body } of entries) {
    const data = new Uint8Array(await new Response(body).arrayBuffer());
    const name = header.name.replace(/^\.\//, "");
    if ((header.type ?? "file") !== "file" || basename(name).startsWith(".")) continue;
    const [, key, extension] = /^((?:.*\/)?[^./]*)\.?(.*)$/.exec(name)!;
    if (sample && sample.key !== key) {
      yield sample;
      sample = undefined;
    }
    sample ??= { key, files: new Map() };
    sample.files.set(extension.toLowerCase(), data);
  }
  if (sample) yield sample;
}

function itemOf(
  { key, files }: Sample,
  shard: string,
  classes: readonly string[],
  options: TarOptions,
): InputItem {
  const names = [...files.keys()];
  const picture = names.find((name) => PICTURE.test(name) && !MASK.test(name));
  const path = `${shard}/${key}${picture === undefined ? "" : `.${picture}`}`;
  const labelName = options.label ??
    (["cls", "npy"].find((name) => files.has(name)) ?? names.find((name) => MASK.test(name)));
  const bytes = labelName === undefined ? undefined : files.get(labelName);
  const number = labelName === "cls" && bytes
    ? Number(new TextDecoder().decode(bytes).trim() || NaN)
    : undefined;
  const className = number === undefined ? classOf(key) : classes[number] ?? "";
  const label = number ?? (labelName === undefined ? classNumber(classes, className) : null);
  return {
    path,
    className,
    label: label ?? null,
    columns: jsonColumns(files.get("json"), options.columns),
    read() {
      if (picture === undefined) {
        return Promise.reject(
          new UnsupportedFormatError(
            `Cannot ingest sample ${path} as it must have a .jpg, .png or .tif file: received ${
              names.map((name) => `.${name}`).join(", ")
            }`,
          ),
        );
      }
      if (label === undefined) return Promise.reject(unknownClass(path, className));
      const data = files.get(picture)!;
      if (number !== undefined) return Promise.resolve({ data });
      return Promise.resolve().then(() => ({ data, label: labelBytes(path, labelName, bytes) }));
    },
  };
}

function labelBytes(
  path: string,
  name: string | undefined,
  bytes: Uint8Array | undefined,
): Uint8Array | undefined {
  if (name === undefined) return undefined;
  if (bytes === undefined) {
    throw new UnsupportedFormatError(
      `Cannot ingest sample ${path} as it must have a .${name} file: received none`,
    );
  }
  if (name.endsWith("npy")) return checkNpy(`${path} (.${name})`, bytes);
  if (name.endsWith("json")) {
    return jsonLabel(`${path} (.${name})`, new TextDecoder().decode(bytes));
  }
  checkPicture(`${path} (.${name})`, bytes, ["PNG"]);
  return bytes;
}

function jsonColumns(
  json: Uint8Array | undefined,
  columns: Record<string, ColumnType> = {},
): Record<string, ColumnValue> | undefined {
  const names = Object.keys(columns);
  if (names.length === 0 || json === undefined) return undefined;
  let values: Record<string, ColumnValue> | null;
  try {
    values = JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
  return Object.fromEntries(names.map((name) => [name, values?.[name] ?? null]));
}
