import { assert, assertEquals } from "@std/assert";
import {
  affine,
  autoContrast,
  brightness,
  colorTwist,
  contrast,
  crop,
  equalize,
  erase,
  gaussianBlur,
  gaussianNoise,
  grayscale,
  hue,
  invert,
  type Operator,
  pad,
  posterize,
  resize,
  rotate,
  saturation,
  sharpness,
  solarize,
} from "../../src/augment/mod.ts";
import { SampleRandom } from "../../src/augment/philox.ts";
import * as colour from "./reference_colour.ts";
import * as geometry from "./reference_geometry.ts";
import { crop as cropReference, draw, type Picture, planes, toBytes } from "./reference.ts";
import { realPictures } from "./pictures.ts";
import { run, testDevice } from "./run.ts";

const device = await testDevice();
const PICTURES = await realPictures(2);
const WORST = Deno.env.has("CASSETTE_WORST");

/** How far f32 results may be off, and how many u8 ones may be 1 off in a thousand. */
interface Bounds {
  f32?: number;
  /** Most that a u8 result may be off. */
  u8?: number;
  /** Share of samples that may be off by more than 1. */
  share?: number;
}

/** Compares an operator with its reference, on f32 and on u8. */
async function compare(
  operator: Operator | Operator[],
  reference: (picture: Picture) => Picture,
  { f32 = 0.02, u8 = 1, share = 0 }: Bounds = {},
): Promise<void> {
  const list = [operator].flat();
  let worst = 0, worstByte = 0, beyond = 0, total = 0;
  for (const picture of PICTURES) {
    const want = reference(picture);
    const got = await run(device, [picture], list);
    assertEquals([got.width, got.height], [want.width, want.height]);
    const flat = planes(want);
    const bytes = (await run(device, [picture], list, { output: { dtype: "u8" } })).data;
    const wantBytes = toBytes(flat);
    total += flat.length;
    for (let i = 0; i < flat.length; i++) {
      const off = Math.abs(got.data[i] - flat[i]);
      if (off > f32 && share > 0) beyond++;
      else worst = Math.max(worst, off);
      const byteOff = Math.abs(bytes[i] - wantBytes[i]);
      if (share === 0 || byteOff <= u8) worstByte = Math.max(worstByte, byteOff);
    }
  }
  if (WORST) {
    const name = list.map((one) => one.name).join("+");
    console.log(
      `WORST ${name} f32 ${worst.toExponential(1)} u8 ${worstByte} beyond ${beyond / total}`,
    );
  }
  assert(worst <= f32, `f32 off by ${worst}`);
  assert(worstByte <= u8, `u8 off by ${worstByte}`);
  assert(beyond <= share * total, `${beyond} of ${total} beyond`);
}

Deno.test("brightness and contrast", async () => {
  await compare(brightness(1.3), (p) => colour.brightness(p, 1.3));
  await compare(
    brightness(0.5, { brightnessShift: 0.2 }),
    (p) => colour.brightness(p, 0.5, 0.2),
  );
  await compare(contrast(1.7), (p) => colour.contrast(p, 1.7));
  await compare(contrast(0.4, { contrastCenter: 30 }), (p) => colour.contrast(p, 0.4, 30));
  await compare(
    contrast(1.6, { contrastCenter: "mean" }),
    (p) => colour.contrast(p, 1.6, colour.meanLuma(p)),
  );
});

Deno.test("saturation, hue and colorTwist", async () => {
  await compare(saturation(1.8), (p) => colour.colorTwist(p, { saturation: 1.8 }));
  // DALI's digits of YIQ leave grey a chroma of up to a thousandth.
  await compare(saturation(1.8), (p) => colour.saturation(p, 1.8), { f32: 1 });
  await compare(saturation(0), (p) => colour.grayscale(p), { f32: 1 });
  await compare(hue(35), (p) => colour.colorTwist(p, { hue: 35 }));
  const all = { brightness: 1.1, contrast: 0.7, hue: -50, saturation: 1.4 };
  await compare(colorTwist(all), (p) => colour.colorTwist(p, all));
  await compare(
    colorTwist({ brightness: 1.2, contrast: 1.5 }),
    (p) => colour.brightness(colour.contrast(p, 1.5), 1.2),
  );
});

Deno.test("grayscale and invert", async () => {
  await compare(grayscale(), colour.grayscale);
  await compare(invert(), colour.invert);
});

Deno.test("posterize and solarize, also of what is beyond bytes", async () => {
  for (const bits of [0, 1, 4, 8]) {
    await compare(posterize(bits), (p) => colour.posterize(p, bits), { f32: 0, u8: 0 });
  }
  for (const threshold of [0, 100, 128, 255, 256]) {
    await compare(solarize(threshold), (p) => colour.solarize(p, threshold), { f32: 0, u8: 0 });
  }
  // Twice a byte is whole, so there is nothing that rounding could make different.
  const bright = (p: Picture) => colour.brightness(p, 2);
  await compare([brightness(2), posterize(3)], (p) => colour.posterize(bright(p), 3), { f32: 0 });
  await compare([brightness(2), solarize()], (p) => colour.solarize(bright(p), 128), { f32: 0 });
});

Deno.test("equalize and autoContrast", async () => {
  await compare(equalize(), colour.equalize, { f32: 0, u8: 0 });
  await compare(autoContrast(), colour.autoContrast, { f32: 1e-3 });
  const dull = (p: Picture) => colour.contrast(p, 0.5, 64);
  const dulled = contrast(0.5, { contrastCenter: 64 });
  await compare([dulled, autoContrast()], (p) => colour.autoContrast(dull(p)), { f32: 1e-3 });
  await compare([dulled, equalize()], (p) => colour.equalize(dull(p)), { f32: 0 });
  // Statistics are those of the image as it is by then.
  await compare(
    [crop(64), equalize(), invert()],
    (p) => colour.invert(colour.equalize(cropReference(p, ...middle(p, 64)))),
    { f32: 0 },
  );
});

