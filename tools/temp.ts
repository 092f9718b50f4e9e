/** Temporary files of tests and benches; they are removed when the module that made them ends. */

const made: string[] = [];

globalThis.addEventListener("unload", () => {
  for (const path of made) {
    try {
      Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
});

/**
 * Makes an empty folder.
 *
 * @returns Its path.
 */
export function tempFolder(): string {
  const path = Deno.makeTempDirSync();
  made.push(path);
  return path;
}

/**
 * Makes an empty file.
 *
 * @param suffix The end of its name.
 * @returns Its path.
 */
export function tempFile(suffix = ""): string {
  const path = Deno.makeTempFileSync({ suffix });
  made.push(path);
  return path;
}
