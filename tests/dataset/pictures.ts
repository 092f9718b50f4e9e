import { dirname, join } from "@std/path";
import { drawRecords } from "../../src/cli/drawings.ts";
import type { SampleRecord } from "../../mod.ts";
import { tempFolder } from "../../tools/temp.ts";

/** Drawn pictures, made once: drawing is what takes time. */
let drawn: SampleRecord[] = [];

/** The first so many drawn pictures. */
export function records(count: number): SampleRecord[] {
  if (drawn.length < count) drawn = [...drawRecords(count)];
  return drawn.slice(0, count);
}

/** Writes files, and the folders that they need. */
export async function writeFiles(
  dir: string,
  files: Record<string, Uint8Array | string>,
): Promise<void> {
  for (const [path, data] of Object.entries(files)) {
    const file = join(dir, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    if (typeof data === "string") await Deno.writeTextFile(file, data);
    else await Deno.writeFile(file, data);
  }
}

/** A new folder with drawn pictures, a folder for each class. */
export async function pictureFolder(count: number): Promise<string> {
  const dir = tempFolder();
  await writeFiles(dir, Object.fromEntries(records(count).map(({ path, data }) => [path, data])));
  return dir;
}
