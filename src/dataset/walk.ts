import { join } from "node:path";
import { IngestError, UsageError } from "../errors.ts";
import { Endings } from "./endings.ts";
import { holds } from "./roots.ts";

/** File names that are taken for pictures. */
export const PICTURE = /\.(jpe?g|jpe|jfif|png|tiff?)$/i;

/** A picture file that was found. */
export interface FoundFile {
  /** Path below the folder, with `/` between its parts. */
  path: string;
  /** Why a folder of that path is left out. */
  fault?: Error;
}

interface Walk {
  folder: string;
  /** Where links to folders lead that were followed: each is followed once. */
  followed: Map<string, string>;
  passedOver: Endings;
}

/**
 * Walks a folder in alphabetical order. Links are followed, but not back to a folder that they lie
 * in, nor twice to the same one, so that every walk ends.
 *
 * @param folder Path of the folder.
 * @param passedOver Told of the files that are no pictures by their names.
 * @returns The pictures, and the folders that are left out.
 * @throws {UsageError} If the folder cannot be read.
 */
export async function* walkPictures(
  folder: string,
  passedOver: Endings = new Endings(),
): AsyncGenerator<FoundFile> {
  const whole = await Deno.realPath(folder).catch(() => folder);
  const followed = new Map([[whole, folder]]);
  yield* walk({ folder, followed, passedOver }, "");
}

async function* walk(state: Walk, below: string): AsyncGenerator<FoundFile> {
  const { folder, passedOver } = state;
  let names: Deno.DirEntry[];
  try {
    names = await Array.fromAsync(Deno.readDir(join(folder, below)));
  } catch (cause) {
    const fault = new UsageError(
      `Cannot read ${join(folder, below)} as a data set as it must be a readable folder: received ${
        (cause as Error).message
      }`,
      { cause },
    );
    if (below === "") throw fault;
    return yield { path: below, fault };
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, isDirectory, isSymlink } of names) {
    const path = below ? `${below}/${name}` : name;
    const isFolder = isDirectory || (isSymlink && await leadsToFolder(join(folder, path)));
    if (isFolder) {
      const fault = isSymlink ? await follow(state, below, path) : undefined;
      if (fault) yield { path, fault };
      else yield* walk(state, path);
    } else if (PICTURE.test(name)) yield { path };
    else passedOver.add(name);
  }
}

async function leadsToFolder(link: string): Promise<boolean> {
  return (await Deno.stat(link).catch(() => undefined))?.isDirectory ?? false;
}

async function follow(
  { folder, followed }: Walk,
  below: string,
  path: string,
): Promise<Error | undefined> {
  try {
    const target = await Deno.realPath(join(folder, path));
    const refused = (received: string) =>
      new IngestError(
        `Cannot read ${
          join(folder, path)
        } as a link must lead to a folder that is not read already: received ${received}`,
      );
    if (holds(target, await Deno.realPath(join(folder, below)))) {
      return refused(`${target}, in which it lies`);
    }
    const first = followed.get(target);
    if (first !== undefined) return refused(`${target}, to which ${first} leads too`);
    followed.set(target, path);
  } catch (error) {
    return error as Error;
  }
}
