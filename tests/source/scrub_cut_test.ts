import { assertEquals } from "@std/assert";
import { Scrubber } from "../../src/source/scrub.ts";

Deno.test("a text that was cut off shows no begin of a secret", () => {
  const secret = "a password with ümlauts";
  const scrubber = new Scrubber([secret]);
  for (let cut = 980; cut < 1_060; cut++) {
    const said = `${"x".repeat(980)} ${secret} ${"x".repeat(100)}`;
    const bytes = new TextEncoder().encode(said).slice(0, cut);
    const text = scrubber.cut(new TextDecoder().decode(bytes), cut);
    assertEquals(text.replace(/^x*/, "").replaceAll(/[ …x]/g, ""), "", text);
  }
  assertEquals(scrubber.cut("as it is", 1_000), "as it is");
  assertEquals(new Scrubber([]).cut("x".repeat(1_000), 1_000).length, 1_000);
});
