import { assert, assertEquals } from "@std/assert";
import { type Family, runFamilies, type Subject, table } from "../fuzz/family.ts";
import { npyFamilies, npySubject, pngFamilies, pngSubject } from "./families.ts";

const COUNT = 8;

async function holds<T extends Disposable>(subject: Subject<T>, families: Family[]): Promise<void> {
  const reports = await runFamilies(subject, families, { count: COUNT });
  console.log(table(reports));
  assertEquals(reports.flatMap(({ wrong }) => wrong), []);
  for (const { files, neighbours } of reports) {
    assertEquals([files, neighbours], [COUNT, 2 * COUNT]);
  }
  assert(reports.some(({ outcomes }) => outcomes.UnsupportedFormatError > 0));
}

Deno.test("PNG files that multiply a structure cost no more than their bytes and pixels allow", async () => {
  using subject = pngSubject();
  await holds(subject, pngFamilies());
});

Deno.test(".npy files that multiply a structure cost no more than their bytes allow", async () => {
  await holds(npySubject(), npyFamilies());
});
