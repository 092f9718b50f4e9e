import { assert, assertEquals } from "@std/assert";
import {
  affine,
  Augmenter,
  autoContrast,
  brightness,
  colorTwist,
  contrast,
  crop,
  equalize,
  erase,
  flip,
  gaussianBlur,
  grayscale,
  hue,
  invert,
  normalize,
  type Operator,
  pad,
  posterize,
  randomCrop,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  resize,
  rotate,
  saturation,
  sharpness,
  solarize,
} from "../../src/augment/mod.ts";
import { makePlan, passNames } from "../../src/augment/plan.ts";
import { draw, planes } from "./reference.ts";
import { run, testDevice, testPicture } from "./run.ts";

const device = await testDevice();

/** Operators that any image can take, by whether small differences stay small. */
const SMOOTH: ((below: (n: number) => number) => Operator)[] = [
  () => randomFlip({ vertical: 0.5 }),
  (below) => flip({ vertical: below(2) === 0 }),
  (below) => pad({ left: below(4), top: 1 + below(4), fillValue: below(255) }),
  (below) => pad({ width: 30 + below(9), height: 30, x: 0.5, y: below(2), fillValue: null }),
  (below) => rotate(15 * below(24), { keepSize: below(2) === 0, fillValue: below(2) * 90 }),
  () => rotate([-20, 20]),
  () => affine({ scale: [0.8, 1.3], shear: 0.2, translate: { x: 2 }, fillValue: 7 }),
  () => randomResizedCrop(24),
  (below) => resize({ width: 20 + below(20), height: 20 + below(20) }),
  () => randomCrop(12),
  () => crop(12, { x: 0.3 }),
  () => brightness([0.8, 1.2]),
  () => contrast(0.7),
  () => saturation([0.5, 1.2]),
  () => hue([-40, 40]),
  () => colorTwist({ brightness: 0.9, contrast: 1.1, hue: 10, saturation: 1.2 }),
  grayscale,
  invert,
  () => normalize({ mean: 10, std: 1.1 }),
  () => sharpness(1.5),
  () => gaussianBlur({ sigma: 1.2 }),
  () => erase({ x: 3, y: 4, width: 7, height: 5, fillValue: 60 }),
  () => randomErasing({ probability: 1 }),
];
/** Where a small difference may become a step. */
const STEPS: (() => Operator)[] = [
  () => posterize(3),
  () => solarize(100),
  equalize,
  autoContrast,
  () => contrast(1.3, { contrastCenter: "mean" }),
];

function generator(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 65536) % n;
  };
}

/** How a list comes out fused and apart. */
async function both(list: Operator[], seed: number): Promise<number[]> {
  const pictures = [testPicture(40, 31, seed), testPicture(22, 45), testPicture(30, 30)];
  const sized = [...list, resize({ width: 16, height: 15 })];
  const fused = await run(device, pictures, sized);
  const apart = await run(device, pictures, sized, { options: { fuse: false } });
  assertEquals(fused.data.length, apart.data.length);
  return Array.from(fused.data, (value, i) => Math.abs(value - apart.data[i]));
}

function randomList(seed: number, makers: typeof SMOOTH): Operator[] {
  const below = generator(seed * 7919);
  return Array.from({ length: 2 + below(5) }, () => makers[below(makers.length)](below));
}

Deno.test("fused and apart differ by at most 1/255 on random lists of smooth operators", async () => {
  let saved = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const list = randomList(seed, SMOOTH);
    const off = await both(list, seed);
    const worst = Math.max(...off);
    assert(worst <= 1, `${JSON.stringify(list)}: ${worst}`);
    const passes = (fuse: boolean): number =>
      passNames(makePlan(list, fuse)).reduce((sum, group) => sum + group.passes, 0);
    saved += passes(false) - passes(true);
  }
  assert(saved > 60, `the lists must give something to fuse: ${saved}`);
});

// A value that lies on a step to the last bit of an f32 may go either way.
Deno.test("with steps among them they do so in 99.9 % of the values", async () => {
  let beyond = 0, total = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const off = await both(randomList(seed + 100, [...SMOOTH, ...STEPS, ...STEPS]), seed);
    beyond += off.filter((value) => value > 1).length;
    total += off.length;
  }
  assert(beyond <= total / 1000, `${beyond} of ${total}`);
});

Deno.test("a rotation by 360° in one, two or four turns changes nothing", async () => {
  const picture = testPicture(37, 24);
  const plain = (await run(device, [picture], [])).data;
  for (const turns of [[360], [-720], [180, 180], [90, 90, 90, 90], [270, 90], [-90, 450]]) {
    const got = await run(device, [picture], turns.map((angle) => rotate(angle)));
    assertEquals(got.data, plain, `${turns}`);
  }
});

