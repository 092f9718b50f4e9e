import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { resize, type ResizeOptions } from "../../src/augment/mod.ts";
import { Chain } from "../../src/augment/chain.ts";
import type { Geometry } from "../../src/augment/geometry.ts";
import { SampleRandom } from "../../src/augment/philox.ts";
import { resizeKind } from "../../src/augment/resize.ts";
import { flip, planes, resample } from "./reference.ts";
import { run, testDevice, testPicture } from "./run.ts";

const device = await testDevice();

function place(width: number, height: number, options: ResizeOptions): Geometry {
  const chain = new Chain();
  chain.begin(width, height, width);
  resizeKind.bind(resize(options).parameters).apply(chain, new SampleRandom());
  return chain.passes[0].geometry;
}

Deno.test("the size follows from mode, shorter, longer and maxSize as in DALI", () => {
  // The first ones are the examples of DALI's documentation of mode and max_size.
  const cases: [number, number, ResizeOptions, number, number][] = [
    [1280, 720, { width: 640, height: 480, mode: "notLarger" }, 640, 360],
    [640, 480, { width: 1920, height: 1080, mode: "notSmaller" }, 1920, 1440],
    [1200, 600, { width: 800, height: 800, mode: "notSmaller", maxSize: 1400 }, 1400, 700],
    [500, 375, { shorter: 256 }, 341, 256],
    [375, 500, { shorter: 256 }, 256, 341],
    [500, 375, { longer: 256 }, 256, 192],
    [500, 375, { width: 224, height: 224 }, 224, 224],
    [500, 375, { width: 250 }, 250, 188],
    [500, 375, { height: 75 }, 100, 75],
    [500, 375, { height: 75, mode: "stretch" }, 500, 75],
    [500, 375, { width: 250, mode: "notLarger" }, 250, 188],
    [3000, 100, { shorter: 200, maxSize: 1000 }, 1000, 33],
    [3000, 100, { width: 2000, maxSize: 1000 }, 1000, 67],
    [1000, 1, { longer: 10 }, 10, 1],
    [1, 1, { shorter: 50 }, 50, 50],
    [10, 10, { width: 2.5, height: 3.4 }, 3, 3],
  ];
  for (const [width, height, options, outWidth, outHeight] of cases) {
    const geometry = place(width, height, options);
    assertEquals(
      [geometry.width, geometry.height],
      [outWidth, outHeight],
      `${width} × ${height} ${JSON.stringify(options)}`,
    );
  }
});

Deno.test("subpixelScale keeps the scale and shifts the borders, else the scale gives way", () => {
  const exact = place(500, 375, { shorter: 256 });
  assertEquals(exact.scaleX, exact.scaleY);
  const shown = 341 * 375 / 256;
  assert(Math.abs(exact.startX - (500 - shown) / 2) < 1e-9);
  const whole = place(500, 375, { shorter: 256, subpixelScale: false });
  assertEquals(whole.scaleX, 500 / 341);
  assertEquals(whole.startX, 0);
});

const FILTERS = ["nearest", "linear", "cubic", "lanczos3", "gaussian", "triangular"] as const;
const SIZES: [number, number, number, number][] = [
  [500, 375, 224, 224],
  [37, 21, 224, 100],
  [1, 1, 8, 8],
  [1, 40, 8, 12],
  [300, 1, 7, 9],
  [700, 30, 44, 44],
  [20, 14, 1000, 700],
  [33, 47, 5, 3],
  [64, 64, 64, 64],
];

Deno.test("every filter gives what the formula gives, up and down", async () => {
  for (const interpolation of FILTERS) {
    for (const antialias of [true, false]) {
      for (const [width, height, outWidth, outHeight] of SIZES) {
        const picture = testPicture(width, height);
        const options = { width: outWidth, height: outHeight, interpolation, antialias };
        const got = await run(device, [picture], [resize(options)]);
        const whole: [number, number, number, number] = [0, 0, width, height];
        const want = planes(
          resample(picture, whole, outWidth, outHeight, interpolation, antialias),
        );
        let worst = 0;
        want.forEach((value, i) => worst = Math.max(worst, Math.abs(value - got.data[i])));
        assert(worst < 0.02, `${JSON.stringify(options)} of ${width} × ${height}: ${worst}`);
      }
    }
  }
});

