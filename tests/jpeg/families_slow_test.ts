import { assert, assertEquals } from "@std/assert";
import { runFamilies, table } from "../fuzz/family.ts";
import { jpegFamilies, jpegSubject } from "./families.ts";
import { openDevice } from "./support.ts";

const COUNT = 6;

Deno.test("files that multiply a structure cost no more than their bytes and pixels allow", async () => {
  await using test = await openDevice();
  const subject = await jpegSubject(test.device);
  const families = jpegFamilies(subject.neighbours[0]);
  const reports = await runFamilies(subject, families, { count: COUNT });
  console.log(table(reports));
  assertEquals(reports.flatMap(({ wrong }) => wrong), []);
  for (const { files, neighbours } of reports) {
    assertEquals([files, neighbours], [COUNT, 2 * COUNT]);
  }
  assert(reports.some(({ outcomes }) => outcomes.LimitsError > 0));
});
