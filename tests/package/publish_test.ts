import { assert, assertEquals } from "@std/assert";
import { entryPoints } from "../../tools/imports.ts";
import { publishedFiles, resolveNames } from "./serve.ts";

Deno.test("publishing takes the library, its licence and its documentation, and nothing else", async () => {
  const files = await publishedFiles();
  for (const file of [...await entryPoints(), "deno.json", "LICENSE", "README.md"]) {
    assert(files.includes(file), `${file} must be published: ${files}`);
  }
  for (const file of ["src/shaders.ts", "src/ffi/native_source.ts"]) {
    assert(files.includes(file), `${file} must be published: ${files}`);
  }
  const ships =
    /^((?:mod|jpeg|augment)\.ts|deno\.json|LICENSE|README\.md|src\/.*\.ts|docs\/.*\.md)$/;
  assertEquals(files.filter((file) => !ships.test(file)), []);
});

Deno.test("resolveNames() replaces bare names only", () => {
  const imports = { "a-b": "npm:a-b@1.2.3", "@c/d": "npm:@c/d@2.0.0", "@std/x": "jsr:@std/x@1" };
  const text = 'import a from "a-b"; export * from "@c/d/sub"; await import("a-b");' +
    'import "./a-b"; import "node:fs"; import x from "@std/x"; const t = "a-b";';
  assertEquals(
    resolveNames(text, imports),
    'import a from "npm:a-b@1.2.3"; export * from "npm:@c/d@2.0.0/sub"; await import("npm:a-b@1.2.3");' +
      'import "./a-b"; import "node:fs"; import x from "@std/x"; const t = "a-b";',
  );
});
