import { join } from "node:path";
import { UnsupportedFormatError } from "../errors.ts";
import { listFolder } from "./folder.ts";
import { type DatasetWriter, pathId, type SampleRecord } from "./record.ts";

/** How far an ingest has come. */
export interface IngestProgress {
  /** Files looked at. */
  done: number;
  /** Files to look at in all. */
  total: number;
  /** Bytes written. */
  bytes: number;
}

/** What an ingest has done. */
export interface IngestReport {
  /** Records written. */
  written: number;
  /** Bytes of their pictures. */
  bytes: number;
  /** Names of the classes, by label. */
  classes: string[];
  /** Files that were left out, and why. */
  rejected: { path: string; reason: Error }[];
}

/** Options of {@linkcode ingestFolder}. */
export interface IngestOptions {
  /** Called after each file. */
  onProgress?: (progress: IngestProgress) => void;
  /** Aborts with its reason; what was written stays. */
  signal?: AbortSignal;
}

const SIGNATURES: [string, number[]][] = [
  ["JPEG", [0xff, 0xd8, 0xff]],
  ["PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
];

/**
 * Writes the pictures of a folder, one folder for each class, into tables.
 *
 * Ids are made of the paths, so that ingesting again replaces rows instead of doubling them.
 *
 * @param folder Path of the folder.
 * @param writer Where to write to; its tables are created if they are missing.
 * @param options Progress and abort.
 * @returns What was written and what was left out.
 * @throws {UsageError} If the folder cannot be read or has no pictures.
 */
export async function ingestFolder(
  folder: string,
  writer: DatasetWriter,
  options: IngestOptions = {},
): Promise<IngestReport> {
  const { entries, classes } = await listFolder(folder);
  await writer.createTables();
  const report: IngestReport = { written: 0, bytes: 0, classes, rejected: [] };
  for (const [index, entry] of entries.entries()) {
    options.signal?.throwIfAborted();
    let record: SampleRecord | undefined;
    try {
      const data = await Deno.readFile(join(folder, entry.path));
      checkPicture(entry.path, data);
      record = { ...entry, id: pathId(entry.path), data };
    } catch (error) {
      report.rejected.push({ path: entry.path, reason: error as Error });
    }
    if (record) {
      await writer.write(record);
      report.written++;
      report.bytes += record.data.length;
    }
    options.onProgress?.({ done: index + 1, total: entries.length, bytes: report.bytes });
  }
  await writer.flush();
  return report;
}

function checkPicture(path: string, data: Uint8Array): void {
  if (SIGNATURES.some(([, bytes]) => bytes.every((byte, i) => data[i] === byte))) return;
  const received = data.length === 0 ? "an empty file" : `bytes ${data.slice(0, 4).toHex()}…`;
  throw new UnsupportedFormatError(
    `Cannot ingest ${path} as it must begin as a ${
      SIGNATURES.map(([name]) => name).join(" or ")
    } file does: received ${received}`,
  );
}
