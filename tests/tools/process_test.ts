import { assertEquals } from "@std/assert";
import { sideBySide } from "../../tools/process.ts";

Deno.test("sideBySide() begins jobs in their order, as many at a time as it may", async () => {
  for (const lanes of [1, 2, 3, 9]) {
    let running = 0, most = 0;
    const begun: number[] = [];
    const jobs = [50, 40, 41, 40, 43, 40, 42].map((turns, i) => async () => {
      begun.push(i);
      most = Math.max(most, ++running);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      running--;
      return i * 10;
    });
    assertEquals(await sideBySide(jobs, lanes), [0, 10, 20, 30, 40, 50, 60]);
    assertEquals([begun, most], [[0, 1, 2, 3, 4, 5, 6], Math.min(lanes, 7)]);
  }
  assertEquals(await sideBySide([]), []);
});
