import { dirname, relative, resolve, sep } from "node:path";
import { UsageError } from "../errors.ts";

/**
 * Finds the folder below which paths of samples begin.
 *
 * @param folders The folders that are read, or in which the files lie that are read.
 * @param root The folder that was asked for.
 * @returns That folder; the deepest one that holds all of them when left out.
 * @throws {UsageError} If one of them does not lie in it.
 */
export function rootOf(folders: readonly string[], root?: string): string {
  const whole = folders.map((folder) => resolve(folder));
  if (root !== undefined) {
    const outside = whole.findIndex((folder) => !holds(resolve(root), folder));
    if (outside < 0) return resolve(root);
    throw new UsageError(
      `Cannot name samples as root, ${root}, must hold all that is read: received ${
        folders[outside]
      }`,
      { option: "root" },
    );
  }
  let common = whole[0];
  while (!whole.every((folder) => holds(common, folder))) common = dirname(common);
  return common;
}

/**
 * A path below the root.
 *
 * @param root The root.
 * @param path A path that lies in it.
 * @returns Its parts with `/` between them; empty for the root itself.
 */
export function belowRoot(root: string, path: string): string {
  return relative(root, resolve(path)).replaceAll(sep, "/");
}

/**
 * Tells whether a folder holds a path, by their names alone.
 *
 * @param folder The whole path of the folder.
 * @param path A whole path.
 * @returns True if so, or if they are the same.
 */
export function holds(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
