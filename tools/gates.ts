/** The gates that every change passes: `deno task ok`. */
import { importFlags, path, readConfig } from "./imports.ts";
import { checkLayers } from "./layers.ts";
import { finish } from "./process.ts";
import { merge, testAll, testExamples, testFiles } from "./tests.ts";

interface Gate {
  name: string;
  /** Runs it; undefined if it holds, else what does not. */
  run(): Promise<string | undefined>;
}

/** A gate that is a quiet `deno` command. */
function command(name: string, args: () => Promise<string[]> | string[]): Gate {
  return {
    name,
    async run() {
      const { code, text } = await finish(Deno.execPath(), await args(), { cwd: path(".") });
      return code === 0 ? undefined : text;
    },
  };
}

async function entryPoints(): Promise<string[]> {
  return Object.values((await readConfig()).exports).map((file) => file.slice(2));
}

const GATES: Gate[] = [
  command("formatted", () => ["fmt", "--check"]),
  command("lint", () => ["lint"]),
  command("types", async () => ["check", ...await importFlags(), "."]),
  { name: "stages apart", run: checkLayers },
  command("generated files current", () => ["run", "-A", "tools/shaders.ts", "--check"]),
  command(
    "documentation",
    async () => ["doc", "--lint", ...await importFlags(), ...await entryPoints()],
  ),
  command(
    "publishable",
    () => ["publish", "--dry-run", "--allow-dirty", "--no-check", "--no-lock"],
  ),
  {
    name: "unit tests and examples",
    async run() {
      const result = await testAll(await testFiles({ slow: false }), ["--no-check"], "failures");
      merge(result, await testExamples([], "failures"));
      return result.ok ? undefined : result.failed.join("\n");
    },
  },
];

/**
 * Runs all gates, one after the other, and says how each went.
 *
 * @returns The exit code: 0 if all hold.
 */
export async function runGates(): Promise<number> {
  const failed: string[] = [];
  const begin = performance.now();
  for (const { name, run } of GATES) {
    const start = performance.now();
    const wrong = await run();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${wrong === undefined ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
    if (wrong === undefined) continue;
    failed.push(name);
    console.log(wrong.trimEnd() + "\n");
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(
    failed.length === 0
      ? `All ${GATES.length} gates hold (${seconds} s)`
      : `Failed: ${failed.join(", ")} (${seconds} s)`,
  );
  return failed.length === 0 ? 0 : 1;
}
