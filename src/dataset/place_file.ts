import { UsageError } from "../errors.ts";

/** How a file that may be there already is written. */
export interface WriteFileOptions {
  /** Whether a file that is there is replaced; false by default. */
  force?: boolean;
}

/**
 * Gives a finished file its name, in one step: who looks sees no file, the old one or the new one.
 *
 * @param temporary Path of the finished file, in the folder of `path`; gone afterwards.
 * @param path Path that it gets.
 * @param options Whether what is there is replaced.
 * @throws {UsageError} If something is there and is not to be replaced.
 */
export async function placeFile(
  temporary: string,
  path: string,
  options: WriteFileOptions = {},
): Promise<void> {
  if (options.force) return await Deno.rename(temporary, path);
  try {
    // A link, unlike a rename, never replaces what appeared in the meantime.
    await Deno.link(temporary, path);
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists || await exists(path)) throw occupied(path);
    // Some file systems have no links.
    return await Deno.rename(temporary, path);
  }
  await Deno.remove(temporary);
}

/**
 * Refuses a path where something is already.
 *
 * @param path Path of a file that is to be written.
 * @param options Whether what is there is replaced.
 * @throws {UsageError} If something is there and is not to be replaced, or is no file.
 */
export async function checkFree(path: string, options: WriteFileOptions = {}): Promise<void> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (found === undefined) return;
  const target = found.isSymlink ? await Deno.stat(path).catch(() => undefined) : found;
  if (target && !target.isFile) {
    const what = target.isDirectory ? "a folder" : "something other than a file";
    throw new UsageError(`Cannot write ${path} as ${what} is there`, { option: "path" });
  }
  if (!options.force) throw occupied(path);
}

function occupied(path: string): UsageError {
  return new UsageError(
    `Cannot write ${path} as it is there already: give another name, or force (--force) to replace it`,
    { option: "path" },
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).catch(() => undefined) !== undefined;
}