Deno.test("what changes nothing leaves every number as it is", async () => {
  const picture = testPicture(37, 24);
  const plain = (await run(device, [picture], [])).data;
  const nothing: Operator[] = [
    crop({ width: 37, height: 24 }),
    rotate(0),
    affine({}),
    pad(0),
    brightness(1),
    contrast(1),
    contrast(1, { contrastCenter: "mean" }),
    saturation(1),
    hue(0),
    colorTwist({}),
    posterize(8),
    solarize(256),
    sharpness(1),
    erase({ x: 5, y: 5, width: 0, height: 9 }),
    gaussianBlur({ windowSize: 1 }),
  ];
  for (const operator of nothing) {
    const got = await run(device, [picture], [operator]);
    assertEquals(got.data, plain, operator.name);
  }
  const pairs: Operator[][] = [
    [flip(), flip()],
    [invert(), invert()],
    [pad(3), crop({ width: 37, height: 24 })],
    [pad(3), flip(), crop({ width: 37, height: 24 }), flip()],
  ];
  for (const list of pairs) {
    assertEquals((await run(device, [picture], list)).data, plain, list[0].name);
  }
});

const EVERYTHING = (size: number): Operator[] => [
  affine({ scale: 1.2, angle: 30, fillValue: 9 }),
  gaussianBlur({ sigma: 3 }),
  sharpness(2),
  equalize(),
  resize({ width: size, height: size }, { interpolation: "cubic" }),
  rotate([-180, 180], { keepSize: true }),
  contrast(1.5, { contrastCenter: "mean" }),
  autoContrast(),
  randomErasing({ probability: 1 }),
  posterize(5),
];

Deno.test("images of one pixel, one row or one column come through everything", async () => {
  const pictures = ([[1, 1], [1, 50], [50, 1], [2, 1], [2, 2], [3, 200]] as const).map((
    [w, h],
    i,
  ) => testPicture(w, h, i + 1));
  const got = await run(device, pictures, EVERYTHING(12));
  assert(got.data.every(Number.isFinite));
  for (const [i, picture] of pictures.entries()) {
    const alone = await run(device, [picture], EVERYTHING(12), {
      keys: { seed: 7, epoch: 0, positions: [i] },
    });
    assertEquals(alone.sample(0), got.sample(i));
  }
});

Deno.test("an image that is made 50 times larger keeps its range and its corners", async () => {
  const picture = testPicture(5, 4);
  for (const interpolation of ["nearest", "linear", "cubic", "lanczos3"] as const) {
    const list = [resize({ width: 250, height: 200, interpolation })];
    const got = await run(device, [picture], list);
    assertEquals(got.data.length, 250 * 200 * 3);
    assert(got.data.every((value) => value > -60 && value < 315));
    if (interpolation === "nearest" || interpolation === "linear") {
      assert(Math.abs(got.data[0] - picture.data[0]) < 1e-3);
    }
  }
  const warped = await run(device, [picture], [
    affine({ scale: 50, size: 200, translate: { x: 97.5, y: 98 } }),
  ]);
  const middle = draw(200, 200, (_, __, c) => {
    const at = (x: number, y: number) => picture.data[3 * (y * 5 + x) + c];
    return (at(2, 1) + at(2, 2)) / 2;
  });
  const centre = 100 * 200 + 100;
  const between = (warped.data[centre] + warped.data[centre - 200]) / 2;
  assert(Math.abs(between - planes(middle)[centre]) < 2);
});

Deno.test("grey pictures stay grey, and mixed sizes do what each does alone", async () => {
  const grey = testPicture(33, 44);
  grey.data.forEach((_, i) => grey.data[i] = grey.data[i - i % 3]);
  const pictures = [grey, testPicture(80, 20), testPicture(20, 80)];
  const got = await run(device, pictures, EVERYTHING(24));
  const pixels = 24 * 24;
  const sample = got.sample(0);
  for (let i = 0; i < pixels; i++) {
    assert(sample[i] === sample[i + pixels] && sample[i] === sample[i + 2 * pixels]);
  }
  for (const [i, picture] of pictures.entries()) {
    const keys = { seed: 7, epoch: 0, positions: [i] };
    assertEquals((await run(device, [picture], EVERYTHING(24), { keys })).sample(0), got.sample(i));
  }
});

Deno.test("a plan says which operators share a pass", () => {
  const describe = (operators: Operator[], options = {}): string[] =>
    new Augmenter(device, operators, {}, options).describe().split("\n");
  assertEquals(
    describe([
      pad(4),
      randomCrop(200),
      colorTwist({ hue: [0, 20] }),
      posterize(4),
      invert(),
      gaussianBlur({ sigma: [1, 2] }),
      solarize(),
      contrast(2, { contrastCenter: "mean" }),
      flip(),
    ]),
    [
      "1. pad + randomCrop + colorTwist + posterize + invert: u8 pixels → f32 pixels",
      "2–3. gaussianBlur + solarize: f32 pixels → f32 pixels",
      "4. contrast + flip: f32 pixels → NCHW f32",
    ],
  );
  assertEquals(describe([randomResizedCrop(64), rotate([1, 9])]).length, 2);
  assertEquals(describe([flip(), rotate([1, 9]), brightness(2), crop(9)]).length, 1);
  assertEquals(describe([flip(), brightness(2), crop(9)], { fuse: false }).length, 3);
});