Deno.test("a region is resized by itself, and mirrored where it ends before it starts", async () => {
  const picture = testPicture(90, 60);
  const size = { width: 40, height: 31 };
  const cases: [ResizeOptions, [number, number, number, number], boolean, boolean][] = [
    [
      { ...size, roiStart: { x: 10.5, y: 4 }, roiEnd: { x: 60, y: 50.25 } },
      [
        10.5,
        4,
        49.5,
        46.25,
      ],
      false,
      false,
    ],
    [
      { ...size, roiStart: { x: 80, y: 5 }, roiEnd: { x: 20, y: 45 } },
      [20, 5, 60, 40],
      true,
      false,
    ],
    [
      { ...size, roiStart: { x: -0.5, y: 0.9 }, roiEnd: { x: 0.5, y: 0.25 }, roiRelative: true },
      [-45, 15, 90, 39],
      false,
      true,
    ],
    [{ width: -40, height: -31 }, [0, 0, 90, 60], true, true],
    [
      { width: -40, height: 31, roiStart: { x: 80, y: 50 }, roiEnd: { x: 20, y: 10 } },
      [
        20,
        10,
        60,
        40,
      ],
      false,
      true,
    ],
  ];
  for (const [options, window, horizontal, vertical] of cases) {
    for (const interpolation of FILTERS) {
      const got = await run(device, [picture], [resize({ ...options, interpolation })]);
      const want = planes(
        flip(resample(picture, window, 40, 31, interpolation), horizontal, vertical),
      );
      let worst = 0;
      want.forEach((value, i) => worst = Math.max(worst, Math.abs(value - got.data[i])));
      assert(worst < 0.02, `${JSON.stringify(options)} ${interpolation}: ${worst}`);
    }
  }
});

Deno.test("sizes that are left to the rules are those of the region", () => {
  const roi = { roiStart: { x: 0.25, y: 1 }, roiEnd: { x: 0.75, y: 0 }, roiRelative: true };
  const whole = place(500, 375, { shorter: 100, ...roi });
  // 250 × 375: 100 × 150.
  assertEquals([whole.width, whole.height, whole.startX, whole.scaleX], [100, 150, 125, 2.5]);
  const wide = place(500, 375, { width: -99.6, ...roi });
  assertEquals([wide.width, wide.height], [100, 149]);
  // 100 for 99.6 columns show 250 · 100 / 99.6 about the middle.
  assert(Math.abs(wide.startX - (250 - 125 * 100 / 99.6)) < 1e-9);
});

Deno.test("minFilter and magFilter hold for the axis that gets smaller and larger", async () => {
  const picture = testPicture(90, 20);
  const got = await run(device, [picture], [
    resize({ width: 40, height: 50, minFilter: "lanczos3", magFilter: "nearest" }),
  ]);
  const across = resample(picture, [0, 0, 90, 20], 40, 20, "lanczos3");
  const want = planes(resample(across, [0, 0, 40, 20], 40, 50, "nearest"));
  want.forEach((value, i) => assert(Math.abs(value - got.data[i]) < 0.02));
});

// libvips rounds to bytes between its two passes and has another border.
Deno.test("making smaller is what sharp makes with the same filter, at most 1 off", async () => {
  for (const [width, height, side] of [[500, 375, 224], [512, 512, 224], [300, 300, 160]]) {
    const picture = testPicture(width, height);
    const got = await run(device, [picture], [resize(side)], {
      output: { layout: "NHWC", dtype: "u8" },
    });
    const raw = { width, height, channels: 3 as const };
    const want = await sharp(new Uint8Array(picture.data), { raw })
      .resize(side, side, { fit: "fill", kernel: "linear", fastShrinkOnLoad: false })
      .raw().toBuffer();
    const border = 4;
    for (let y = border; y < side - border; y++) {
      for (let x = 3 * border; x < 3 * (side - border); x++) {
        const i = y * side * 3 + x;
        assert(
          Math.abs(want[i] - got.data[i]) <= 1,
          `${want[i]} and ${got.data[i]} at ${x / 3}, ${y}`,
        );
      }
    }
  }
});
