import { dirname, resolve } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadable } from "node:stream/web";
import { OptionCheck } from "../check.ts";
import { UnsupportedFormatError, UsageError } from "../errors.ts";
import { checkNpy } from "./companion.ts";
import { classOf, unknownClass } from "./folder.ts";
import {
  type DatasetInput,
  faultyItem,
  type GetData,
  type InputItem,
  type InputLimits,
} from "./input.ts";
import { checkPicture } from "./picture.ts";
import { checkRegular, readRegular } from "./read_file.ts";
import type { ColumnType, ColumnValue } from "./schema.ts";

/** Names of the fields of a manifest, or of the columns of a Parquet file. */
export interface FieldNames {
  /** Path of the picture; `path` when left out. */
  path?: string;
  /** Number of the class; `label` when left out. */
  label?: string;
  /** Name of the class; `class` when left out. */
  className?: string;
  /** Path of a PNG mask or an `.npy` array that is the label; `label_file` when left out. */
  labelFile?: string;
}

/** Options of {@linkcode csvInput}. */
export interface CsvOptions {
  /** Folder that paths are relative to; that of the manifest when left out. */
  root?: string;
  /** Names of the fields. */
  fields?: FieldNames;
  /** Names of the classes by label; those of the manifest in alphabetical order when left out. */
  classes?: readonly string[];
  /** Fields that are columns of one's own, with their types. */
  columns?: Record<string, ColumnType>;
}

const KNOWN_FIELDS: Record<keyof FieldNames, true> = {
  path: true,
  label: true,
  className: true,
  labelFile: true,
};

/** Most characters of a line: a quote that is not closed has no end. */
const MOST_RECORD = 2 ** 20;

interface Line {
  /** Its number in the file, from 1. */
  number: number;
  /** Texts by the names of the fields. */
  texts: Record<string, string>;
  /** Why it is left out: it has more or fewer fields than the header, or no end. */
  fault?: Error;
  /** Names of the fields, with the first line. */
  header?: string[];
}

/**
 * Takes pictures from a CSV manifest (RFC 4180) with a header: a line for each picture.
 *
 * A line gives the number of its class, or its name, or the file that is its label; where it gives
 * neither, the first folder of its path is its class.
 *
 * @param file Path of the manifest.
 * @param options Root, names of fields, classes and columns.
 * @returns The input.
 * @throws {UsageError} If an option is wrong, or the manifest cannot be read, is empty, or has no field of paths.
 */
export async function csvInput(file: string, options: CsvOptions = {}): Promise<DatasetInput> {
  const check = new OptionCheck("read a manifest");
  check.that(typeof file === "string" && file !== "", "file", "a path", file);
  check.names(options, { root: true, fields: true, classes: true, columns: true });
  check.text("root", options.root);
  check.texts("classes", options.classes);
  const { root = dirname(file), columns = {} } = options;
  const names = { path: "path", label: "label", className: "class", labelFile: "label_file" };
  check.names(options.fields ?? {}, KNOWN_FIELDS, "fields.");
  const given = Object.entries(options.fields ?? {}).filter(([, name]) => name !== undefined);
  for (const [field, name] of given) check.text(`fields.${field}`, name);
  const fields = { ...names, ...Object.fromEntries(given) };
  const { count, found } = await survey(file, fields);
  const classes = options.classes ?? found;
  const numbers = new Map(classes.map((name, label) => [name, label]));
  return {
    name: file,
    classes,
    numbering: options.classes ? "given" : "own",
    async *items(limits?: InputLimits): AsyncIterable<InputItem> {
      for await (const { texts: line, number: at, fault } of lines(file)) {
        const path = line[fields.path] ?? "";
        if (fault || path === "") {
          yield faultyItem(path || `line ${at}`, fault ?? withoutPath(file, at, fields.path));
          continue;
        }
        const className = line[fields.className] ?? (line[fields.label] ? "" : classOf(path));
        const labelFile = line[fields.labelFile];
        const number = line[fields.label] ? numberOf(line[fields.label]) : numbers.get(className);
        const most = limits?.maxBlobBytes;
        yield {
          path,
          place: `${file}: line ${at}`,
          className,
          label: labelFile ? null : number ?? null,
          numbering: line[fields.label] ? "given" : undefined,
          columns: ownColumns(line, columns),
          async read(getData?: GetData) {
            if (!labelFile && number === undefined) throw unknownClass(path, className);
            const picture = resolve(root, path);
            const data = await (getData?.(picture, path) ?? readRegular(picture, most));
            return {
              data,
              label: labelFile ? await readLabel(resolve(root, labelFile), most) : undefined,
            };
          },
        };
      }
    },
    position: (done) => ({ done, total: count, unit: "rows" }),
  };
}

