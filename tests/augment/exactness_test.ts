import { assert, assertEquals } from "@std/assert";
import {
  affine,
  autoContrast,
  brightness,
  centerCrop,
  colorTwist,
  contrast,
  crop,
  equalize,
  erase,
  flip,
  gaussianBlur,
  gaussianNoise,
  grayscale,
  hue,
  IMAGENET,
  invert,
  normalize,
  pad,
  posterize,
  randomResizedCrop,
  resize,
  rotate,
  saturation,
  sharpness,
  solarize,
} from "../../src/augment/mod.ts";
import { SampleRandom } from "../../src/augment/philox.ts";
import { randomWindow } from "../../src/augment/random_resized_crop.ts";
import * as colour from "./reference_colour.ts";
import * as geometry from "./reference_geometry.ts";
import {
  crop as cropReference,
  draw,
  flip as mirrored,
  normalize as normalized,
  type Picture,
  resample,
} from "./reference.ts";
import { realPictures } from "./pictures.ts";
import { compare } from "./compare.ts";
import { run, testDevice } from "./run.ts";

const device = await testDevice();
/** Nothing is rounded, or the same way. */
const EXACT = { f32: 0, u8: 0, reference: "definition" };

const FILTERS = ["nearest", "linear", "cubic", "lanczos3", "gaussian"] as const;

Deno.test("resize, of all and of a region", async () => {
  for (const filter of FILTERS) {
    const line = filter === "nearest" ? "resize, nearest" : "resize";
    for (const [width, height] of [[56, 47], [301, 199], [77, 300]]) {
      await compare(
        line,
        resize({ width, height, interpolation: filter }),
        (p) => resample(p, [0, 0, p.width, p.height], width, height, filter),
        filter === "nearest" ? EXACT : {},
      );
    }
    await compare(
      line,
      resize({
        width: 60,
        height: 50,
        roiStart: { x: 99.5, y: -3 },
        roiEnd: { x: 20.25, y: 70 },
        interpolation: filter,
      }),
      (p) => mirrored(resample(p, [20.25, -3, 79.25, 73], 60, 50, filter), true, false),
      filter === "nearest" ? EXACT : {},
    );
  }
});

Deno.test("random windows, crops, flips and normalize", async () => {
  await compare(
    "randomResizedCrop",
    randomResizedCrop({ width: 64, height: 48 }),
    (p) => {
      const random = new SampleRandom();
      random.seed(7n);
      random.sample(0, 0);
      random.operator(4, 0);
      const window = { x: 0, y: 0, width: 0, height: 0 };
      randomWindow(
        { area: [0.08, 1], ratio: [3 / 4, 4 / 3], attempts: 10 },
        p.width,
        p.height,
        random,
        window,
      );
      return resample(p, [window.x, window.y, window.width, window.height], 64, 48);
    },
  );
  await compare(
    "centerCrop",
    centerCrop(64),
    (p) => cropReference(p, ...middle(p, 64)),
    EXACT,
  );
  await compare("flip", flip({ vertical: true }), (p) => mirrored(p, true, true), EXACT);
  const { mean, std } = IMAGENET;
  await compare("normalize", normalize(IMAGENET), (p) => normalized(p, [...mean], [...std]), {
    f32: 1e-5,
  });
});

Deno.test("brightness and contrast", async () => {
  await compare("brightness", brightness(1.3), (p) => colour.brightness(p, 1.3));
  await compare(
    "brightness",
    brightness(0.5, { brightnessShift: 0.2 }),
    (p) => colour.brightness(p, 0.5, 0.2),
  );
  await compare("contrast", contrast(1.7), (p) => colour.contrast(p, 1.7));
  await compare(
    "contrast",
    contrast(0.4, { contrastCenter: 30 }),
    (p) => colour.contrast(p, 0.4, 30),
  );
  await compare(
    "contrast about the mean",
    contrast(1.6, { contrastCenter: "mean" }),
    (p) => colour.contrast(p, 1.6, colour.meanLuma(p)),
    { reference: "formula, Pillow's mean" },
  );
});

const DALI = { reference: "DALI's formula" };
const PILLOW = { reference: "Pillow's, torchvision's formula", f32: 1 };

Deno.test("saturation, hue and colorTwist", async () => {
  await compare(
    "saturation",
    saturation(1.8),
    (p) => colour.colorTwist(p, { saturation: 1.8 }),
    DALI,
  );
  // DALI's digits of YIQ leave grey a chroma of up to a thousandth.
  await compare("saturation", saturation(1.8), (p) => colour.saturation(p, 1.8), PILLOW);
  await compare("saturation", saturation(0), (p) => colour.grayscale(p), PILLOW);
  await compare("hue", hue(35), (p) => colour.colorTwist(p, { hue: 35 }), DALI);
  const all = { brightness: 1.1, contrast: 0.7, hue: -50, saturation: 1.4 };
  await compare("colorTwist", colorTwist(all), (p) => colour.colorTwist(p, all), DALI);
  await compare(
    "colorTwist",
    colorTwist({ brightness: 1.2, contrast: 1.5 }),
    (p) => colour.brightness(colour.contrast(p, 1.5), 1.2),
    DALI,
  );
});

