import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { examples, type Result } from "../../tools/tests.ts";
import { tempFile } from "../../tools/temp.ts";

/** Runs test files through the runner, quietly, in a process of its own. */
async function run(files: Record<string, string>, ...flags: string[]): Promise<Result> {
  const folder = await Deno.makeTempDir();
  try {
    const [runner, notRun] = ["tests", "not_run"].map((name) =>
      new URL(`../../tools/${name}.ts`, import.meta.url)
    );
    for (const [name, text] of Object.entries(files)) {
      const own = text.replace("NOT_RUN", String(notRun));
      await Deno.writeTextFile(join(folder, name), own);
    }
    const script = `import { byFolder, testAll } from "${runner}";
      const files = ${JSON.stringify(Object.keys(files).map((name) => join(folder, name)))};
      const result = await testAll(byFolder(files, ${JSON.stringify(["--quiet", ...flags])}));
      Deno.writeTextFileSync(new URL("${toFileUrl(folder)}/result"), JSON.stringify(result));`;
    await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", script],
      env: { NO_COLOR: "1" },
    }).output();
    const result = await Deno.readTextFile(join(folder, "result"));
    return JSON.parse(result.replaceAll(/ \([^()]*\/(\w+\.ts)\)/g, " ($1)"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("tests that cannot run are told with their reason", async () => {
  const result = await run({
    "a_test.ts": `import { notRun } from "NOT_RUN";
      const why = "no server answers";
      Deno.test({ name: "server", ignore: notRun("server", why), fn() {} });
      Deno.test({ name: "local", ignore: notRun("local", undefined), fn() {} });`,
  });
  assertEquals(result, {
    ok: true,
    passed: 1,
    failed: [],
    skipped: [{ name: "server (a_test.ts)", why: "no server answers" }],
  });
});

Deno.test("a test that is ignored without a reason fails the run", async () => {
  const { ok, failed } = await run({
    "a_test.ts": `Deno.test.ignore("silent", () => {}); Deno.test("good", () => {});`,
  });
  assertEquals({ ok, failed }, {
    ok: false,
    failed: ["silent (a_test.ts): ignored without a reason; declare it by tools/not_run.ts"],
  });
});

Deno.test("a test that a filter leaves out is no failure", async () => {
  const { ok, passed, skipped } = await run(
    { "a_test.ts": `Deno.test("wanted", () => {}); Deno.test("other", () => {});` },
    "--filter=wanted",
  );
  assertEquals({ ok, passed, skipped }, { ok: true, passed: 1, skipped: [] });
});

Deno.test("a filter leaves out examples of files whose path it does not match", async () => {
  const all = await examples();
  assert(all[0].files.includes("src/ids.ts") && all[0].files.includes("src/order/weighted.ts"));
  assertEquals(await examples(["--filter=order/weighted", "--quiet"]), [
    { name: "examples", files: ["src/order/weighted.ts"], flags: ["--doc", "--quiet"] },
  ]);
  assertEquals((await examples(["--filter=/^src.(ids|loader)\\.ts$/"]))[0].files, [
    "src/ids.ts",
    "src/loader.ts",
  ]);
  assertEquals(await examples(["--filter=the name of a test"]), []);
});

Deno.test("a crash is counted as a failure", async () => {
  const { ok, passed, failed } = await run({
    "a_test.ts": `Deno.test("dies", () => Deno.kill(Deno.pid, "SIGKILL"));`,
  });
  assertEquals({ ok, passed, failures: failed.length }, { ok: false, passed: 0, failures: 1 });
});

Deno.test("what tests leave in the temporary folder is removed", async () => {
  const note = tempFile();
  await run({
    "a_test.ts": `Deno.test("leaves", () => {
      Deno.writeTextFileSync(${JSON.stringify(note)}, Deno.makeTempFileSync());
      Deno.kill(Deno.pid, "SIGKILL");
    });`,
  });
  const left = await Deno.readTextFile(note);
  assertStringIncludes(left, "cassette-test-");
  await assertRejects(() => Deno.stat(left), Deno.errors.NotFound);
});
