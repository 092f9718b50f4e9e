/** The gates that every change passes: `deno task ok`. */
import { entryPoints, importFlags, path } from "./imports.ts";
import { checkLayers } from "./layers.ts";
import { finish, sideBySide } from "./process.ts";
import { byFolder, examples, testAll, testFiles } from "./tests.ts";

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

/** Those that take seconds, the longest first. */
const QUICK: Gate[] = [
  command("types", async () => ["check", ...await importFlags(), "."]),
  command("formatted", () => ["fmt", "--check"]),
  command("lint", () => ["lint"]),
  { name: "stages apart", run: checkLayers },
  command("generated files current", () => ["run", "-A", "tools/shaders.ts", "--check"]),
  command("troubleshooting current", () => ["run", "-A", "tools/troubleshooting.ts", "--check"]),
  command(
    "documentation",
    async () => ["doc", "--lint", ...await importFlags(), ...await entryPoints()],
  ),
  command(
    "publishable",
    () => ["publish", "--dry-run", "--allow-dirty", "--no-check", "--no-lock"],
  ),
];

const TESTS: Gate = {
  name: "unit tests and examples",
  async run() {
    const folders = byFolder(await testFiles({ slow: false }));
    // What takes longest comes first, so that nothing long is left for one core at the end.
    folders.sort((a, b) => b.files.length - a.files.length);
    const { ok, failed } = await testAll([...await examples(), ...folders], "failures");
    return ok ? undefined : failed.join("\n");
  },
};

/**
 * Runs all gates and says how each went.
 *
 * @returns The exit code: 0 if all hold.
 */
export async function runGates(): Promise<number> {
  const begin = performance.now();
  const held = await sideBySide(QUICK.map((gate) => () => holds(gate)));
  held.push(await holds(TESTS));
  const gates = [...QUICK, TESTS];
  const failed = gates.filter((_, i) => !held[i]).map(({ name }) => name);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(
    failed.length === 0
      ? `All ${gates.length} gates hold (${seconds} s)`
      : `Failed: ${failed.join(", ")} (${seconds} s)`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** Runs a gate and tells how it went. */
async function holds({ name, run }: Gate): Promise<boolean> {
  const start = performance.now();
  const wrong = await run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${wrong === undefined ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (wrong !== undefined) console.log(wrong.trimEnd() + "\n");
  return wrong === undefined;
}
