import { assert, assertEquals } from "@std/assert";
import { fuzz } from "./fuzz.ts";
import { mutate } from "./mutate.ts";
import { cjpeg, djpeg, draw } from "./support.ts";

const COUNT = 300;

/** So small that the larger pictures need strips. */
const SMALL_BINDING = 48_000;

for (
  const [how, options] of Object.entries(
    {
      "by segment": { entropy: "segment" },
      "by sync": { entropy: "sync" },
      "in strips": { binding: SMALL_BINDING },
    } as const,
  )
) {
  Deno.test(`${COUNT} damaged files fare as with djpeg, ${how}`, async () => {
    const outcome = await fuzz(COUNT, 1, options);
    assertEquals(outcome.wrong, []);
    assertEquals(outcome.files, COUNT);
    // Each kind of outcome occurs, so that none goes untested.
    const { equal, warning, warningAsError, error, neighbours } = outcome;
    assert(Math.min(equal, warning, warningAsError, error, neighbours) > 10);
  });
}

Deno.test("1,024 files of one call fare as with djpeg, every 16th of them damaged", async () => {
  const batch = { mutants: 64, neighbours: 960 };
  const outcome = await fuzz(batch.mutants, 1, { batch });
  assertEquals(outcome.wrong, []);
  assertEquals(outcome.neighbours, batch.neighbours);
  const { equal, warning, warningAsError, error } = outcome;
  assert(Math.min(equal, warning, warningAsError, error) > 3);
});

Deno.test("a mutant depends on its seed alone, and is judged by djpeg", async () => {
  const corpus = [await cjpeg(draw(20, 20)), await cjpeg(draw(30, 9, 2), "-progressive")];
  const files = Array.from({ length: 40 }, (_, seed) => mutate(corpus, seed).file);
  assertEquals(mutate(corpus, 7).file, files[7]);
  assert(new Set(files.map((file) => file.join())).size > 30);
  const codes = new Set<number>();
  for (const file of files) codes.add((await djpeg(file)).code);
  assertEquals([...codes].sort(), [0, 1, 2]);
});
