/**
 * Fuzzes the decoders. `deno task fuzz [COUNT] [SEED] [auto|segment|sync]` changes 20,000 JPEG files from
 * seed 1 on by default. `deno task fuzz families [COUNT] [SEED]` decodes JPEG, PNG and `.npy` files that
 * multiply a structure, 30 of each family by default, and ends with tables of what they cost.
 */
import { npyFamilies, npySubject, pngFamilies, pngSubject } from "../tests/codec/families.ts";
import { runFamilies, table } from "../tests/fuzz/family.ts";
import { jpegFamilies, jpegSubject } from "../tests/jpeg/families.ts";
import { openDevice } from "../tests/jpeg/support.ts";
import { BATCH, fuzz } from "../tests/jpeg/fuzz.ts";

if (Deno.args[0] === "families") {
  const [, count = "30", seed = "1"] = Deno.args;
  const options = { count: Number(count), seed: Number(seed) };
  await using test = await openDevice();
  const jpeg = await jpegSubject(test.device);
  using png = pngSubject();
  const reports = [
    ["JPEG", await runFamilies(jpeg, jpegFamilies(jpeg.neighbours[0]), options)],
    ["PNG", await runFamilies(png, pngFamilies(), options)],
    [".npy", await runFamilies(npySubject(), npyFamilies(), options)],
  ] as const;
  let wrong = 0;
  for (const [format, families] of reports) {
    for (const line of families.flatMap((report) => report.wrong)) {
      console.error(`${format}: ${line}`);
      wrong++;
    }
    console.log(`${format}\n\n${table(families)}\n`);
  }
  Deno.exit(wrong > 0 ? 1 : 0);
}
const [count = "20000", seed = "1", entropy = "auto"] = Deno.args;
if (!["auto", "segment", "sync"].includes(entropy)) {
  console.error(`Cannot fuzz as the path must be auto, segment or sync: received ${entropy}`);
  Deno.exit(2);
}
const start = performance.now();
const outcome = await fuzz(Number(count), Number(seed), {
  entropy: entropy as "auto" | "segment" | "sync",
  progress: ({ files, wrong }) => {
    if (files % 1000 < BATCH.mutants) console.error(`${files} files, ${wrong.length} wrong`);
  },
});
for (const line of outcome.wrong) console.error(line);
const { wrong, ...counts } = outcome;
console.log(JSON.stringify({
  ...counts,
  wrong: wrong.length,
  seconds: Math.round((performance.now() - start) / 1000),
}));
Deno.exit(wrong.length > 0 ? 1 : 0);
