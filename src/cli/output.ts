import type { Command } from "commander";
import { checkFree, placeFile } from "../dataset/place_file.ts";
import { UsageError } from "../errors.ts";

/** What the command line says of files that are there already. */
export interface OutputFlags {
  /** Whether they are replaced. */
  force?: boolean;
}

/**
 * Adds `--force` to a command that writes files.
 *
 * @param command The command to add it to.
 * @returns The same command.
 */
export function addForce(command: Command): Command {
  return command.option("--force", "replace files that are there already; refused by default");
}

/**
 * Makes sure, before any work, that a file may be written: nothing is there, or `--force` is given,
 * and it is none of the files that the command reads.
 *
 * @param path Path of the file.
 * @param flags What the command line says.
 * @param inputs Paths of files that the command reads; they are never replaced.
 * @throws {UsageError} If it may not be written.
 */
export async function checkOutput(
  path: string,
  flags: OutputFlags,
  inputs: readonly (string | undefined)[] = [],
): Promise<void> {
  for (const input of inputs) {
    if (input === undefined || !await sameFile(path, input)) continue;
    throw new UsageError(
      `Cannot write ${path} as the command reads ${input}, which is the same file: give another name`,
      { option: "out" },
    );
  }
  await checkFree(path, flags);
}

/**
 * Writes a file whole: beside its place first, then under its name.
 *
 * @param path Path of the file.
 * @param bytes What it holds.
 * @param flags What the command line says.
 * @throws {UsageError} If something has appeared there meanwhile and `--force` is not given.
 */
export async function writeOutput(
  path: string,
  bytes: Uint8Array,
  flags: OutputFlags,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.new`;
  try {
    await Deno.writeFile(temporary, bytes, { createNew: true });
    await placeFile(temporary, path, flags);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Whether two paths lead to one file; false where one of them leads nowhere. */
async function sameFile(a: string, b: string): Promise<boolean> {
  try {
    const [one, other] = await Promise.all([Deno.stat(a), Deno.stat(b)]);
    if (one.ino === null) return await Deno.realPath(a) === await Deno.realPath(b);
    return one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}
