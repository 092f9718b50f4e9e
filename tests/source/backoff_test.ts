import { assert, assertEquals } from "@std/assert";
import { backoffWait } from "../../src/source/backoff.ts";

Deno.test("waits double up to ten seconds, and are drawn between half of that and all of it", () => {
  const [least, most] = [0, 1].map((drawn) =>
    Array.from({ length: 9 }, (_, i) => backoffWait(i + 1, 100, () => drawn))
  );
  assertEquals(most, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  assertEquals(least, most.map((wait) => wait / 2));
  assertEquals(backoffWait(2, 100, () => 0.25), 125);
});

Deno.test("requests that failed together come back spread over the wait", () => {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[Math.floor((backoffWait(1, 100, random) - 50) / 5)]++;
  assert(counts.every((count) => count > 850 && count < 1_150), `${counts}`);
});
