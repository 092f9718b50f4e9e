import type { Readable } from "node:stream";
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError } from "../errors.ts";
import { DEFAULT_MAX_BLOB_BYTES } from "../source/blob_limit.ts";
import { arrayLabel } from "./companion.ts";
import { classNumber, unknownClass } from "./folder.ts";
import { boundedLines } from "./bounded_lines.ts";
import {
  type DatasetInput,
  faultyItem,
  type GetData,
  type InputItem,
  type InputLimits,
} from "./input.ts";
import { readRegular } from "./read_file.ts";
import type { ColumnValue } from "./schema.ts";
import { showValue } from "./show_value.ts";

/** One line of the worker's protocol: a JSON object. */
export interface RecordLine {
  /** Name of the picture within the data set; its id is made of it. */
  path: string;
  /** Name of the class. */
  class?: string;
  /** Number of the class, or a list of numbers, which is stored as an `.npy` array. */
  label?: number | number[];
  /** Bytes of a mask or an array, in Base64. */
  labelData?: string;
  /** The encoded picture, in Base64. */
  data?: string;
  /** Path of the picture file, in place of `data`. */
  file?: string;
  /** Values of the columns of one's own. */
  columns?: Record<string, ColumnValue>;
}

/** Bytes of a line beside picture and label, for path and columns. */
const MOST_REST = 2 ** 20;

/** Labels from here on are no numbers of classes: a list of all names up to them would be too long. */
const MOST_CLASSES = 1 << 16;

/**
 * Takes pictures from lines of JSON, such as Spark's `rdd.pipe` writes.
 *
 * @param stream The lines, as `process.stdin` gives them.
 * @param classes Names of the classes by label, for lines that only name their class.
 * @returns The input.
 * @throws {UsageError} If the stream is none, or the classes are no list.
 */
export function linesInput(stream: Readable, classes: readonly string[] = []): DatasetInput {
  const check = new OptionCheck("read lines");
  check.that(typeof stream?.on === "function", "stream", "a Readable of Node", stream);
  check.texts("classes", classes);
  const names = [...classes];
  return {
    name: "standard input",
    classes: names,
    async *items(limits?: InputLimits): AsyncIterable<InputItem> {
      const { maxBlobBytes = DEFAULT_MAX_BLOB_BYTES } = limits ?? {};
      // Base64 has four letters for three bytes; picture and label may both stand there.
      const most = 2 * Math.ceil(maxBlobBytes / 3) * 4 + MOST_REST;
      let number = 0;
      for await (const line of boundedLines(stream, most)) {
        number++;
        if (line instanceof Error) yield faultyItem(`line ${number}`, line);
        else if (line.trim() !== "") yield itemOf(line, number, names, maxBlobBytes);
      }
    },
    position: (done) => ({ done, unit: "records" }),
  };
}

function itemOf(text: string, number: number, classes: string[], most: number): InputItem {
  const name = `line ${number}`;
  const refused = (path: string, expected: string, received: unknown): InputItem => {
    const error = new UnsupportedFormatError(
      `Cannot read ${name} of standard input as ${expected}: received ${showValue(received)}`,
    );
    return faultyItem(path, error);
  };
  let line: RecordLine;
  try {
    line = JSON.parse(text);
  } catch {
    return refused(name, "it must be a JSON object", text);
  }
  if (typeof line !== "object" || line === null || Array.isArray(line)) {
    return refused(name, "it must be a JSON object", text);
  }
  if (typeof line.path !== "string" || line.path === "") {
    return refused(name, '"path" must be a text', line.path);
  }
  if (typeof (line.class ?? "") !== "string") {
    return refused(line.path, '"class" must be a text', line.class);
  }
  if (typeof (line.columns ?? {}) !== "object") {
    return refused(line.path, '"columns" must be an object', line.columns);
  }
  const picture = line.data ?? line.file;
  if (typeof picture !== "string") {
    return refused(line.path, '"data" or "file" must be a text', picture);
  }
  if (typeof (line.label ?? 0) !== "number" && !Array.isArray(line.label)) {
    return refused(line.path, '"label" must be a number or a list of numbers', line.label);
  }
  const { path, label, columns } = line;
  const given = typeof label === "number" ? label : undefined;
  const className = line.class ?? (given === undefined ? "" : classes[given] ?? "");
  const known = given ?? (line.class === undefined ? null : classNumber(classes, line.class));
  const isClass = given !== undefined && Number.isInteger(given) && given >= 0;
  if (isClass && given < MOST_CLASSES && line.class !== undefined) classes[given] ??= line.class;
  return {
    path,
    place: `${name} of standard input`,
    className,
    label: line.labelData !== undefined || Array.isArray(label) ? null : known ?? null,
    columns: columns ?? undefined,
    async read(getData?: GetData) {
      const data = line.data !== undefined
        ? fromBase64(path, "data", line.data)
        : await (getData?.(line.file!, path) ?? readRegular(line.file!, most));
      if (line.labelData !== undefined) {
        return { data, label: fromBase64(path, "labelData", line.labelData) };
      }
      if (Array.isArray(label)) return { data, label: arrayLabel(path, label) };
      if (known === undefined) throw unknownClass(path, className);
      return { data };
    },
  };
}

function fromBase64(path: string, field: string, text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw new UnsupportedFormatError(
      `Cannot ingest ${path} as "${field}" must be Base64: received ${showValue(text)}`,
      { cause },
    );
  }
}
