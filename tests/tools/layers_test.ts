import { assertEquals } from "@std/assert";
import { wrongImports } from "../../tools/layers.ts";

const module = (from: string, ...imports: { code?: string; type?: string }[]) => ({
  specifier: `file:///p/src/${from}`,
  dependencies: imports.map(({ code, type }) => ({
    specifier: "",
    code: code === undefined ? undefined : { specifier: code },
    type: type === undefined ? undefined : { specifier: type },
  })),
});

Deno.test("imports between stages are found, other than of types", () => {
  const at = (name: string) => `file:///p/src/${name}`;
  const modules = [
    module("jpeg/a.ts", { type: at("source/b.ts") }, { code: at("gpu/c.ts") }),
    module("jpeg/d.ts", { code: at("errors.ts") }, { code: "npm:sharp" }, {
      code: at("jpeg/a.ts"),
    }),
    module("jpeg/e.ts", { code: at("source/b.ts") }),
    module("source/b.ts", { code: at("loader.ts") }),
    module("new_stage/g.ts", { code: at("gpu/c.ts") }),
    module("loader.ts", { code: at("jpeg/a.ts") }),
    module("cli/f.ts", { code: at("source/b.ts") }),
  ];
  const found = wrongImports([{ modules }], "file:///p/src/");
  assertEquals(found.map((line) => line.split(" as ")[0]), [
    "Cannot import gpu/c.ts in new_stage/g.ts",
    "Cannot import loader.ts in source/b.ts",
    "Cannot import source/b.ts in jpeg/e.ts",
  ]);
});