function middle(picture: Picture, size: number): [number, number, number, number] {
  const x = Math.round((picture.width - size) / 2), y = Math.round((picture.height - size) / 2);
  return [x, y, size, size];
}

Deno.test("sharpness and gaussianBlur", async () => {
  for (const factor of [0, 0.5, 3]) {
    await compare(sharpness(factor), (p) => geometry.sharpness(p, factor));
  }
  await compare(gaussianBlur({ sigma: 0.7 }), (p) => geometry.gaussianBlur(p, 0.7, 3));
  await compare(gaussianBlur({ windowSize: 11 }), (p) => geometry.gaussianBlur(p, 2, 5));
  await compare(
    gaussianBlur({ sigma: 4, windowSize: 5 }),
    (p) => geometry.gaussianBlur(p, 4, 2),
  );
});

Deno.test("pad and erase, before and after crops and flips", async () => {
  await compare(pad(5), (p) => geometry.pad(p, 5, 5, 5, 5, [0, 0, 0]), { f32: 0, u8: 0 });
  await compare(
    pad({ left: 2, bottom: 7, fillValue: [9, 99, 199] }),
    (p) => geometry.pad(p, 2, 0, 0, 7, [9, 99, 199]),
    { f32: 0, u8: 0 },
  );
  await compare(
    pad({ top: 3, right: 30, fillValue: null }),
    (p) => geometry.pad(p, 0, 3, 30, 0, "edge"),
    { f32: 0, u8: 0 },
  );
  await compare(pad({ align: 32, x: 0.5 }), (p) => {
    const across = -p.width & 31, down = -p.height & 31;
    const left = Math.round(across / 2);
    return geometry.pad(p, left, 0, across - left, down, [0, 0, 0]);
  }, { f32: 0, u8: 0 });
  await compare(
    erase({ x: 10, y: 20, width: 30, height: 5, fillValue: [1, 2, 3] }),
    (p) => geometry.erase(p, [10, 20, 40, 25], [1, 2, 3]),
    { f32: 0, u8: 0 },
  );
  await compare(
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
    { f32: 0, u8: 0 },
  );
  await compare(
    [erase({ x: 0, y: 0, width: 60, height: 70, fillValue: 7 }), pad(4), crop(64, { x: 0, y: 0 })],
    (p) =>
      cropReference(
        geometry.pad(geometry.erase(p, [0, 0, 60, 70], [7, 7, 7]), 4, 4, 4, 4, [0, 0, 0]),
        0,
        0,
        64,
        64,
      ),
    { f32: 0, u8: 0 },
  );
});

// A pixel on the edge between two, or on the border of the image, may go either way.
const STEPS = { share: 0.001 };

Deno.test("rotate", async () => {
  for (const filter of ["nearest", "linear", "cubic"] as const) {
    const bounds = filter === "nearest" ? STEPS : { f32: 0.1, share: 0.0005 };
    await compare(
      rotate(33, { keepSize: true, interpolation: filter, fillValue: 50 }),
      (p) =>
        geometry.warp(p, geometry.rotated(p, 33, p.width, p.height), p.width, p.height, filter, [
          50,
          50,
          50,
        ]),
      bounds,
    );
  }
  await compare(
    rotate(-70, { size: { width: 90, height: 80 } }),
    (p) => geometry.warp(p, geometry.rotated(p, -70, 90, 80), 90, 80, "linear", "edge"),
    { f32: 0.1, share: 0.0005 },
  );
  await compare(
    rotate(90),
    ({ width, height, data }) =>
      draw(height, width, (x, y, c) => data[3 * (x * width + width - 1 - y) + c]),
    { f32: 0, u8: 0 },
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
  await compare(
    operator,
    (p) => {
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
    },
    { f32: 0.1, share: 0.0005 },
  );
  await compare(
    affine({ scale: 0.4, size: 50 }),
    (p) =>
      geometry.warp(
        p,
        (x, y) => [(x - p.width / 2) / 0.4 + p.width / 2, (y - p.height / 2) / 0.4 + p.height / 2],
        50,
        50,
        "linear",
        "edge",
        [2.5, 2.5],
      ),
    { f32: 0.1 },
  );
});

Deno.test("gaussianNoise is that of its seeds, with the mean and deviation asked for", async () => {
  const random = new SampleRandom();
  random.seed(7n);
  random.sample(0, 0);
  random.operator(25, 0);
  const seeds: [number, number] = [random.below(2 ** 32), random.below(2 ** 32)];
  await compare(gaussianNoise(12, { mean: 3 }), (p) => colour.gaussianNoise(p, 3, 12, seeds));
  const flat = draw(200, 200, () => 100);
  const { data } = await run(device, [flat], [gaussianNoise(10)]);
  const values = Array.from(data, (v) => v - 100);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  assert(Math.abs(mean) < 0.1 && Math.abs(deviation - 10) < 0.1, `${mean} ${deviation}`);
});

Deno.test("a filter too wide for one invocation goes with statistics and steps as well", async () => {
  const list = [contrast(1.5, { contrastCenter: "mean" }), resize(3), invert(), posterize(6)];
  for (const picture of PICTURES) {
    const want = await run(device, [picture], list);
    const got = await run(device, [picture], list, { options: { maxSteps: 500 } });
    got.data.forEach((value, i) => assertEquals(value, want.data[i]));
  }
});
