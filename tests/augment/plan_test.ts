import { assert, assertEquals } from "@std/assert";
import { Chain } from "../../src/augment/chain.ts";
import {
  Augmenter,
  brightness,
  centerCrop,
  crop,
  erase,
  flip,
  IMAGENET,
  invert,
  normalize,
  type Operator,
  pad,
  posterize,
  randomFlip,
  randomResizedCrop,
  resize,
} from "../../src/augment/mod.ts";
import { workgroups } from "../../src/augment/dispatch_list.ts";
import { measureKernel } from "../../src/augment/kernels.ts";
import { SampleRandom } from "../../src/augment/philox.ts";
import { makePlan, passNames, place } from "../../src/augment/plan.ts";
import { run, testDevice, testPicture } from "./run.ts";

const device = await testDevice();

Deno.test("classic training is one pass, and validation too", () => {
  const names = (operators: Operator[]): string[] =>
    passNames(makePlan(operators)).map(({ names }) => names.join(" "));
  assertEquals(names([randomResizedCrop(224), randomFlip(), normalize(IMAGENET)]), [
    "randomResizedCrop randomFlip normalize",
  ]);
  assertEquals(names([resize({ shorter: 256 }), centerCrop(224), normalize(IMAGENET)]).length, 1);
  assertEquals(names([crop(9), flip(), normalize(IMAGENET), resize(5), flip(), crop(3)]).length, 1);
  assertEquals(names([]), [""]);
});

Deno.test("a second resampling begins a pass, whatever lies between", () => {
  const operators = [resize(64), normalize(IMAGENET), flip(), randomResizedCrop(32), crop(8)];
  const augmenter = new Augmenter(device, operators, { layout: "NHWC", dtype: "f16" });
  assertEquals(
    augmenter.describe(),
    "1. resize + normalize + flip: u8 pixels → f32 pixels\n" +
      "2. randomResizedCrop + crop: f32 pixels → NHWC f16",
  );
  const apart = new Augmenter(device, operators, {}, { fuse: false });
  assertEquals(apart.describe().split("\n").length, 5);
  assertEquals(new Augmenter(device, []).describe(), "1. copy: u8 pixels → NCHW f32");
});

Deno.test("a matrix goes before the rectangles that it follows, and becomes one with the last one", () => {
  const steps = (operators: Operator[]): string[] => {
    const chain = new Chain();
    place(makePlan(operators), chain, 64, 48, 64, new SampleRandom());
    const [{ steps, stepCount }] = chain.passes;
    return steps.slice(0, stepCount).map(({ kind }) => kind);
  };
  const box = erase({ x: 1, y: 2, width: 3, height: 4, fillValue: 9 });
  assertEquals(steps([box, normalize(IMAGENET), pad(1), brightness(2)]), ["erase", "outside"]);
  assertEquals(steps([invert(), posterize(3), invert(), box, invert(), posterize(2)]), [
    "posterize",
    "matrix",
    "erase",
    "posterize",
  ]);
  assertEquals(steps([posterize(3), box, invert()]), ["posterize", "erase", "matrix"]);
});

Deno.test("no dimension of a dispatch is beyond 65,535, however large the image", () => {
  for (const statistic of ["equalize", "meanLuma"] as const) {
    const variant = measureKernel(statistic, "u8");
    const whole = { variant, width: 2 ** 28, height: 1, count: 3, targetLow: 0, targetHigh: 0 };
    const [x, y, z] = workgroups(whole);
    assert(Math.max(x, y) <= 65535 && x * y * variant.tile[0] >= 2 ** 28, `${x}, ${y}`);
    assertEquals([y > 1, z], [true, 3]);
    assertEquals(workgroups({ ...whole, width: 5000 }), [2, 1, 3]);
  }
});

/** Random lists of operators whose crops fit, and images for them. */
function randomList(seed: number): Operator[] {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 65536) % n;
  };
  const interpolation = () => (["nearest", "linear", "cubic", "lanczos3"] as const)[below(4)];
  const list: Operator[] = [];
  let least = 20;
  for (let i = 0, n = 2 + below(4); i < n; i++) {
    const side = { width: 12 + below(30), height: 12 + below(30) };
    const kind = below(6);
    if (kind === 0) {
      list.push(resize({ ...side, interpolation: interpolation(), antialias: below(2) === 0 }));
      least = Math.min(side.width, side.height);
    } else if (kind === 1) {
      list.push(randomResizedCrop(side, { interpolation: interpolation() }));
      least = Math.min(side.width, side.height);
    } else if (kind === 2) {
      least = Math.max(1, least - below(8));
      list.push(crop(least, { x: below(5) / 4, y: below(5) / 4 }));
    } else if (kind === 3) list.push(randomFlip({ horizontal: 0.5, vertical: 0.5 }));
    else if (kind === 4) list.push(flip({ vertical: below(2) === 0 }));
    else list.push(normalize({ mean: below(200), std: 1 + below(3), shift: below(99) }));
  }
  list.push(resize({ width: 16, height: 15 }), normalize({ mean: 0, std: 1.5 }));
  return list;
}

// The nearest pixel is a step function: a coordinate between two of them may go either way.
Deno.test("fused and unfused differ by at most 1/255 of the range on random lists", async () => {
  const pictures = [testPicture(64, 48), testPicture(20, 33), testPicture(25, 20)];
  let passes = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const list = randomList(seed * 7919);
    const fused = await run(device, pictures, list);
    const apart = await run(device, pictures, list, { options: { fuse: false } });
    assertEquals(fused.data.length, apart.data.length);
    let worst = 0;
    for (let i = 0; i < fused.data.length; i++) {
      worst = Math.max(worst, Math.abs(fused.data[i] - apart.data[i]));
    }
    assert(worst <= 1, `${JSON.stringify(list)}: ${worst}`);
    passes += list.length - passNames(makePlan(list)).length;
  }
  assert(passes > 80, "the lists must give something to fuse");
});
