import { OptionCheck } from "../check.ts";
import { CassetteError, UsageError } from "../errors.ts";
import { ClassNumbers } from "./class_map.ts";
import { folderInput, type FolderOptions } from "./folder.ts";
import { Gate } from "./gate.ts";
import type { DatasetInput, GetData, InputItem } from "./input.ts";
import { checkPicture } from "./picture.ts";
import type { Reencode } from "./reencode.ts";
import {
  type DatasetWriter,
  pathId,
  recordOrigin,
  sameBytes,
  type SampleRecord,
} from "./record.ts";

/** How far an ingest has come. */
export interface IngestProgress {
  /** Units of the input that are done with; files, for a folder. */
  done: number;
  /** Units of the input in all; 0 where that is not known. */
  total: number;
  /** What is counted: `files`, `rows`, `MiB`. */
  unit: string;
  /** Records written. */
  written: number;
  /** Records that an earlier ingest had written. */
  unchanged: number;
  /** Items that were left out. */
  rejected: number;
  /** Bytes written. */
  bytes: number;
}

/** An item that was left out. */
export interface RejectedItem {
  /** Its path within the data set. */
  path: string;
  /** Its place in the input, from 0. */
  index: number;
  /** Why. */
  reason: Error;
}

/** What an ingest has done. */
export interface IngestReport {
  /** Records written. */
  written: number;
  /** Records that were left as an earlier ingest had written them. */
  unchanged: number;
  /** Bytes of the pictures written. */
  bytes: number;
  /** Names of the classes, by label. */
  classes: string[];
  /**
   * Items that were left out, and why, in the order of the input; those that `onReject` was told
   * are counted, not kept.
   */
  rejected: RejectedItem[];
  /** Number of items that were left out. */
  rejectedCount: number;
}

/** Options of {@linkcode ingest}. */
export interface IngestOptions {
  /** Called after each item. */
  onProgress?: (progress: IngestProgress) => void;
  /** Called with each item as it is left out, in place of keeping it for the report. */
  onReject?: (item: RejectedItem) => void;
  /** Aborts with its reason; what was written stays. */
  signal?: AbortSignal;
  /** Items that are read, hashed and written at once; 64 when left out. */
  concurrency?: number;
  /** What is done to each picture before it is stored; nothing when left out. */
  reencode?: Reencode;
  /**
   * Reads the picture of a path, in place of an input of files; what it gives is stored unchecked. Not
   * for tar and Parquet files, which hold their pictures.
   */
  getData?: GetData;
  /**
   * What becomes of records that are stored already: `check` (default) leaves those that were made
   * of the same picture, label and columns; `replace` writes all anew.
   */
  existing?: "check" | "replace";
}

const KNOWN: Record<keyof IngestOptions, true> = {
  onProgress: true,
  onReject: true,
  signal: true,
  concurrency: true,
  reencode: true,
  getData: true,
  existing: true,
};

function checkIngest(input: DatasetInput, writer: DatasetWriter, options: IngestOptions): void {
  const check = new OptionCheck("ingest");
  const isInput = typeof input?.items === "function" && typeof input.position === "function";
  check.that(isInput, "input", "a DatasetInput", input);
  const isWriter = typeof writer?.write === "function" && typeof writer.origin === "function";
  check.that(isWriter, "writer", "a DatasetWriter", writer);
  check.names(options, KNOWN);
  const { onProgress, onReject, signal, concurrency, reencode, getData, existing } = options;
  check.callback("onProgress", onProgress);
  check.callback("onReject", onReject);
  check.signal("signal", signal);
  check.whole("concurrency", concurrency, 1);
  const isReencode = reencode === undefined || typeof reencode?.apply === "function";
  check.that(isReencode, "reencode", "what reencode() returns", reencode);
  check.callback("getData", getData);
  if (getData && input.holdsData) {
    check.refuse("getData", "left out for an input that holds its pictures", "a function");
  }
  check.oneOf("existing", existing, ["check", "replace"]);
}

/**
 * Writes pictures into tables, many at once.
 *
 * Ids are made of the paths, and a record's metadata are written after its data. So an ingest that
 * was ended, at whatever point, is taken up by ingesting again: what is stored is left, the rest is
 * written, nothing is doubled. An item that cannot be read, decoded or stored is left out and told.
 *
 * @param input Where the pictures come from.
 * @param writer Where to write to; its tables are created if they are missing.
 * @param options Concurrency, re-encoding, progress and abort.
 * @returns What was written and what was left out.
 * @throws {UsageError} If an option is wrong.
 * @throws {ConnectError} If the cluster is gone.
 * @throws {SchemaError} If the tables lack columns.
 * @throws The signal's reason, if it aborts.
 * @example
 * ```ts
 * import { folderInput, ingest, listSqlite, SqliteWriter, verifySqlite } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 * import jpeg from "jpeg-js";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.mkdir(`${folder}/cat`);
 * const picture = { width: 8, height: 8, data: new Uint8Array(256).fill(128) };
 * await Deno.writeFile(`${folder}/cat/1.jpg`, jpeg.encode(picture).data);
 *
 * const path = `${folder}/set.sqlite`;
 * {
 *   await using writer = new SqliteWriter(path);
 *   const report = await ingest(await folderInput(folder), writer);
 *   assertEquals([report.written, report.rejectedCount, report.classes], [1, 0, ["cat"]]);
 * }
 * assertEquals(listSqlite(path).ids.length, 1);
 * assertEquals(verifySqlite(path).missing, 0);
 * ```
 */
