/**
 * Which part of `src/` may import which: stages know each other's types only, so that each can be
 * used, tested and replaced alone.
 */
import { importFlags, path, readConfig, ROOT } from "./imports.ts";
import { finish } from "./process.ts";

/** Modules that all may import. */
const COMMON = ["errors.ts", "check.ts", "extremes.ts", "ids.ts", "latency.ts", "shaders.ts"];

/** What each folder may import beside them; types are free. */
const LAYERS: Record<string, readonly string[]> = {
  gpu: [],
  ffi: [],
  order: [],
  codec: [],
  jpeg: ["gpu"],
  augment: ["gpu"],
  source: ["ffi"],
  dataset: ["source"],
  pipeline: ["gpu", "codec", "augment", "labels.ts", "pool.ts"],
};

/** The command, and the modules beside the folders, tie them together. */
const KNOWS_ALL = /^(cli$|[^/]+\.ts$)/;

interface ModuleGraph {
  modules: {
    specifier: string;
    dependencies?: { specifier: string; code?: { specifier?: string } }[];
  }[];
}

/**
 * Finds imports between parts that must not know each other.
 *
 * @param graphs What `deno info --json` says of entry points.
 * @param source Where modules lie, with a slash at its end.
 * @returns A line for each, sorted.
 */
export function wrongImports(graphs: readonly ModuleGraph[], source: string): string[] {
  const wrong = new Set<string>();
  for (const { specifier, dependencies } of graphs.flatMap(({ modules }) => modules)) {
    if (!specifier.startsWith(source)) continue;
    const from = specifier.slice(source.length);
    const layer = from.split("/")[0];
    if (KNOWS_ALL.test(layer)) continue;
    for (const { code } of dependencies ?? []) {
      if (!code?.specifier?.startsWith(source)) continue;
      const target = code.specifier.slice(source.length);
      const part = target.split("/")[0];
      const allowed = [layer, ...COMMON, ...LAYERS[layer] ?? []];
      if (allowed.includes(part)) continue;
      wrong.add(
        `Cannot import ${target} in ${from} as imports of ${layer} other than types must be of ${
          allowed.join(", ")
        }`,
      );
    }
  }
  return [...wrong].sort();
}

/**
 * Checks the imports of everything that is published.
 *
 * @returns What is wrong; undefined if nothing is.
 */
export async function checkLayers(): Promise<string | undefined> {
  const graphs: ModuleGraph[] = [];
  for (const entry of Object.values((await readConfig()).exports)) {
    const args = ["info", "--json", ...await importFlags(), entry];
    const { code, text } = await finish(Deno.execPath(), args, { cwd: path(".") });
    if (code !== 0) return text;
    graphs.push(JSON.parse(text.slice(0, text.lastIndexOf("}") + 1)));
  }
  const wrong = wrongImports(graphs, new URL("src/", ROOT).href);
  return wrong.length === 0 ? undefined : wrong.join("\n");
}
