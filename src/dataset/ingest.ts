import { OptionCheck } from "../check.ts";
import { CassetteError, IngestError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { DEFAULT_MAX_BLOB_BYTES } from "../source/blob_limit.ts";
import { ClassNumbers } from "./class_map.ts";
import { folderInput, type FolderOptions } from "./folder.ts";
import { Gate } from "./gate.ts";
import { nameItem, readItem } from "./ingest_item.ts";
import type { IngestProgress, IngestReport, RejectedItem } from "./ingest_report.ts";
import type { DatasetInput, GetData, InputItem } from "./input.ts";
import { type DatasetWriter, recordOrigin, sameBytes, type SampleRecord } from "./record.ts";
import type { Reencode } from "./reencode.ts";
import { SeenPaths } from "./seen_paths.ts";

export type { IngestProgress, IngestReport, RejectedItem } from "./ingest_report.ts";

/** Looks at pictures before they are stored, such as a `DecodeCheck`. */
export interface PictureCheck {
  /**
   * Looks at one; others are given meanwhile.
   *
   * @param sample The sample as it shall be stored.
   * @returns Why it is left out; undefined if it is stored.
   */
  check(sample: SampleRecord): Promise<Error | undefined>;
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
   * of the same picture, label and columns, and replaces the others; `refuse` leaves out the others;
   * `replace` writes all anew.
   */
  existing?: "check" | "refuse" | "replace";
  /** Looks at each picture; only its first bytes are looked at when left out. */
  check?: PictureCheck;
  /** Folder that is put before each path, so that two data sets of the same names do not meet. */
  prefix?: string;
  /** Most bytes of a picture, and of a label; 2²⁶ (64 MiB) when left out, as for sources. */
  maxBlobBytes?: number;
}

const KNOWN: Record<keyof IngestOptions, true> = {
  onProgress: true,
  onReject: true,
  signal: true,
  concurrency: true,
  reencode: true,
  getData: true,
  existing: true,
  check: true,
  prefix: true,
  maxBlobBytes: true,
};

function checkIngest(input: DatasetInput, writer: DatasetWriter, options: IngestOptions): void {
  const check = new OptionCheck("ingest");
  const isInput = typeof input?.items === "function" && typeof input.position === "function";
  check.that(isInput, "input", "a DatasetInput", input);
  const isWriter = typeof writer?.write === "function" && typeof writer.origin === "function";
  check.that(isWriter, "writer", "a DatasetWriter", writer);
  check.names(options, KNOWN);
  const { onProgress, onReject, signal, concurrency, reencode, getData, existing, prefix } =
    options;
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
  check.oneOf("existing", existing, ["check", "refuse", "replace"]);
  check.text("prefix", prefix);
  const isCheck = options.check === undefined || typeof options.check?.check === "function";
  check.that(isCheck, "check", "a PictureCheck, such as a DecodeCheck", options.check);
  check.whole("maxBlobBytes", options.maxBlobBytes, 1);
}

/**
 * Writes pictures into tables, many at once.
 *
 * Ids are made of the paths, and a record's metadata are written after its data. So an ingest that
 * was ended, at whatever point, is taken up by ingesting again: what is stored is left, the rest is
 * written, nothing is doubled. An item that cannot be read, decoded or stored is left out and told,
 * and so is one whose path an item before it has.
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
  // In an empty table nothing needs to be looked up.
  const lookUp = !await writer.isEmpty();
  const limits = { maxBlobBytes: options.maxBlobBytes ?? DEFAULT_MAX_BLOB_BYTES };
  const prefix = options.prefix === undefined ? "" : options.prefix.replace(/\/*$/, "/");
  const report: IngestReport = {
    written: 0,
    replaced: 0,
    unchanged: 0,
    bytes: 0,
    classes: [],
    rejected: [],
    rejectedCount: 0,
    passedOver: {},
  };
  const classes = new ClassNumbers(writer, input, options.signal);
  await classes.begin();
  let handled = 0;
  let failure: { error: unknown } | undefined;
  const gate = new Gate(options.concurrency ?? 64);
  using seen = new SeenPaths();
  const handle = async (item: InputItem, index: number) => {
    let path = item.path;
    const refuse = (reason: Error) => {
      report.rejectedCount++;
      const refused = { path, index, reason };
      if (options.onReject) options.onReject(refused);
      else report.rejected.push(refused);
    };
    const read = async () => {
      // Before anything is waited for, so that the first of two in the input is the one that stays.
      const named = nameItem(item, prefix, input.name, seen);
      path = named.path;
      return await readItem(named, classes, options, limits);
    };
    try {
      const record = await read().catch((reason) => {
        options.signal?.throwIfAborted();
        return { reason };
      });
      if ("reason" in record) refuse(record.reason);
      else await store(record, writer, lookUp, report, options, refuse);
      handled++;
      const { done, total = 0, unit } = input.position(handled);
      const { written, replaced, unchanged, rejectedCount: rejected, bytes } = report;
      options.onProgress?.({ done, total, unit, written, replaced, unchanged, rejected, bytes });
    } catch (error) {
      failure ??= { error };
    } finally {
      gate.leave();
    }
  };
  let begun = 0;
  try {
    for await (const item of input.items(limits)) {
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
  report.passedOver = Object.fromEntries(input.passedOver ?? []);
  // They were left out in the order in which they were done with.
  report.rejected.sort((a, b) => a.index - b.index);
  return report;
}

/**
 * Writes the pictures of a folder, one folder for each class, into tables.
 *
 * @param folder Path of the folder, or paths of several.
 * @param writer Where to write to; its tables are created if they are missing.
 * @param options Those of {@linkcode folderInput} and {@linkcode ingest}.
 * @returns What was written and what was left out.
 * @throws {UsageError} If an option is wrong, or the folder cannot be read or has no pictures.
 */
export async function ingestFolder(
  folder: string | readonly string[],
  writer: DatasetWriter,
  options: IngestOptions & FolderOptions = {},
): Promise<IngestReport> {
  const { classes, companion, pathColumns, root, ...rest } = options;
  const input = await folderInput(folder, { classes, companion, pathColumns, root });
  return await ingest(input, writer, rest);
}

async function store(
  record: SampleRecord,
  writer: DatasetWriter,
  lookUp: boolean,
  report: IngestReport,
  options: IngestOptions,
  refuse: (reason: Error) => void,
): Promise<void> {
  const { reencode, signal, existing = "check" } = options;
  try {
    const fault = reencode ? undefined : await options.check?.check(record);
    if (fault) return refuse(fault);
    const hash = await sha256(record.data);
    const { label } = record;
    const labelHash = label instanceof Uint8Array ? await sha256(label) : undefined;
    const origin = recordOrigin(record, reencode?.recipe, hash, labelHash);
    const stored = lookUp ? await writer.origin(record) : undefined;
    if (stored && existing !== "replace") {
      if (sameBytes(stored, origin)) {
        report.unchanged++;
        return;
      }
      if (existing === "refuse") return refuse(alreadyThere(record, writer));
    }
    let made: SampleRecord = { ...record, hash };
    if (reencode) {
      try {
        made = { ...record, ...await reencode.apply(record) };
        made.hash = await sha256(made.data);
      } catch (reason) {
        return refuse(reason as Error);
      }
      const fault = await options.check?.check(made);
      if (fault) return refuse(fault);
    }
    signal?.throwIfAborted();
    await writer.write({ ...made, origin }, signal);
    if (stored) report.replaced++;
    else report.written++;
    report.bytes += made.data.length;
  } catch (error) {
    // What names a sample is the matter of that sample; all else ends the ingest.
    if (!(error instanceof CassetteError) || error.sampleId === undefined) throw error;
    refuse(error);
  }
}

function alreadyThere({ id, path }: SampleRecord, { name }: DatasetWriter): IngestError {
  return new IngestError(
    `Cannot ingest ${path} as ${name} must have no other sample of that path: received one that differs`,
    { sampleId: formatId(id), option: "existing" },
  );
}

/** The content hash, made on another thread while this one writes. */
async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>));
}
