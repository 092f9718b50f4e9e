import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { tempFolder } from "../../tools/temp.ts";
import { cassette } from "./command.ts";

Deno.test("cassette demo replaces what it made itself, and only by --force what it did not", async () => {
  const out = join(tempFolder(), "demo");
  for (let round = 0; round < 2; round++) {
    const { code, err } = await cassette(["demo", "--out", out]);
    assertEquals(code, 0, err.join("\n"));
  }
  const file = join(tempFolder(), "notes.txt");
  await Deno.writeTextFile(file, "precious");
  const refused = await cassette(["demo", "--out", out, "--sqlite", file]);
  assertMatch(refused.err.join(), /notes\.txt as it is there already/);
  assertEquals(await Deno.readTextFile(file), "precious");
  assertEquals((await cassette(["demo", "--out", out, "--sqlite", file, "--force"])).code, 0);
});