function withoutPath(file: string, line: number, field: string): Error {
  return new UnsupportedFormatError(
    `Cannot ingest line ${line} of ${file} as "${field}" must be a path: received ""`,
  );
}

/** Blanks are no 0. */
function numberOf(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/**
 * Gives texts the types of columns.
 *
 * @param texts Texts by name.
 * @param columns Types by name.
 * @returns Values by name; null for an empty text; a number that is none stays a text, and is
 *   refused when it is written.
 */
function ownColumns(
  texts: Record<string, string>,
  columns: Record<string, ColumnType>,
): Record<string, ColumnValue> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, type]) => {
      const text = texts[name] ?? "";
      if (text === "") return [name, null];
      const number = Number(text);
      return [name, type === "text" || Number.isNaN(number) ? text : number];
    }),
  );
}

async function readLabel(file: string, most?: number): Promise<Uint8Array> {
  const bytes = await readRegular(file, most);
  if (file.endsWith(".npy")) return checkNpy(file, bytes);
  checkPicture(file, bytes, ["PNG"]);
  return bytes;
}

async function survey(
  file: string,
  fields: Required<FieldNames>,
): Promise<{ count: number; found: string[] }> {
  const classes = new Set<string>();
  let count = 0;
  for await (const { texts: line, fault, header } of lines(file)) {
    count++;
    if (header) checkHeader(file, header, fields);
    if (!fault && !line[fields.label] && !line[fields.labelFile]) {
      classes.add(line[fields.className] ?? classOf(line[fields.path]));
    }
  }
  if (count === 0) {
    throw new UsageError(
      `Cannot read ${file} as a manifest as it must have a line for each picture: received none`,
      { option: "file" },
    );
  }
  return { count, found: [...classes].sort() };
}

function checkHeader(file: string, header: string[], fields: Required<FieldNames>): void {
  if (!header.includes(fields.path)) {
    throw new UsageError(
      `Cannot read ${file} as a manifest as it must have a field "${fields.path}": received ${
        header.map((name) => `"${name}"`).join(", ")
      }`,
      { option: "fields.path" },
    );
  }
  const twice = header.find((name, i) => header.indexOf(name) < i);
  if (twice === undefined) return;
  throw new UsageError(
    `Cannot read ${file} as a manifest as its fields must have names of their own: received "${twice}" twice`,
    { option: "file" },
  );
}

/** What the parser gives for each line. */
interface Parsed {
  record: string[];
  info: { lines: number };
}

async function* lines(file: string): AsyncGenerator<Line> {
  let stream: Readable | undefined;
  let header: string[] | undefined;
  let begun = false;
  let last = 0;
  try {
    checkRegular(file, await Deno.stat(file));
    // Loaded only here, as most data sets have no manifest.
    const { parse } = await import("csv-parse");
    const opened = await Deno.open(file);
    const parser = parse({
      bom: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
      max_record_size: MOST_RECORD,
    });
    stream = Readable.fromWeb(opened.readable as unknown as NodeReadable);
    stream.on("error", (error) => parser.destroy(error));
    for await (const { record, info } of stream.pipe(parser) as AsyncIterable<Parsed>) {
      last = info.lines;
      if (!header) {
        header = record;
        continue;
      }
      const texts = Object.fromEntries(header.map((name, i) => [name, record[i]]));
      const line: Line = { texts, number: last };
      if (!begun) line.header = header;
      begun = true;
      if (record.length !== header.length) {
        line.fault = new UnsupportedFormatError(
          `Cannot ingest line ${last} of ${file} as it must have ${header.length} fields, as the header has: received ${record.length}`,
        );
      }
      yield line;
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const received = (cause as Error).message;
    if (!begun) {
      throw new UsageError(
        `Cannot read ${file} as a manifest as it must be CSV with a header: received ${received}`,
        { cause },
      );
    }
    const rest = `the rest of ${file} from line ${last + 1} on`;
    const fault = new UnsupportedFormatError(
      `Cannot read ${rest} as it must be CSV: received ${received}`,
      { cause },
    );
    yield { texts: {}, number: last + 1, fault };
  } finally {
    // Who ends early, as after an abort, leaves the file open otherwise.
    stream?.destroy();
  }
}
