import { assert } from "@std/assert";
import { join } from "@std/path";
import { path } from "../tools/imports.ts";

Deno.test("the links of README and docs lead to files", async () => {
  const files = ["README.md", "CONTRIBUTING.md"];
  for await (const { name } of Deno.readDir(path("docs"))) {
    if (name.endsWith(".md")) files.push(`docs/${name}`);
  }
  for (const file of files) {
    const text = await Deno.readTextFile(path(file));
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      const whole = path(join(file, "..", target));
      assert(await Deno.stat(whole).catch(() => null), `${file} links to ${target}`);
    }
  }
});
