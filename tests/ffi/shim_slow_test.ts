import { assertEquals, assertMatch } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { lackingCompiler, runShimTests } from "./shim.ts";

const name = "the shim's tests pass under Address and Undefined Behaviour Sanitizer";

Deno.test({
  name,
  ignore: notRun(name, await lackingCompiler()),
  async fn() {
    const { code, output } = await runShimTests("address,undefined");
    assertEquals(code, 0, output);
    assertMatch(output, /order[\s\S]*close_while_fetching[\s\S]*threads/);
  },
});
