/** Runs tests, counts them, and says by name what could not run and why. */
import { entryPoints, importFlags, path } from "./imports.ts";
import { readReport, type Report } from "./junit.ts";
import { NOT_RUN_FILE } from "./not_run.ts";
import { finish, passOn, sideBySide } from "./process.ts";

/** Test files with this ending run in `deno task test` only. */
const SLOW = "_slow_test.ts";

/** The flag of `deno test` that leaves out tests by their name. */
const FILTER = "--filter=";

/**
 * What is shown of the output of tests: all of it, as it comes, or that of folders in which one
 * failed. Folders run one after the other where all is shown, else side by side.
 */
export type Show = "all" | "failures";

/** Tests that run in one process, so that a crash in it leaves the others to run and be counted. */
export interface Group {
  /** For messages. */
  name: string;
  /** Test files, or modules with examples. */
  files: string[];
  /** Flags of `deno test`. */
  flags: string[];
}

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
  for (
    const file of [
      ...await entryPoints(),
      ...await filesBelow("src/", (name) => name.endsWith(".ts")),
    ]
  ) {
    const text = await Deno.readTextFile(path(file)).catch(() => "");
    if (/^ *\* *```(ts|typescript|js)\b/m.test(text)) found.push(file);
  }
  return found;
}

/**
 * Makes a group of each folder below `tests/`.
 *
 * @param files Test files.
 * @param flags More flags of `deno test`.
 * @returns The groups, in the order of the files.
 */
export function byFolder(files: string[], flags: string[] = []): Group[] {
  const folders = Map.groupBy(files, (file) => file.split("/").slice(0, 2).join("/"));
  return [...folders].map(([name, files]) => ({ name, files, flags: ["--no-check", ...flags] }));
}

/**
 * Makes a group of the examples of the documentation. Their types are checked, as no other check
 * sees them.
 *
 * @param flags More flags of `deno test`. To a filter, an example is named as the path of its file.
 * @returns The group; none where the filter leaves nothing of it.
 */
export async function examples(flags: string[] = []): Promise<Group[]> {
  const filters = flags.filter(isFilter).map((flag) => flag.slice(FILTER.length));
  const files = (await documentedFiles())
    .filter((file) => filters.every((filter) => matches(file, filter)));
  const others = flags.filter((flag) => !isFilter(flag));
  return files.length === 0 ? [] : [{ name: "examples", files, flags: ["--doc", ...others] }];
}

function isFilter(flag: string): boolean {
  return flag.startsWith(FILTER);
}

/** Whether `deno test` runs a test of such a name with such a filter: a text, or a `/pattern/`. */
function matches(name: string, filter: string): boolean {
  const pattern = /^\/(.*)\/$/.exec(filter)?.[1];
  return pattern === undefined ? name.includes(filter) : new RegExp(pattern).test(name);
}

/**
 * Runs `deno test` on groups of tests, each in a process of its own.
 *
 * @param groups What is run.
 * @param show What is shown of its output.
 * @returns Counts and names.
 */
export async function testAll(groups: readonly Group[], show: Show = "all"): Promise<Result> {
  const jobs = groups.map((group) => () => testGroup(group, show));
  const results = await sideBySide(jobs, show === "all" ? 1 : undefined);
  return {
    ok: results.every(({ ok }) => ok),
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.flatMap(({ failed }) => failed),
    skipped: results.flatMap(({ skipped }) => skipped),
  };
}

async function testGroup({ name, files, flags }: Group, show: Show): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-test-" });
  const [report, reasons] = [`${folder}/junit.xml`, `${folder}/not_run`];
  try {
    const args = [
      "test",
      "-A",
      ...await importFlags(),
      `--junit-path=${report}`,
      ...flags,
      ...files,
    ];
    // What examples, tests that crash, and programs that they end leave goes with the folder.
    const options = { cwd: path("."), env: { [NOT_RUN_FILE]: reasons, TMPDIR: folder } };
    const code = show === "all"
      ? await passOn(args, options)
      : await tellFailure(name, args, options);
    const xml = await Deno.readTextFile(report).catch(() => undefined);
    const why = await Deno.readTextFile(reasons).catch(() => "");
    if (xml === undefined) {
      const failed = [`${name}: deno test ended with exit code ${code} before its report`];
      return { ok: false, passed: 0, failed, skipped: [] };
    }
    const found = readReport(xml, why);
    // The report does not tell tests that a filter left out from those that are ignored.
    if (flags.some(isFilter)) {
      found.skipped = found.skipped.filter((test) => test.why !== undefined);
    }
    for (const { name } of found.skipped.filter((test) => test.why === undefined)) {
      found.failed.push(`${name}: ignored without a reason; declare it by tools/not_run.ts`);
    }
    if (code !== 0 && found.failed.length === 0) {
      found.failed.push(`${name}: deno test ended with exit code ${code}`);
    }
    return { ...found, ok: found.failed.length === 0 };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs `deno`, and shows what it wrote if it failed. */
async function tellFailure(
  name: string,
  args: string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<number> {
  const { code, text, seconds } = await finish(Deno.execPath(), args, options);
  console.log(`       ${name} (${seconds.toFixed(1)} s)`);
  if (code !== 0) console.log(text);
  return code;
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
  const groups = byFolder(files, flags);
  if (names.length === 0) groups.push(...await examples(flags));
  const result = await testAll(groups);
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
