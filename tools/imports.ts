/**
 * Which import map and lock file the tasks run with.
 *
 * `jsr:` modules are used in tests, benches and tools only. Where their registry does not answer,
 * the same names are mapped to thin stand-ins. An import map on the command line replaces the
 * imports of `deno.json`, so the generated one holds them all.
 */
import { dirname } from "node:path";

/** The folder of the repository, with a slash at its end. */
export const ROOT: URL = new URL("../", import.meta.url);

/**
 * Keeps V8's space for young objects at 4 MiB: by itself it grows to 64 MiB in the course of many
 * records, as those that are under way survive each collection.
 */
export const SMALL_HEAP = "--v8-flags=--max-semi-space-size=2";

/** Generated and downloaded files that git ignores. */
const CACHE = new URL(".cache/", ROOT);

const STANDINS: Record<string, string> = {
  "@std/assert": "tools/standin/assert.ts",
  "@std/path": "tools/standin/path.ts",
};

/** A registry that has not answered after so long counts as out of reach, in milliseconds. */
const PATIENCE = 3000;

/** What `deno.json` holds that tools read. */
export interface Config {
  /** Name of the package. */
  name: string;
  /** Version of the package. */
  version: string;
  /** Entry points by their name below the package. */
  exports: Record<string, string>;
  /** Bare names and what they stand for. */
  imports: Record<string, string>;
}

/** Reads `deno.json`. */
export async function readConfig(): Promise<Config> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
}

/** Paths of the entry points, from the root. */
export async function entryPoints(): Promise<string[]> {
  return Object.values((await readConfig()).exports).map((file) => file.slice(2));
}

/**
 * Flags that make any `deno` command of the project resolve its imports on this machine.
 *
 * The lock file is given as a copy, so that integrity is checked and no task ever changes the file
 * that is committed.
 *
 * @returns Flags that come right after the subcommand and its permissions.
 */
export async function importFlags(): Promise<string[]> {
  await Deno.mkdir(CACHE, { recursive: true });
  const lock = new URL("deno.lock", CACHE);
  await writeWhole(lock, await Deno.readTextFile(new URL("deno.lock", ROOT)));
  const flags = ["--config", path("deno.json"), `--lock=${decodeURIComponent(lock.pathname)}`];
  const map = await importMap();
  return map === undefined ? flags : [...flags, "--import-map", map];
}

/** Path of a file of the repository. */
export function path(name: string): string {
  return decodeURIComponent(new URL(name, ROOT).pathname);
}

/**
 * The import map that this machine needs.
 *
 * @returns Its path, or undefined where the registry of `jsr:` answers.
 */
async function importMap(): Promise<string | undefined> {
  const known = Deno.env.get("CASSETTE_IMPORT_MAP");
  if (known !== undefined) return known === "" ? undefined : known;
  const config = await readConfig();
  const wanted = Object.keys(STANDINS).map((name) => config.imports[name]);
  const needed = !(await Promise.all(wanted.map(answers))).every(Boolean);
  const target = path(".cache/import_map.json");
  if (needed) {
    const imports = { ...config.imports };
    // What `deno.json` gives by itself: modules below a package.
    for (const [name, target] of Object.entries(config.imports)) {
      if (target.startsWith("npm:")) imports[`${name}/`] = target.replace("npm:", "npm:/") + "/";
    }
    for (const [name, standin] of Object.entries(STANDINS)) imports[name] = path(standin);
    for (const [name, file] of Object.entries(config.exports)) {
      imports[config.name + name.slice(1)] = path(file.slice(2));
    }
    await writeWhole(new URL("import_map.json", CACHE), JSON.stringify({ imports }, null, 2));
  }
  // Children of this run need not ask again.
  Deno.env.set("CASSETTE_IMPORT_MAP", needed ? target : "");
  return needed ? target : undefined;
}

async function answers(specifier: string): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["info", "--no-config", "--no-lock", "--json", specifier],
    cwd: Deno.env.get("TMPDIR") ?? "/tmp",
    signal: AbortSignal.timeout(PATIENCE),
    stdin: "null",
    stderr: "null",
  });
  try {
    const { stdout } = await child.output();
    const info: { modules?: { error?: string }[] } = JSON.parse(new TextDecoder().decode(stdout));
    return info.modules !== undefined && !info.modules.some((module) => module.error);
  } catch {
    return false;
  }
}

/** Writes a file so that who reads it meanwhile sees the old text or the new one. */
async function writeWhole(url: URL, text: string): Promise<void> {
  if (await Deno.readTextFile(url).catch(() => undefined) === text) return;
  const target = decodeURIComponent(url.pathname);
  const temporary = await Deno.makeTempFile({ dir: dirname(target), prefix: ".write-" });
  await Deno.writeTextFile(temporary, text);
  await Deno.rename(temporary, target);
}
