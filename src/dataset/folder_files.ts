import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";
import { IngestError, UsageError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { placeFile, type WriteFileOptions } from "./place_file.ts";
import { recordName, sameBytes, type SampleRecord } from "./record.ts";

/** Folder of files that are not finished. */
export const TEMPORARY = ".cassette";

const UNFINISHED = /^[0-9a-f-]{36}\.new$/;

/** What the system says of a name that it does not take, or that is in the way of another. */
const NAME_FAULTS = new Set([
  "ENAMETOOLONG",
  "ENOTDIR",
  "EISDIR",
  "EEXIST",
  "ENOTEMPTY",
  "EINVAL",
  "EILSEQ",
  "ELOOP",
]);

/**
 * Files of a data set in a folder. Each is there whole or not at all, and replaces only what is of the
 * same sample.
 */
export class FolderFiles implements Disposable {
  readonly #folder: string;
  readonly #options: WriteFileOptions;
  readonly #ownerOf: (path: string) => Uint8Array | undefined;
  /** Ids of the samples that are being written, by their paths. */
  readonly #claims = new Map<string, Uint8Array>();

  /**
   * @param folder Path of the folder, which is there.
   * @param options Whether files that are there, and not of the data set, are replaced.
   * @param ownerOf Looks up the id of the sample that has a path; undefined for none.
   */
  constructor(
    folder: string,
    options: WriteFileOptions,
    ownerOf: (path: string) => Uint8Array | undefined,
  ) {
    this.#folder = folder;
    this.#options = options;
    this.#ownerOf = ownerOf;
    this.#clear();
  }

  /**
   * Takes a path for a sample, until its row is written.
   *
   * @param record The sample.
   * @param path The path.
   * @returns Ends that when it is disposed of.
   * @throws {IngestError} If another sample has the path.
   */
  claim(record: SampleRecord, path: string): Disposable {
    const owner = this.#claims.get(path) ?? this.#ownerOf(path);
    if (owner && !sameBytes(owner, record.id)) {
      throw refusal(record, `${join(this.#folder, path)} must be of one sample`, formatId(owner));
    }
    this.#claims.set(path, record.id);
    return { [Symbol.dispose]: () => void this.#claims.delete(path) };
  }

  /**
   * Writes a file.
   *
   * @param record The sample.
   * @param path Path of the file below the folder.
   * @param claimed Path of the sample's picture.
   * @param data Its bytes.
   * @returns Once it is written.
   * @throws {IngestError} If the name cannot be, or a file is there that is not of this sample.
   */
  async write(
    record: SampleRecord,
    path: string,
    claimed: string,
    data: Uint8Array,
  ): Promise<void> {
    const file = join(this.#folder, path);
    const temporary = join(this.#folder, TEMPORARY, `${crypto.randomUUID()}.new`);
    const force = this.#options.force || this.#ownerOf(claimed) !== undefined;
    try {
      await Deno.mkdir(dirname(file), { recursive: true });
      await this.#write(temporary, data);
      await placeFile(temporary, file, { force });
    } catch (cause) {
      await Deno.remove(temporary).catch(() => {});
      if (cause instanceof UsageError) {
        // What a run that was ended has written without its row.
        if (await hasBytes(file, data)) return;
        throw refusal(
          record,
          `${file} must not be there, or be of the same bytes, unless it is forced (--force)`,
          "another file",
        );
      }
      const { code, message } = cause as Error & { code?: string };
      if (!NAME_FAULTS.has(code ?? "")) throw cause;
      throw refusal(record, `the system must take the name ${path}`, message, cause);
    }
  }

  /** Takes the folder of unfinished files away. */
  [Symbol.dispose](): void {
    this.#clear();
    try {
      Deno.removeSync(join(this.#folder, TEMPORARY));
    } catch {
      // There is none, or it holds what is somebody's.
    }
  }

  async #write(temporary: string, data: Uint8Array): Promise<void> {
    try {
      await Deno.writeFile(temporary, data, { createNew: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(dirname(temporary), { recursive: true });
      await Deno.writeFile(temporary, data, { createNew: true });
    }
  }

  /** Removes what a kill has left. */
  #clear(): void {
    const folder = join(this.#folder, TEMPORARY);
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        if (UNFINISHED.test(name)) Deno.removeSync(join(folder, name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function hasBytes(file: string, data: Uint8Array): Promise<boolean> {
  const found = await Deno.lstat(file).catch(() => undefined);
  if (!found?.isFile || found.size !== data.length) return false;
  return Buffer.compare(await Deno.readFile(file), data) === 0;
}

function refusal(record: SampleRecord, wanted: string, received: string, cause?: unknown) {
  return new IngestError(
    `Cannot write ${recordName(record)} as ${wanted}: received ${received}`,
    { sampleId: formatId(record.id), cause },
  );
}
