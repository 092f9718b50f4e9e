import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { importFlags, path } from "../tools/imports.ts";
import { cassette } from "./cli/command.ts";
import { tempFolder } from "../tools/temp.ts";

Deno.test("the ten lines of the README load what the demo has filled in", async () => {
  const readme = await Deno.readTextFile(path("README.md"));
  const script = /```ts\n([\s\S]*?)```/.exec(readme)![1];
  assertEquals(script.trimEnd().split("\n").length, 10);
  const dir = tempFolder();
  await Deno.writeTextFile(join(dir, "script.ts"), script);
  assertEquals((await cassette(["demo", "--out", join(dir, "cassette-demo")])).code, 0);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), join(dir, "script.ts")],
    cwd: dir,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr).includes("error: Uncaught")], [0, false]);
  const text = new TextDecoder().decode(stdout);
  assertMatch(text, /^0 \[ 32, 3, 224, 224 \] Int32Array\(32\)/m);
  assertMatch(text, /^1 \[ 32, 3, 224, 224 \] Int32Array\(32\)/m);
});
