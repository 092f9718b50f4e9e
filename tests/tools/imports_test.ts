import { assert, assertEquals } from "@std/assert";
import { importFlags, path, readConfig } from "../../tools/imports.ts";

Deno.test("importFlags() names a lock file and, where needed, a map of all imports", async () => {
  const known = Deno.env.get("CASSETTE_IMPORT_MAP");
  Deno.env.delete("CASSETTE_IMPORT_MAP");
  try {
    const flags = await importFlags();
    const lock = flags.find((flag) => flag.startsWith("--lock="))?.slice("--lock=".length) ?? "";
    assert(lock !== path("deno.lock") && (await Deno.stat(lock)).isFile);
    const { imports, name } = await readConfig();
    const at = flags.indexOf("--import-map");
    if (at === -1) return;
    const map = JSON.parse(await Deno.readTextFile(flags[at + 1])).imports;
    for (const [bare, target] of Object.entries(imports)) {
      if (target.startsWith("npm:")) assertEquals(map[bare], target);
      else assert((await Deno.stat(map[bare])).isFile, `${bare} must have a stand-in`);
    }
    assertEquals(map[name], path("mod.ts"));
  } finally {
    if (known !== undefined) Deno.env.set("CASSETTE_IMPORT_MAP", known);
  }
});

Deno.test("every dependency is exact, locked, and has its reason in CONTRIBUTING.md", async () => {
  const { imports } = await readConfig();
  const lock = JSON.parse(await Deno.readTextFile(path("deno.lock")));
  const reasons = await Deno.readTextFile(path("CONTRIBUTING.md"));
  for (const [name, target] of Object.entries(imports)) {
    assert(reasons.includes(`\`${name}\``), `${name} must have its reason`);
    if (!target.startsWith("npm:")) continue;
    assert(/@\d+\.\d+\.\d+$/.test(target), `${target} must be an exact version`);
    assert(lock.specifiers[target], `${target} must be in deno.lock`);
  }
  // Fresh machines fetch the whole lock: what one example needs must stay out of it.
  const named = Object.values(imports).filter((target) => target.startsWith("npm:"));
  assertEquals(Object.keys(lock.specifiers).sort(), named.sort());
});
