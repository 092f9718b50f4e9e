/**
 * How far each operator is off from its reference on photos: runs the tests that compare them, on more
 * pictures, and prints what they found as a Markdown table.
 *
 * Run it by `deno task bench augment_exactness --pictures DIR`.
 */
import type { Found } from "../tests/augment/compare.ts";
import { importFlags, path } from "../tools/imports.ts";
import { picturesFolder } from "./pictures.ts";

const TESTS = ["tests/augment/exactness_test.ts", "tests/augment/chance_test.ts"];

const folder = picturesFolder();
if (folder === undefined) throw new Error("Name a folder of photos by --pictures DIR");
const findings = await Deno.makeTempFile();
const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", ...await importFlags(), ...TESTS.map(path)],
  env: { CASSETTE_WORST: findings, CASSETTE_PICTURES: folder },
}).output();
const text = await Deno.readTextFile(findings);
await Deno.remove(findings);
if (code !== 0) {
  console.error(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  Deno.exit(code);
}

const lines = new Map<string, Found[]>();
for (const line of text.trim().split("\n")) {
  const found = JSON.parse(line) as Found;
  const { reference, f32, u8, share } = found.bounds;
  const within = share > 0 ? ` in ${100 - 100 * share} %` : "";
  const key = `| \`${found.line}\` | ${reference} | ${f32}, ${u8}${within}`;
  lines.set(key, [...lines.get(key) ?? [], found]);
}
console.log("| Operator | Reference | Tolerance f32, u8 | Off, f32 | Off, u8 | Beyond |");
console.log("| --- | --- | --- | ---: | ---: | ---: |");
for (const [key, founds] of lines) {
  const worst = (type: "f32" | "u8"): number | null =>
    founds.some((found) => found[type] !== null)
      ? Math.max(...founds.map((found) => found[type] ?? 0))
      : null;
  const share = founds.reduce((sum, { beyond }) => sum + beyond, 0) /
    founds.reduce((sum, { total }) => sum + total, 0);
  const f32 = Number(worst("f32")!.toPrecision(2));
  const beyond = share === 0 ? "0" : `${Number((100 * share).toPrecision(2))} %`;
  console.log(`${key} | ${f32} | ${worst("u8") ?? ""} | ${beyond} |`);
}
