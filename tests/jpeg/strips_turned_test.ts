import { assertEquals } from "@std/assert";
import { stripsDiffer } from "./strips_turned.ts";

Deno.test("strips of turned pictures are equal to djpeg where no row begins at a multiple of 256 bytes", async () => {
  const kinds = [1, 2, 3, 5, 8, 11, 14, 15].map((rest, i) => ({
    width: 96 + rest,
    height: 112 + (rest * 5 + 1) % 16,
    sampling: ["2x2", "1x1", "2x1", "1x2", "grey", "4x1"][i % 6],
    progressive: i % 3 === 2,
  }));
  const { wrong, compared } = await stripsDiffer(kinds);
  assertEquals(wrong, []);
  assertEquals(compared, 8 * 4 + 2 * 4);
});