Deno.test("grayscale and invert", async () => {
  await compare("grayscale", grayscale(), colour.grayscale);
  await compare("invert", invert(), colour.invert);
});

Deno.test("posterize and solarize, also of what is beyond bytes", async () => {
  for (const bits of [0, 1, 4, 8]) {
    await compare("posterize", posterize(bits), (p) => colour.posterize(p, bits), EXACT);
  }
  for (const threshold of [0, 100, 128, 255, 256]) {
    await compare("solarize", solarize(threshold), (p) => colour.solarize(p, threshold), EXACT);
  }
  // Twice a byte is whole, so there is nothing that rounding could make different.
  const bright = (p: Picture) => colour.brightness(p, 2);
  await compare(
    "posterize",
    [brightness(2), posterize(3)],
    (p) => colour.posterize(bright(p), 3),
    EXACT,
  );
  await compare(
    "solarize",
    [brightness(2), solarize()],
    (p) => colour.solarize(bright(p), 128),
    EXACT,
  );
});

const EQUALIZE = { ...EXACT, reference: "Pillow's definition" };
const STRETCH = { f32: 1e-3, reference: "definition" };

Deno.test("equalize and autoContrast", async () => {
  await compare("equalize", equalize(), colour.equalize, EQUALIZE);
  await compare("autoContrast", autoContrast(), colour.autoContrast, STRETCH);
  const dull = (p: Picture) => colour.contrast(p, 0.5, 64);
  const dulled = contrast(0.5, { contrastCenter: 64 });
  await compare(
    "autoContrast",
    [dulled, autoContrast()],
    (p) => colour.autoContrast(dull(p)),
    STRETCH,
  );
  await compare("equalize", [dulled, equalize()], (p) => colour.equalize(dull(p)), EQUALIZE);
  // Statistics are those of the image as it is by then.
  await compare(
    "equalize",
    [crop(64), equalize(), invert()],
    (p) => colour.invert(colour.equalize(cropReference(p, ...middle(p, 64)))),
    EQUALIZE,
  );
});

function middle(picture: Picture, size: number): [number, number, number, number] {
  const x = Math.round((picture.width - size) / 2), y = Math.round((picture.height - size) / 2);
  return [x, y, size, size];
}

const SMOOTH = { reference: "definition" };

Deno.test("sharpness and gaussianBlur", async () => {
  for (const factor of [0, 0.5, 3]) {
    await compare("sharpness", sharpness(factor), (p) => geometry.sharpness(p, factor), SMOOTH);
  }
  await compare(
    "gaussianBlur",
    gaussianBlur({ sigma: 0.7 }),
    (p) => geometry.gaussianBlur(p, 0.7, 3),
    SMOOTH,
  );
  await compare(
    "gaussianBlur",
    gaussianBlur({ windowSize: 11 }),
    (p) => geometry.gaussianBlur(p, 2, 5),
    SMOOTH,
  );
  await compare(
    "gaussianBlur",
    gaussianBlur({ sigma: 4, windowSize: 5 }),
    (p) => geometry.gaussianBlur(p, 4, 2),
    SMOOTH,
  );
});

Deno.test("pad and erase, before and after crops and flips", async () => {
  await compare("pad", pad(5), (p) => geometry.pad(p, 5, 5, 5, 5, [0, 0, 0]), EXACT);
  await compare(
    "pad",
    pad({ left: 2, bottom: 7, fillValue: [9, 99, 199] }),
    (p) => geometry.pad(p, 2, 0, 0, 7, [9, 99, 199]),
    EXACT,
  );
  await compare(
    "pad",
    pad({ top: 3, right: 30, fillValue: null }),
    (p) => geometry.pad(p, 0, 3, 30, 0, "edge"),
    EXACT,
  );
  await compare("pad", pad({ align: 32, x: 0.5 }), (p) => {
    const across = -p.width & 31, down = -p.height & 31;
    const left = Math.round(across / 2);
    return geometry.pad(p, left, 0, across - left, down, [0, 0, 0]);
  }, EXACT);
  await compare(
    "erase",
    erase({ x: 10, y: 20, width: 30, height: 5, fillValue: [1, 2, 3] }),
    (p) => geometry.erase(p, [10, 20, 40, 25], [1, 2, 3]),
    EXACT,
  );
  await compare(
    "erase",
    erase({ x: 0.5, y: 0.25, width: 0.25, height: 1, normalized: true }),
    (p) => {
      const share = (size: number, part: number) => Math.ceil(size * part);
      const { width, height } = p;
      return geometry.erase(
        p,
        [share(width, 0.5), share(height, 0.25), share(width, 0.75), share(height, 1.25)],
        [0, 0, 0],
      );
    },
    EXACT,
  );
  await compare("erase", [
    erase({ x: 0, y: 0, width: 60, height: 70, fillValue: 7 }),
    pad(4),
    crop(64, { x: 0, y: 0 }),
  ], (p) =>
    cropReference(
      geometry.pad(geometry.erase(p, [0, 0, 60, 70], [7, 7, 7]), 4, 4, 4, 4, [0, 0, 0]),
      0,
      0,
      64,
      64,
    ), EXACT);
});

