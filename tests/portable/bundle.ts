import { importFlags, path } from "../../tools/imports.ts";
import { finish } from "../../tools/process.ts";

/**
 * Bundles a module with all that it imports.
 *
 * @param module Path of the module, from the root of the repository.
 * @param target File to write.
 * @param flags More flags of `deno bundle`.
 */
export async function bundle(module: string, target: string, ...flags: string[]): Promise<void> {
  const args = ["bundle", "--quiet", "--platform", "browser", ...flags, "-o", target];
  const { code, text } = await finish(
    Deno.execPath(),
    [...args, ...await importFlags(), path(module)],
    { cwd: path(".") },
  );
  if (code !== 0) throw new Error(`Cannot bundle ${module}: ${text}`);
}
