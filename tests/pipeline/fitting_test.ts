import { assert, assertEquals } from "@std/assert";
import type { GpuImage } from "../../src/gpu/images.ts";
import { fittingRanges } from "../../src/pipeline/fitting.ts";
import { layOut } from "../../src/pipeline/word_images.ts";
import { random } from "../jpeg/support.ts";

Deno.test("ranges of pictures follow one another, fit a buffer, and are as long as they can be", () => {
  const next = random(5);
  const side = () => 1 + Math.floor(next() * 60);
  for (let round = 0; round < 200; round++) {
    const sizes = Array.from(
      { length: 12 },
      () => next() < 0.2 ? null : { width: side(), height: side(), isPng: next() < 0.5 },
    );
    const { places } = layOut(sizes.map((size) => size && !size.isPng ? size : null), 0);
    const others = sizes.map((size) => size?.isPng ? size : null);
    const most = 2 ** (12 + round % 4);
    const bytes = (from: number, to: number) => {
      const decoded = places.slice(from, to).filter((image): image is GpuImage => image !== null);
      const last = decoded.at(-1);
      const span = last ? last.byteOffset + last.rowPitch * last.height - decoded[0].byteOffset : 0;
      return layOut(others.slice(from, to), span).end;
    };
    const ranges = fittingRanges(places, others, most);
    assertEquals(ranges[0][0], 0);
    assertEquals(ranges.at(-1)![1], sizes.length);
    ranges.forEach(([from, to], i) => {
      if (i > 0) assertEquals(from, ranges[i - 1][1]);
      assert(to > from && (to === from + 1 || bytes(from, to) <= most));
      // All begin at multiples of 256 bytes, the next one too.
      if (to < sizes.length) assert(bytes(from, to + 1) > most - 256);
    });
  }
});
