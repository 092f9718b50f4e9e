import { join } from "node:path";
import { UsageError } from "../errors.ts";

/** One picture file of a folder. */
export interface FolderEntry {
  /** Path below the folder, with `/` between its parts. */
  path: string;
  /** Name of the class: the first folder of the path; the empty string where there is none. */
  className: string;
  /** Number of the class in alphabetical order, from 0. */
  label: number;
}

/** File names that are taken for pictures. */
const PICTURE = /\.(jpe?g|jpe|jfif|png)$/i;

/**
 * Lists the pictures of a folder that has one folder for each class.
 *
 * Pictures that lie in the folder itself belong to one class without a name.
 *
 * @param folder Path of the folder.
 * @returns The pictures, ordered by path, and the names of the classes by number.
 * @throws {UsageError} If the folder cannot be read or has no pictures.
 */
export async function listFolder(
  folder: string,
): Promise<{ entries: FolderEntry[]; classes: string[] }> {
  const paths: string[] = [];
  await walk(folder, "", paths);
  if (paths.length === 0) {
    throw new UsageError(
      `Cannot read ${folder} as a data set as it must hold .jpg, .jpeg or .png files: received none`,
    );
  }
  paths.sort();
  const classOf = (path: string) => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");
  const classes = [...new Set(paths.map(classOf))].sort();
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const entries = paths.map((path) => {
    const className = classOf(path);
    return { path, className, label: numbers.get(className)! };
  });
  return { entries, classes };
}

async function walk(folder: string, below: string, paths: string[]): Promise<void> {
  try {
    for await (const { name, isDirectory, isFile } of Deno.readDir(join(folder, below))) {
      const path = below ? `${below}/${name}` : name;
      if (isDirectory) await walk(folder, path, paths);
      else if (isFile && PICTURE.test(name)) paths.push(path);
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      `Cannot read ${join(folder, below)} as a data set as it must be a readable folder: received ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
}
