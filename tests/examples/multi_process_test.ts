import { assertEquals } from "@std/assert";
import { importFlags, path } from "../../tools/imports.ts";

Deno.test("two processes over one table see every id once an epoch", async () => {
  const flags = await importFlags();
  const script = path("examples/multi_process.ts");
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...flags, script, "--flags", JSON.stringify(flags)],
    stdin: "null",
    stderr: "inherit",
  }).output();
  const out = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(
    out,
    [0, 1].map((epoch) =>
      `epoch ${epoch}: 19 ids in 3 batches + 18 ids in 3 batches, every id once: yes`
    ),
  );
  assertEquals(code, 0);
});
