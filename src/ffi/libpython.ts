import { join } from "node:path";

/** A shared library of Python. */
export interface Libpython {
  /** As in `3.11`. */
  version: string;
  /** Where it is. */
  path: string;
}

const NAME = /^libpython(3\.\d+)\.so\.1\.0$/;

/**
 * Looks for shared libraries of Python in the system's folders and beside `python3`.
 *
 * @returns One for each version: first that of `python3`, then newer before older.
 */
export async function findLibpythons(): Promise<Libpython[]> {
  if (Deno.build.os !== "linux") return [];
  const own = await pythonLibrary();
  const triple = `${Deno.build.arch}-linux-gnu`;
  const folders = [
    ...(own ? [own.folder] : []),
    `/usr/lib/${triple}`,
    `/lib/${triple}`,
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
    `/usr/local/lib/${triple}`,
  ];
  const found = new Map<string, string>();
  for (const folder of folders) {
    try {
      for await (const { name } of Deno.readDir(folder)) {
        const version = NAME.exec(name)?.[1];
        if (version && !found.has(version)) found.set(version, join(folder, name));
      }
    } catch (error) {
      // A folder that may not be read is one to do without, like one that is not there.
      const { NotFound, NotCapable } = Deno.errors;
      if (!(error instanceof NotFound || error instanceof NotCapable)) throw error;
    }
  }
  const minor = (version: string) => (version === own?.version ? 1e9 : Number(version.slice(2)));
  return [...found].map(([version, path]) => ({ version, path }))
    .sort((a, b) => minor(b.version) - minor(a.version));
}

/**
 * The Python library that a driver needs, judging by its name.
 *
 * @param driver Path of the driver.
 * @returns The library's path; undefined if the driver is no Python extension, or it is not there.
 */
export async function libpythonFor(driver: string): Promise<string | undefined> {
  const tag = /\.cpython-3(\d+)-/.exec(driver);
  if (!tag) return undefined;
  return (await findLibpythons()).find(({ version }) => version === `3.${tag[1]}`)?.path;
}

async function pythonLibrary(): Promise<{ version: string; folder: string } | undefined> {
  const script = "import sysconfig as s; print(s.get_python_version(), s.get_config_var('LIBDIR'))";
  try {
    const { success, stdout } = await new Deno.Command("python3", {
      args: ["-c", script],
      stdout: "piped",
      stderr: "null",
    }).output();
    const [version, folder] = new TextDecoder().decode(stdout).trim().split(" ");
    return success && folder ? { version, folder } : undefined;
  } catch {
    return undefined;
  }
}
