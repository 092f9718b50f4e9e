/** Runs tests, counts them, and says by name what could not run and why. */
import { importFlags, path } from "./imports.ts";
import { readReport, type Report } from "./junit.ts";
import { NOT_RUN_FILE } from "./not_run.ts";
import { finish, passOn } from "./process.ts";

/** Test files with this ending run in `deno task test` only. */
const SLOW = "_slow_test.ts";

/** What is shown of the output of tests: all of it, or that of folders in which one failed. */
export type Show = "all" | "failures";

/** What a run of tests came to. */
export interface Result extends Report {
  /** Whether all that ran passed and nothing was left out silently. */
  ok: boolean;
}

/**
 * The test files of the project.
 *
 * @param options Whether slow ones are among them.
 * @returns Paths, sorted.
 */
export async function testFiles(options: { slow: boolean }): Promise<string[]> {
  const all = await filesBelow("tests/", (name) => name.endsWith("_test.ts"));
  return options.slow ? all : all.filter((name) => !name.endsWith(SLOW));
}

/**
 * Files whose documentation has examples.
 *
 * @returns Paths, sorted.
 */
async function documentedFiles(): Promise<string[]> {
  const found: string[] = [];
  for (const file of ["mod.ts", ...await filesBelow("src/", (name) => name.endsWith(".ts"))]) {
    const text = await Deno.readTextFile(path(file)).catch(() => "");
    if (/^ *\* *```(ts|typescript|js)\b/m.test(text)) found.push(file);
  }
  return found;
}

/**
 * Runs `deno test`, one process for each folder below `tests/`, so that a crash in one leaves the
 * others to run and be counted.
 *
 * @param files Test files.
 * @param flags More flags of `deno test`.
 * @param show What is shown of its output.
 * @returns Counts and names.
 */
export async function testAll(
  files: string[],
  flags: string[] = [],
  show: Show = "all",
): Promise<Result> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const group = file.split("/").slice(0, 2).join("/");
    groups.set(group, [...groups.get(group) ?? [], file]);
  }
  const result: Result = { ok: true, passed: 0, failed: [], skipped: [] };
  for (const [group, members] of groups) {
    merge(result, await testGroup(group, members, flags, show));
  }
  return result;
}

async function testGroup(
  group: string,
  files: string[],
  flags: string[],
  show: Show,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-test-" });
  const [report, reasons] = [`${folder}/junit.xml`, `${folder}/not_run`];
  const temporary = Deno.env.get("TMPDIR");
  Deno.env.set(NOT_RUN_FILE, reasons);
  // What examples, tests that crash, and programs that they end leave goes with the folder.
  Deno.env.set("TMPDIR", folder);
  try {
    const args = [
      "test",
      "-A",
      ...await importFlags(),
      `--junit-path=${report}`,
      ...flags,
      ...files,
    ];
    const code = show === "all" ? await passOn(args, path(".")) : await tellFailure(group, args);
    const xml = await Deno.readTextFile(report).catch(() => undefined);
    const why = await Deno.readTextFile(reasons).catch(() => "");
    if (xml === undefined) {
      const name = `${group}: deno test ended with exit code ${code} before its report`;
      return { ok: false, passed: 0, failed: [name], skipped: [] };
    }
    const found = readReport(xml, why);
    // The report does not tell tests that a filter left out from those that are ignored.
    if (flags.some((flag) => flag.startsWith("--filter"))) {
      found.skipped = found.skipped.filter((test) => test.why !== undefined);
    }
    for (const { name } of found.skipped.filter((test) => test.why === undefined)) {
      found.failed.push(`${name}: ignored without a reason; declare it by tools/not_run.ts`);
    }
    if (code !== 0 && found.failed.length === 0) {
      found.failed.push(`${group}: deno test ended with exit code ${code}`);
    }
    return { ...found, ok: found.failed.length === 0 };
  } finally {
    Deno.env.delete(NOT_RUN_FILE);
    if (temporary === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", temporary);
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Runs the examples of the documentation.
 *
 * @param flags More flags of `deno test`.
 * @param show What is shown of its output.
 * @returns Counts and names.
 */
export async function testExamples(flags: string[] = [], show: Show = "all"): Promise<Result> {
  return await testGroup("examples", await documentedFiles(), ["--doc", ...flags], show);
}

/** Runs `deno`, and shows what it wrote if it failed. */
async function tellFailure(group: string, args: string[]): Promise<number> {
  const { code, text, seconds } = await finish(Deno.execPath(), args, { cwd: path(".") });
  console.log(`       ${group} (${seconds.toFixed(1)} s)`);
  if (code !== 0) console.log(text);
  return code;
}

/**
 * Adds one result to another.
 *
 * @param into What is added to.
 * @param from What is added.
 */
export function merge(into: Result, from: Result): void {
  into.ok &&= from.ok;
  into.passed += from.passed;
  into.failed.push(...from.failed);
  into.skipped.push(...from.skipped);
}

/**
 * The task `test`: everything, slow tests and examples of the documentation among it, or only the
 * files and folders named.
 *
 * @param args Files, folders, and flags of `deno test`.
 * @returns The exit code. The last line printed is `N passed, N failed`.
 */
export async function runTests(args: string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith("-"));
  const names = args.filter((arg) => !arg.startsWith("-")).map((name) => name.replace(/^\.\//, ""));
  const all = await testFiles({ slow: true });
  const within = (file: string, name: string) =>
    file === name || file.startsWith(name.replace(/\/?$/, "/"));
  const unknown = names.find((name) => !all.some((file) => within(file, name)));
  if (unknown !== undefined) {
    console.error(
      `Cannot run tests as each name must be a test file or a folder of them (flags: --name=value): received ${unknown}`,
    );
    return 2;
  }
  const files = all.filter((file) =>
    names.length === 0 || names.some((name) => within(file, name))
  );
  const result = await testAll(files, ["--no-check", ...flags]);
  if (names.length === 0) merge(result, await testExamples());
  if (result.passed + result.failed.length === 0) result.failed.push("no test was found");
  tell(result);
  return result.failed.length === 0 ? 0 : 1;
}

function tell({ passed, failed, skipped }: Result): void {
  if (failed.length > 0) console.log(`\nFailed:\n${failed.map((name) => `  ${name}\n`).join("")}`);
  const reasons = Map.groupBy(skipped, (test) => test.why ?? "no reason given");
  for (const [why, tests] of reasons) {
    console.log(`\nNot run, as ${why}:\n${tests.map(({ name }) => `  ${name}\n`).join("")}`);
  }
  const rest = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
  console.log(`${passed} passed, ${failed.length} failed${rest}`);
}

async function filesBelow(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(path(folder))) {
    const name = folder + entry.name;
    if (entry.isDirectory) found.push(...await filesBelow(`${name}/`, wanted));
    else if (wanted(entry.name)) found.push(name);
  }
  return found.sort();
}
