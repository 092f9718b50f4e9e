import { assert, assertEquals } from "@std/assert";
import { SampleRandom } from "../../src/augment/philox.ts";
import {
  randomWindow,
  type Window,
  type WindowLimits,
} from "../../src/augment/random_resized_crop.ts";

const USUAL: WindowLimits = { area: [0.08, 1], ratio: [3 / 4, 4 / 3], attempts: 10 };

function windows(count: number, width: number, height: number, limits = USUAL): Window[] {
  const random = new SampleRandom();
  random.seed(5n);
  return Array.from({ length: count }, (_, position) => {
    const window = { x: 0, y: 0, width: 0, height: 0 };
    random.sample(0, position);
    random.operator(4, 0);
    randomWindow(limits, width, height, random, window);
    return window;
  });
}

Deno.test("windows lie within the image and its limits, whatever its size", () => {
  for (const [width, height] of [[500, 375], [1, 1], [1, 900], [900, 1], [7, 5], [3000, 2000]]) {
    for (const { x, y, width: w, height: h } of windows(500, width, height)) {
      assert(Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0);
      assert(Number.isInteger(w) && Number.isInteger(h) && w >= 1 && h >= 1);
      assert(x + w <= width && y + h <= height);
      if (width * height > 10000) {
        const share = w * h / (width * height);
        assert(share > 0.078 && share <= 1, `share ${share}`);
        assert(w / h >= 3 / 4 && w / h <= 4 / 3, `ratio ${w / h}`);
      }
    }
  }
});

Deno.test("area is uniform and the aspect ratio log-uniform where all of them fit", () => {
  // With at most half of the area, every ratio fits into a square image.
  const limits = { ...USUAL, area: [0.1, 0.5] as [number, number] };
  const found = windows(20000, 1000, 1000, limits);
  const areas = found.map(({ width, height }) => width * height / 1e6);
  const logs = found.map(({ width, height }) => Math.log(width / height));
  const bins = (values: number[], low: number, high: number): number[] => {
    const counts = new Array(8).fill(0);
    for (const value of values) {
      counts[Math.min(7, Math.max(0, Math.floor((value - low) / (high - low) * 8)))]++;
    }
    return counts;
  };
  const limit = Math.log(4 / 3);
  for (const counts of [bins(areas, 0.1, 0.5), bins(logs, -limit, limit)]) {
    // 2,500 in each are expected; five standard deviations are 234.
    assert(counts.every((count) => Math.abs(count - 2500) < 234), counts.join(" "));
  }
});

Deno.test("the window's place is uniform over all places where it fits", () => {
  const limits: WindowLimits = { area: [0.25, 0.25], ratio: [1, 1], attempts: 10 };
  const xs = new Array(6).fill(0), ys = new Array(6).fill(0);
  for (const { x, y, width, height } of windows(12000, 10, 10, limits)) {
    assertEquals([width, height], [5, 5]);
    xs[x]++;
    ys[y]++;
  }
  // 2,000 are expected at each of 6 places; five standard deviations are 204.
  for (const count of [...xs, ...ys]) assert(Math.abs(count - 2000) < 204, `${xs} | ${ys}`);
});

Deno.test("an image that no window fits gets the largest that the limits allow", () => {
  // Too wide for the least area: the whole height, as wide as the ratio allows.
  for (const { width, height } of windows(50, 1200, 60, USUAL)) {
    assertEquals([width, height], [80, 60]);
  }
  for (const { width, height } of windows(50, 60, 1200, USUAL)) {
    assertEquals([width, height], [60, 80]);
  }
  // 2 × 2 is all that rounding gives, and its ratio is too small: after ten attempts it is the
  // largest window, 3 × 2, made smaller by the root of 0.5 · 9 / 6 in both directions.
  const coarse: WindowLimits = { area: [0.5, 0.5], ratio: [1.2, 1.3], attempts: 10 };
  for (const { width, height } of windows(50, 3, 3, coarse)) {
    assertEquals([width, height], [2, 1]);
  }
});

Deno.test("fewer attempts give the whole image more often", () => {
  const share = (attempts: number): number => {
    const found = windows(4000, 400, 300, { area: [0.9, 1], ratio: [3 / 4, 4 / 3], attempts });
    return found.filter(({ width, height }) => width === 400 && height === 300).length / 4000;
  };
  assert(share(1) > 0.5);
  assert(share(10) < share(1));
});
