import { assert, assertEquals } from "@std/assert";
import { importFlags, path } from "../../tools/imports.ts";
import { notRun } from "../../tools/not_run.ts";
import { finish } from "../../tools/process.ts";
import type { Verdict } from "./dawn.ts";

/**
 * Dawn for Node: its 50 MB are for this test alone, so that it is named here and not in deno.json,
 * whose packages every machine fetches.
 */
const DAWN = "npm:webgpu@0.6.2";

/** Why Dawn is not there; undefined where it is. */
async function lacking(): Promise<string | undefined> {
  const { code, text } = await finish(Deno.execPath(), ["cache", "-q", "--no-lock", DAWN]);
  return code === 0 ? undefined : `${DAWN} cannot be fetched: ${text}`;
}

const name = "another implementation of WebGPU takes every kernel, binding and command";

Deno.test({
  name,
  ignore: notRun(name, await lacking()),
  async fn() {
    const file = await Deno.makeTempFile();
    try {
      const flags = (await importFlags()).filter((flag) => !flag.startsWith("--lock"));
      const program = [path("tests/gpu/dawn.ts"), DAWN, file];
      const args = ["run", "-A", "--no-check", "--no-lock", ...flags, ...program];
      const { code, text } = await finish(Deno.execPath(), args);
      assertEquals(code, 0, text);
      const verdict: Verdict = JSON.parse(await Deno.readTextFile(file));
      assertEquals(verdict.errors, []);
      assertEquals(verdict.unused, []);
      assert(verdict.strict, "Tint must refuse a barrier that not all invocations reach");
    } finally {
      await Deno.remove(file);
    }
  },
});
