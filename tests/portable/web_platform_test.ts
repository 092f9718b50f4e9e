import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { tempFolder } from "../../tools/temp.ts";
import { bundle } from "./bundle.ts";

/** What some browser or Node.js lacks, though Deno has it. */
const FOREIGN = new RegExp(
  [
    String.raw`\bDeno\.\w+`,
    String.raw`["']node:\w+`,
    String.raw`\brequire\(`,
    String.raw`\bprocess\.\w+`,
    String.raw`\bBuffer\.\w+`,
    String.raw`\binstanceof GPU\w+`,
    String.raw`^\s*(?:await )?using \w+ =`,
    String.raw`\b(?:Map|Object)\.groupBy\b`,
    String.raw`\bArray\.fromAsync\b`,
    String.raw`\bnavigator\.hardwareConcurrency\b`,
  ].join("|"),
  "gm",
);

for (const entry of ["jpeg.ts", "augment.ts"]) {
  Deno.test(`${entry} bundles for a browser and uses nothing but the web platform`, async () => {
    const target = join(tempFolder(), "bundle.js");
    await bundle(entry, target);
    const code = await Deno.readTextFile(target);
    assertEquals([...code.matchAll(FOREIGN)].map(([text]) => text.trim()), []);
  });
}