export async function ingest(
  input: DatasetInput,
  writer: DatasetWriter,
  options: IngestOptions = {},
): Promise<IngestReport> {
  checkIngest(input, writer, options);
  await writer.createTables(options.signal);
  const check = options.existing !== "replace" && !await writer.isEmpty();
  const report: IngestReport = {
    written: 0,
    unchanged: 0,
    bytes: 0,
    classes: [],
    rejected: [],
    rejectedCount: 0,
  };
  const classes = new ClassNumbers(writer, input, options.signal);
  await classes.begin();
  let handled = 0;
  let failure: { error: unknown } | undefined;
  const gate = new Gate(options.concurrency ?? 64);
  const handle = async (item: InputItem, index: number) => {
    const refuse = (reason: Error) => {
      report.rejectedCount++;
      const refused = { path: item.path, index, reason };
      if (options.onReject) options.onReject(refused);
      else report.rejected.push(refused);
    };
    try {
      const record = await readItem(item, classes, options).catch((reason) => {
        options.signal?.throwIfAborted();
        return { reason };
      });
      if ("reason" in record) refuse(record.reason);
      else await store(record, writer, check, report, options, refuse);
      handled++;
      const { done, total = 0, unit } = input.position(handled);
      const { written, unchanged, rejectedCount: rejected, bytes } = report;
      options.onProgress?.({ done, total, unit, written, unchanged, rejected, bytes });
    } catch (error) {
      failure ??= { error };
    } finally {
      gate.leave();
    }
  };
  let begun = 0;
  try {
    for await (const item of input.items()) {
      await gate.enter();
      if (failure || options.signal?.aborted) {
        gate.leave();
        break;
      }
      void handle(item, begun++);
    }
  } finally {
    await gate.empty();
    await writer.flush(options.signal).catch((error) => {
      options.signal?.throwIfAborted();
      throw error;
    });
  }
  options.signal?.throwIfAborted();
  if (failure) throw failure.error;
  report.classes = classes.names;
  // They were left out in the order in which they were done with.
  report.rejected.sort((a, b) => a.index - b.index);
  return report;
}

/**
 * Writes the pictures of a folder, one folder for each class, into tables.
 *
 * @param folder Path of the folder.
 * @param writer Where to write to; its tables are created if they are missing.
 * @param options Those of {@linkcode folderInput} and {@linkcode ingest}.
 * @returns What was written and what was left out.
 * @throws {UsageError} If an option is wrong, or the folder cannot be read or has no pictures.
 */
export async function ingestFolder(
  folder: string,
  writer: DatasetWriter,
  options: IngestOptions & FolderOptions = {},
): Promise<IngestReport> {
  const { classes, companion, pathColumns, ...rest } = options;
  const input = await folderInput(folder, { classes, companion, pathColumns });
  return await ingest(input, writer, rest);
}

async function readItem(
  item: InputItem,
  classes: ClassNumbers,
  options: IngestOptions,
): Promise<SampleRecord> {
  const { path, className, columns } = item;
  const { data, label = await classes.label(item) } = await item.read(options.getData);
  if (!(data instanceof Uint8Array)) {
    throw new UsageError(
      `Cannot ingest ${path} as getData must give its bytes, a Uint8Array: received ${typeof data}`,
      { option: "getData" },
    );
  }
  if (!options.getData) {
    checkPicture(path, data, options.reencode ? ["JPEG", "PNG", "TIFF"] : ["JPEG", "PNG"]);
  }
  return { id: pathId(path), path, className, label, columns, data };
}

async function store(
  record: SampleRecord,
  writer: DatasetWriter,
  check: boolean,
  report: IngestReport,
  options: IngestOptions,
  refuse: (reason: Error) => void,
): Promise<void> {
  const { reencode, signal } = options;
  try {
    const hash = await sha256(record.data);
    const { label } = record;
    const labelHash = label instanceof Uint8Array ? await sha256(label) : undefined;
    const origin = recordOrigin(record, reencode?.recipe, hash, labelHash);
    const stored = check ? await writer.origin(record) : undefined;
    if (stored && sameBytes(stored, origin)) {
      report.unchanged++;
      return;
    }
    let made: SampleRecord = { ...record, hash };
    if (reencode) {
      try {
        made = { ...record, ...await reencode.apply(record) };
        made.hash = await sha256(made.data);
      } catch (reason) {
        return refuse(reason as Error);
      }
    }
    signal?.throwIfAborted();
    await writer.write({ ...made, origin }, signal);
    report.written++;
    report.bytes += made.data.length;
  } catch (error) {
    // What names a sample is the matter of that sample; all else ends the ingest.
    if (!(error instanceof CassetteError) || error.sampleId === undefined) throw error;
    refuse(error);
  }
}

/** The content hash, made on another thread while this one writes. */
async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>));
}
