import { dirname } from "node:path";
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError, UsageError } from "../errors.ts";
import { DEFAULT_MAX_BLOB_BYTES } from "../source/blob_limit.ts";
import { expandBraces } from "./braces.ts";
import { checkNpy, jsonLabel } from "./companion.ts";
import { Endings } from "./endings.ts";
import { classNumber, classOf, unknownClass } from "./folder.ts";
import { type DatasetInput, faultyItem, type InputItem, type InputLimits } from "./input.ts";
import { checkPicture } from "./picture.ts";
import { checkRegular } from "./read_file.ts";
import { belowRoot, rootOf } from "./roots.ts";
import type { ColumnType, ColumnValue } from "./schema.ts";
import { type TarReading, type TarSample, tarSamples } from "./tar_samples.ts";

/** Options of {@linkcode tarInput}. */
export interface TarOptions {
  /** Names of the classes by label, for samples that have a folder in place of a `.cls` file. */
  classes?: readonly string[];
  /** Keys of a sample's `.json` object that are columns of one's own. */
  columns?: Record<string, ColumnType>;
  /** Extension of the label: `cls`, `npy`, `json` or a mask's, such as `seg.png`; the first found of these when left out. */
  label?: string;
  /** Folder below which the paths of shards begin; the deepest one that holds all when left out. */
  root?: string;
}

const PICTURE = /(^|\.)(jpe?g|png|tiff?)$/;
const MASK = /(^|[._])(seg|mask|segmentation|target)\.png$/;
const MIB = 2 ** 20;
/** Most names in a message. */
const MOST_NAMES = 10;

/**
 * Takes pictures from WebDataset shards: tar files, gzipped or not, in which the files of a sample
 * follow each other and share the name up to its first dot.
 *
 * A sample's path, of which its id is made, is the path of its shard below the root, without `.tar`,
 * and its picture's. A shard that is damaged is told as left out from there on; the others are read.
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
  check.names(options, { classes: true, columns: true, label: true, root: true });
  check.texts("classes", options.classes);
  check.text("label", options.label);
  check.text("root", options.root);
  for (const shard of shards) {
    check.that(expandBraces(shard).length > 0, "shards", "paths whose braces count upwards", shard);
  }
  const files = shards.flatMap(expandBraces);
  let total = 0;
  for (const file of files) {
    try {
      const found = await Deno.stat(file);
      checkRegular(file, found);
      total += found.size;
    } catch (cause) {
      throw new UsageError(
        `Cannot read ${file} as a shard as it must be a tar file: received ${
          (cause as Error).message
        }`,
        { cause },
      );
    }
  }
  const root = rootOf(files.map((file) => dirname(file)), options.root);
  const classes: string[] = [...options.classes ?? []];
  let reading: TarReading = {
    read: 0,
    passedOver: new Endings(),
    maxBlobBytes: DEFAULT_MAX_BLOB_BYTES,
  };
  return {
    name: files.length === 1 ? files[0] : `${files.length} shards`,
    classes,
    holdsData: true,
    get passedOver() {
      return reading.passedOver.counts;
    },
    async *items(limits?: InputLimits): AsyncIterable<InputItem> {
      const { maxBlobBytes = DEFAULT_MAX_BLOB_BYTES } = limits ?? {};
      reading = { read: 0, passedOver: new Endings(), maxBlobBytes };
      for (const file of files) {
        const shard = belowRoot(root, file).replace(/\.(tar|tgz)(\.gz)?$/i, "");
        try {
          for await (const sample of tarSamples(file, reading)) {
            const place = `${file}: file ${sample.number}`;
            const item = itemOf(sample, shard, classes, options, reading.passedOver);
            yield { ...item, place };
          }
        } catch (cause) {
          const error = new UnsupportedFormatError(
            `Cannot read the rest of ${file} as it must be a tar file: received ${
              (cause as Error).message
            }`,
            { cause },
          );
          yield faultyItem(file, error);
        }
      }
    },
    position: () => ({
      done: Math.round(reading.read / MIB),
      total: Math.max(1, Math.round(total / MIB)),
      unit: "MiB",
    }),
  };
}

function itemOf(
  { key, files, fault }: TarSample,
  shard: string,
  classes: readonly string[],
  options: TarOptions,
  passedOver: Endings,
): InputItem {
  if (fault) return faultyItem(`${shard}/${key}`, fault);
  const names = [...files.keys()];
  const [picture, ...others] = names.filter((name) => PICTURE.test(name) && !MASK.test(name));
  for (const other of others) if (other !== options.label) passedOver.count(`.${other}`);
  const path = `${shard}/${key}${picture === undefined ? "" : `.${picture}`}`;
  if (picture === undefined) {
    return faultyItem(
      path,
      new UnsupportedFormatError(
        `Cannot ingest sample ${path} as it must have a .jpg, .png or .tif file: received ${
          names.slice(0, MOST_NAMES).map((name) => `.${name}`).join(", ")
        }`,
      ),
    );
  }
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
  let values: unknown;
  try {
    values = JSON.parse(new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
  const own = new Map<string, ColumnValue>(Object.entries(values ?? {}));
  return Object.fromEntries(names.map((name) => [name, own.get(name) ?? null]));
}
