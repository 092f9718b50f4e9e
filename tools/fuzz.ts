/**
 * Fuzzes the JPEG decoder: `deno task fuzz [COUNT] [SEED] [auto|segment|sync]`, 20,000 files from seed 1
 * when left out. `deno task fuzz families [COUNT] [SEED]` decodes files that multiply a structure, 30 of
 * each family when left out, and ends with a table of what they cost.
 */
import { runFamilies, table } from "../tests/fuzz/family.ts";
import { jpegFamilies, jpegSubject } from "../tests/jpeg/families.ts";
import { openDevice } from "../tests/jpeg/support.ts";
import { BATCH, fuzz } from "../tests/jpeg/fuzz.ts";

if (Deno.args[0] === "families") {
  const [, count = "30", seed = "1"] = Deno.args;
  await using test = await openDevice();
  const subject = await jpegSubject(test.device);
  const reports = await runFamilies(subject, jpegFamilies(subject.neighbours[0]), {
    count: Number(count),
    seed: Number(seed),
  });
  const wrong = reports.flatMap((report) => report.wrong);
  for (const line of wrong) console.error(line);
  console.log(table(reports));
  Deno.exit(wrong.length > 0 ? 1 : 0);
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
