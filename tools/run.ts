/**
 * Runs a task of `deno.json`: sets up what it lacks, resolves imports, and hands over.
 *
 * This module and what it imports use nothing but Deno and Node built-ins, so that they start on a
 * bare machine.
 */
import { bench } from "./bench.ts";
import { runGates } from "./gates.ts";
import { importFlags, path, SMALL_HEAP } from "./imports.ts";
import { passOn } from "./process.ts";
import { ALL_NEEDS, checkMet, NEEDS, setUp } from "./setup.ts";
import { runTests } from "./tests.ts";

/** Runs a module of the project with all permissions; its exit code is ours. */
async function script(
  module: string,
  args: string[],
  cwd?: string,
  flags: string[] = [],
): Promise<number> {
  return await passOn(["run", "-A", ...flags, ...await importFlags(), path(module), ...args], {
    cwd,
  });
}

/** Flags of Deno for a command. */
function flagsOf(command: string): string[] {
  return command === "ingest" || command === "list" ? [SMALL_HEAP] : [];
}

// Mesa complains on standard error of every process where this is unset.
if (Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR")) {
  await Deno.mkdir(path(".cache/"), { recursive: true });
  Deno.env.set("XDG_RUNTIME_DIR", path(".cache/"));
}

// Deno would also load the system's OpenGL, which has no f16, blocks on each submission, and now and
// then crashes while a process ends, as libEGL's clean-up races with threads that end.
if (Deno.build.os === "linux" && !Deno.env.get("DENO_WEBGPU_BACKEND")) {
  Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
}

/** Where the user stood when the task was started; paths on the command line are meant from there. */
const from = Deno.env.get("INIT_CWD") ?? Deno.cwd();

const TASKS: Record<string, (args: string[]) => Promise<number>> = {
  async demo(args) {
    await setUp("The demo needs", NEEDS.demo);
    return await script("src/cli/main.ts", ["demo", ...args], from);
  },
  async test(args) {
    await setUp("The tests need", NEEDS.test);
    return await runTests(args);
  },
  async ok() {
    await checkMet("The gates need", NEEDS.ok);
    return await runGates();
  },
  async setup() {
    await setUp("Development needs", ALL_NEEDS);
    await importFlags();
    return 0;
  },
  async bench(args) {
    await checkMet("The bench needs", args[0] === "decode" ? NEEDS["bench decode"] : NEEDS.test);
    return await bench(args);
  },
  cassette: (args) => script("src/cli/main.ts", args, from, flagsOf(args[0])),
  doctor: (args) => script("src/cli/main.ts", ["doctor", ...args], from),
  fuzz: async (args) => {
    await checkMet("Fuzzing needs", NEEDS.ok);
    return await script("tools/fuzz.ts", args);
  },
  native: (args) => script("tools/native.ts", args),
  cassandra: (args) => script("tools/cassandra.ts", args),
  valgrind: (args) => script("tools/valgrind.ts", args),
};

const [name, ...args] = Deno.args;
const task = TASKS[name];
if (task === undefined) {
  console.error(
    `Cannot run task as its name must be one of ${Object.keys(TASKS).join(", ")}: received ${name}`,
  );
  Deno.exit(2);
}
Deno.exit(await task(args));
