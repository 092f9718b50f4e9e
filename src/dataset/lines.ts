import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError } from "../errors.ts";
import { arrayLabel } from "./companion.ts";
import { unknownClass } from "./folder.ts";
import type { DatasetInput, GetData, InputItem } from "./input.ts";
import type { ColumnValue } from "./schema.ts";

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
    async *items(): AsyncIterable<InputItem> {
      let number = 0;
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        number++;
        if (line.trim() !== "") yield itemOf(line, number, names);
      }
    },
    position: (done) => ({ done, unit: "records" }),
  };
}

function itemOf(text: string, number: number, classes: string[]): InputItem {
  let line: RecordLine;
  try {
    line = JSON.parse(text);
    check(typeof line === "object" && line !== null, "a JSON object", text);
    check(typeof line.path === "string" && line.path !== "", '"path": a text', line.path);
    check(
      typeof line.data === "string" || typeof line.file === "string",
      '"data" or "file": a text',
      line.data ?? line.file,
    );
  } catch (cause) {
    const error = new UnsupportedFormatError(
      `Cannot read line ${number} of standard input as it must hold ${(cause as Error).message}`,
      { cause },
    );
    return {
      path: `line ${number}`,
      className: "",
      label: null,
      read: () => Promise.reject(error),
    };
  }
  const { path, label, columns } = line;
  const given = typeof label === "number" ? label : undefined;
  const className = line.class ?? (given === undefined ? "" : classes[given] ?? "");
  const known = given ?? (line.class === undefined ? null : classes.indexOf(line.class));
  if (given !== undefined && line.class !== undefined) classes[given] ??= line.class;
  return {
    path,
    className,
    label: line.labelData !== undefined || Array.isArray(label) ? null : known,
    columns,
    async read(getData?: GetData) {
      const data = line.data !== undefined
        ? Uint8Array.fromBase64(line.data)
        : await (getData?.(line.file!, path) ?? Deno.readFile(line.file!));
      if (line.labelData !== undefined) {
        return { data, label: Uint8Array.fromBase64(line.labelData) };
      }
      if (Array.isArray(label)) return { data, label: arrayLabel(path, label) };
      if (known === -1) throw unknownClass(path, className);
      return { data };
    },
  };
}

function check(good: boolean, expected: string, received: unknown): asserts good {
  if (!good) throw new TypeError(`${expected}: received ${JSON.stringify(received)?.slice(0, 60)}`);
}
