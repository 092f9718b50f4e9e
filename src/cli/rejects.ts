import { basename, dirname, join } from "node:path";
import type { RejectedItem } from "../dataset/ingest.ts";
import { checkFree, placeFile } from "../dataset/place_file.ts";
import { UsageError } from "../errors.ts";
import type { OutputFlags } from "./output.ts";
import { json, warn } from "./say.ts";

/** Rejected items that are shown and listed in the outcome; the file has all of them. */
const SHOWN = 100;

/** Bytes of a list's beginning that are looked at. */
const LOOKED_AT = 4096;

/** What the lines of a list begin with, as `add` writes them. */
const BEGINNING = /^\{"path":"(?:[^"\\]|\\.)*"?/;

/**
 * Writes what was left out into a file, which there is only if something was. It replaces the list
 * of an earlier ingest, and nothing else unless it is forced to.
 */
export class Rejects implements AsyncDisposable {
  /** The first items, as they came. */
  readonly first: RejectedItem[] = [];
  readonly #path: string | undefined;
  readonly #temporary: string;
  #file: Deno.FsFile | undefined;
  #ended = false;

  private constructor(path: string | undefined) {
    this.#path = path;
    this.#temporary = path === undefined
      ? ""
      : join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}.new`);
  }

  /**
   * Finds out before the work, not after it, whether a list can be written.
   *
   * @param path Path of the list; items are only shown when undefined.
   * @param flags Whether a file that is no list is replaced.
   * @returns The list.
   * @throws {UsageError} If its folder is not there, or something else is in its place.
   */
  static async open(path: string | undefined, flags: OutputFlags): Promise<Rejects> {
    if (path !== undefined) {
      const folder = await Deno.stat(dirname(path)).catch(() => undefined);
      if (!folder?.isDirectory) {
        throw new UsageError(
          `Cannot ingest as --rejects must be a file in a folder that is there: received "${path}"`,
          { option: "rejects" },
        );
      }
      await checkFree(path, { force: flags.force || await isList(path) });
    }
    return new Rejects(path);
  }

  /**
   * Takes an item.
   *
   * @param item The item.
   */
  add(item: RejectedItem): void {
    const { path, index, reason } = item;
    if (this.first.length < SHOWN) {
      this.first.push(item);
      warn(`${path}: ${reason.name}: ${reason.message}`);
    }
    if (this.#path === undefined) return;
    if (!this.#file) {
      this.#file = Deno.openSync(this.#temporary, { write: true, createNew: true });
      warn(`what is left out is listed in ${this.#path}`);
    }
    const line = `${json({ path, index, error: reason.name, message: reason.message })}\n`;
    const bytes = new TextEncoder().encode(line);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }

  /** Takes note that all has been ingested: what an earlier ingest has left out is no longer so. */
  end(): void {
    this.#ended = true;
  }

  /** Puts the list in its place, and takes one away of which nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#path === undefined) return;
    if (this.#file) {
      this.#file.close();
      await placeFile(this.#temporary, this.#path, { force: true });
    } else if (this.#ended && await isList(this.#path)) await Deno.remove(this.#path);
  }
}

/** Whether a file is the list of an earlier ingest. */
async function isList(path: string): Promise<boolean> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (!found?.isFile || found.size === 0) return false;
  using file = await Deno.open(path);
  const bytes = new Uint8Array(LOOKED_AT);
  const read = await file.read(bytes) ?? 0;
  const text = new TextDecoder().decode(bytes.subarray(0, read));
  const end = text.indexOf("\n");
  if (end < 0) return BEGINNING.test(text);
  try {
    return Object.keys(JSON.parse(text.slice(0, end))).join() === "path,index,error,message";
  } catch {
    return false;
  }
}