// A pixel on the edge between two, or on the border of the image, may go either way.
const STEPS = { f32: 0, u8: 0, share: 0.001, reference: "definition" };
const WARPED = { f32: 0.1, share: 0.0005, reference: "definition" };

Deno.test("rotate", async () => {
  for (const filter of ["nearest", "linear", "cubic"] as const) {
    await compare(
      filter === "nearest" ? "rotate, nearest" : "rotate",
      rotate(33, { keepSize: true, interpolation: filter, fillValue: 50 }),
      (p) =>
        geometry.warp(p, geometry.rotated(p, 33, p.width, p.height), p.width, p.height, filter, [
          50,
          50,
          50,
        ]),
      filter === "nearest" ? STEPS : WARPED,
    );
  }
  await compare(
    "rotate",
    rotate(-70, { size: { width: 90, height: 80 } }),
    (p) => geometry.warp(p, geometry.rotated(p, -70, 90, 80), 90, 80, "linear", "edge"),
    WARPED,
  );
  await compare(
    "rotate by 90°",
    rotate(90),
    ({ width, height, data }) =>
      draw(height, width, (x, y, c) => data[3 * (x * width + width - 1 - y) + c]),
    EXACT,
  );
});

Deno.test("affine: scale, shear, rotation and translation, in this order", async () => {
  const forwardOf = (p: Picture) => (x: number, y: number): [number, number] => {
    const cx = p.width / 2, cy = p.height / 2;
    const sx = (x - cx) * 1.2, sy = (y - cy) * 0.9;
    const hx = sx + 0.2 * sy, hy = 0.1 * sx + sy;
    const angle = 25 / 180 * Math.PI;
    const rx = hx * Math.cos(angle) + hy * Math.sin(angle);
    const ry = -hx * Math.sin(angle) + hy * Math.cos(angle);
    return [cx + rx + 5, cy + ry - 8 + 0.1 * p.height];
  };
  const operator = affine({
    angle: 25,
    scale: { x: 1.2, y: 0.9 },
    shear: { x: 0.2, y: 0.1 },
    translate: { x: 5, y: -8 },
    translateShare: { y: 0.1 },
    fillValue: [10, 20, 30],
    antialias: false,
  });
  await compare("affine", operator, (p) => {
    const forward = forwardOf(p);
    // The inverse by three points: the map is affine.
    const [ox, oy] = forward(0, 0), [ax, ay] = forward(1, 0), [bx, by] = forward(0, 1);
    const ux = ax - ox, uy = ay - oy, vx = bx - ox, vy = by - oy;
    const det = ux * vy - uy * vx;
    const origin: geometry.Origin = (x, y) => [
      ((x - ox) * vy - (y - oy) * vx) / det,
      ((y - oy) * ux - (x - ox) * uy) / det,
    ];
    return geometry.warp(p, origin, p.width, p.height, "linear", [10, 20, 30]);
  }, WARPED);
  await compare("affine", affine({ scale: 0.4, size: 50 }), (p) =>
    geometry.warp(
      p,
      (x, y) => [(x - p.width / 2) / 0.4 + p.width / 2, (y - p.height / 2) / 0.4 + p.height / 2],
      50,
      50,
      "linear",
      "edge",
      [2.5, 2.5],
    ), WARPED);
});

Deno.test("gaussianNoise is that of its seeds, with the mean and deviation asked for", async () => {
  const random = new SampleRandom();
  random.seed(7n);
  random.sample(0, 0);
  random.operator(25, 0);
  const seeds: [number, number] = [random.below(2 ** 32), random.below(2 ** 32)];
  await compare(
    "gaussianNoise",
    gaussianNoise(12, { mean: 3 }),
    (p) => colour.gaussianNoise(p, 3, 12, seeds),
    {
      reference: "formula, its generator",
    },
  );
  const flat = draw(200, 200, () => 100);
  const { data } = await run(device, [flat], [gaussianNoise(10)]);
  const values = Array.from(data, (v) => v - 100);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  assert(Math.abs(mean) < 0.1 && Math.abs(deviation - 10) < 0.1, `${mean} ${deviation}`);
});

Deno.test("a filter too wide for one invocation goes with statistics and steps as well", async () => {
  const list = [contrast(1.5, { contrastCenter: "mean" }), resize(3), invert(), posterize(6)];
  for (const picture of await realPictures(2)) {
    const want = await run(device, [picture], list);
    const got = await run(device, [picture], list, { options: { maxSteps: 500 } });
    got.data.forEach((value, i) => assertEquals(value, want.data[i]));
  }
});
