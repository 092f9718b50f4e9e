/** The benches: `deno bench` files, and comparisons that end with one JSON object. */
import { importFlags, path } from "./imports.ts";
import { passOn } from "./process.ts";

/**
 * Runs `bench/NAME.ts` if the first argument names such a file, else `deno bench` on all of
 * `bench/*_bench.ts` or on the files named.
 *
 * @param args Name of a comparison and its options, or arguments of `deno bench`.
 * @returns The exit code.
 */
export async function bench(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name !== undefined && await isFile(`bench/${name}.ts`)) {
    return await passOn(
      ["run", "-A", ...await importFlags(), path(`bench/${name}.ts`), ...rest],
      { cwd: Deno.env.get("INIT_CWD") },
    );
  }
  const files = args.length > 0 ? args : [path("bench/")];
  return await passOn(["bench", "-A", ...await importFlags(), ...files]);
}

async function isFile(name: string): Promise<boolean> {
  return (await Deno.stat(path(name)).catch(() => undefined))?.isFile ?? false;
}
