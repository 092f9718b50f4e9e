import { assertEquals } from "@std/assert";
import { CorruptJpegError } from "../mod.ts";
import { KEPT, SkippedSamples } from "../src/skipped.ts";

Deno.test("errors of samples are all counted, and the last of them kept", () => {
  const skipped = new SkippedSamples();
  const reason = new CorruptJpegError("bad");
  assertEquals([skipped.count, skipped.last], [0, []]);
  const error = (index: number) => ({ index, id: `${index}`, reason });
  const all = Array.from({ length: 3 * KEPT + 7 }, (_, i) => error(i));
  skipped.add(all.slice(0, 2));
  assertEquals([skipped.count, skipped.last], [2, all.slice(0, 2)]);
  for (let i = 2; i < all.length; i += 5) skipped.add(all.slice(i, i + 5));
  assertEquals([skipped.count, skipped.last], [all.length, all.slice(-KEPT)]);
  skipped.last.pop();
  assertEquals(skipped.last.length, KEPT);
});
