import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import {
  affine,
  autoAugment,
  brightness,
  centerCrop,
  colorTwist,
  contrast,
  crop,
  erase,
  flip,
  gaussianBlur,
  gaussianNoise,
  IMAGENET,
  mixup,
  normalize,
  oneOf,
  type Operator,
  pad,
  posterize,
  randAugment,
  randomCrop,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  resize,
  rotate,
  sharpness,
  solarize,
  sometimes,
  trivialAugmentWide,
} from "../../src/augment/mod.ts";
import { makePlan } from "../../src/augment/plan.ts";
import { EVERY } from "./every_operator.ts";

Deno.test("operators are frozen data that JSON carries unchanged", () => {
  for (const operator of EVERY) {
    const copy = JSON.parse(JSON.stringify(operator)) as Operator;
    assertEquals(copy, operator);
    assert(Object.isFrozen(operator) && Object.isFrozen(operator.parameters));
    const { steps } = makePlan([copy]);
    assertEquals(steps[0].bound.parameters, operator.parameters);
  }
  assertEquals(new Set(EVERY.map(({ name }) => name)).size, 35);
});

Deno.test("defaults are DALI's and are written out", () => {
  assertEquals(randomResizedCrop(224).parameters, {
    width: 224,
    height: 224,
    randomArea: [0.08, 1],
    randomAspectRatio: [3 / 4, 4 / 3],
    numAttempts: 10,
    minFilter: "linear",
    magFilter: "linear",
    antialias: true,
  });
  assertEquals(randomFlip().parameters, { horizontal: 0.5, vertical: 0 });
  assertEquals(resize(64).parameters, {
    width: 64,
    height: 64,
    mode: "default",
    subpixelScale: true,
    minFilter: "linear",
    magFilter: "linear",
    antialias: true,
  });
  assertEquals(IMAGENET.mean.map((value) => Math.round(value * 1e6) / 1e6), [
    123.675,
    116.28,
    103.53,
  ]);
  assertEquals(IMAGENET.std.map((value) => Math.round(value * 1e6) / 1e6), [
    58.395,
    57.12,
    57.375,
  ]);
});

// deno-lint-ignore no-explicit-any
const wrong = (value: unknown): any => value;

Deno.test("a wrong argument is an error that names the option and what was received", () => {
  const cases: [() => Operator, string, string][] = [
    [() => resize(0), "size", "received 0"],
    [() => resize(NaN), "size", "received NaN"],
    [() => resize(wrong("224")), "size", "224"],
    [() => resize({}), "size", "received none"],
    [() => resize({ shorter: 10, longer: 20 }), "size", "received 2"],
    [() => resize({ width: 10, shorter: 20 }), "size", "received 2"],
    [() => resize({ shorter: 10, mode: "notLarger" }), "mode", "notLarger"],
    [() => resize({ width: 10, mode: wrong("cover") }), "mode", "cover"],
    [() => resize(224, { interpolation: wrong("bilinear") }), "interpolation", "bilinear"],
    [() => resize(224, { minFilter: wrong(3) }), "minFilter", "received 3"],
    [() => resize(224, { antialias: wrong(1) }), "antialias", "received 1"],
    [() => resize(224, wrong({ antialiasing: true })), "antialiasing", "antialiasing"],
    [() => resize({ shorter: 1e6 }), "shorter", "received 1000000"],
    [() => resize({ width: -0.1 }), "width", "received -0.1"],
    [() => resize(-9), "size", "received -9"],
    [() => resize(224, { width: 100 }), "width", "received 100"],
    [() => pad(4, { left: 2 }), "left", "received 2"],
    [() => affine({ shear: { x: 2, y: 0.5 } }), "shear", '{"x":2,"y":0.5}'],
    [() => affine({ shear: { x: [0, 2], y: [0.4, 1] } }), "shear", "must not come to 1"],
    [() => resize({ width: 9, roiStart: { x: 0, y: 0 } }), "roiEnd", "received undefined"],
    [() => resize({ width: 9, roiRelative: true }), "roiRelative", "alone"],
    [
      () => resize({ width: 9, roiStart: { x: 3, y: 0 }, roiEnd: { x: 3, y: 9 } }),
      "roiEnd",
      '{"x":3,"y":9}',
    ],
    [
      () => resize({ width: 9, roiStart: wrong([3, 0]), roiEnd: { x: 3, y: 9 } }),
      "roiStart",
      "received [3,0]",
    ],
    [
      () => resize({ width: 9, roiStart: wrong({ x: 3 }), roiEnd: { x: 3, y: 9 } }),
      "roiStart.y",
      "received undefined",
    ],
    [() => centerCrop(0.5), "size", "received 0.5"],
    [() => centerCrop({ width: 10, height: -1 }), "height", "received -1"],
    [() => centerCrop(wrong({ width: 10 })), "height", "received undefined"],
    [() => crop(10, { x: 2 }), "x", "received 2"],
    [() => crop(10, wrong({ left: 2 })), "left", "left"],
    [() => randomResizedCrop(0), "size", "received 0"],
    [() => randomResizedCrop(224, { randomArea: [0, 1] }), "randomArea", "[0,1]"],
    [() => randomResizedCrop(224, { randomArea: [0.5, 2] }), "randomArea", "[0.5,2]"],
    [() => randomResizedCrop(224, { randomArea: wrong(0.5) }), "randomArea", "0.5"],
    [
      () => randomResizedCrop(224, { randomAspectRatio: [2, 1] }),
      "randomAspectRatio",
      "[2,1]",
    ],
    [() => randomResizedCrop(224, { numAttempts: 0 }), "numAttempts", "received 0"],
    [() => randomFlip({ horizontal: 1.5 }), "horizontal", "received 1.5"],
    [() => flip({ horizontal: wrong(1) }), "horizontal", "received 1"],
    [() => normalize(wrong({ mean: 1 })), "std", "received undefined"],
    [() => normalize({ mean: [1, 2], std: 1 }), "mean", "[1,2]"],
    [() => normalize({ mean: 0, std: [1, 0, 1] }), "std", "[1,0,1]"],
    [() => normalize({ mean: 0, std: Infinity }), "std", "received Infinity"],
    [() => randomCrop(0), "size", "received 0"],
    [() => pad({}), "size", "received {}"],
    [() => pad({ left: 1, width: 9 }), "size", "received"],
    [() => pad({ left: -1 }), "left", "received -1"],
    [() => pad(1, { fillValue: wrong("red") }), "fillValue", "red"],
    [() => rotate(wrong("10")), "angle", "10"],
    [() => rotate([10, -10]), "angle", "[10,-10]"],
    [() => rotate(10, wrong({ expand: true })), "expand", "expand"],
    [() => affine({ scale: 0 }), "scale", "received 0"],
    [() => affine({ shear: { x: wrong([1]) } }), "shear.x", "[1]"],
    [() => affine({ center: wrong([1]) }), "center", "[1]"],
    [() => brightness(NaN), "brightness", "received NaN"],
    [() => contrast(1, { contrastCenter: wrong("median") }), "contrastCenter", "median"],
    [() => colorTwist(wrong({ gamma: 2 })), "gamma", "gamma"],
    [() => posterize(9), "bits", "received 9"],
    [() => posterize(wrong([1, 2])), "bits", "[1,2]"],
    [() => solarize(300), "threshold", "received 300"],
    [() => sharpness(-1), "sharpness", "received -1"],
    [() => gaussianBlur({}), "sigma", "sigma 0"],
    [() => gaussianBlur({ windowSize: 4 }), "windowSize", "windowSize 4"],
    [() => gaussianNoise(-1), "stddev", "received -1"],
    [() => erase(wrong({ x: 1, y: 1, width: 1 })), "height", "received undefined"],
    [() => randomErasing({ probability: 2 }), "probability", "received 2"],
    [() => mixup({ alpha: 0 }), "alpha", "received 0"],
    [() => autoAugment({ interpolation: wrong("cubic") }), "interpolation", "cubic"],
    [() => randAugment({ magnitude: 31 }), "magnitude", "received 31"],
    [() => trivialAugmentWide({ numMagnitudeBins: 1 }), "numMagnitudeBins", "received 1"],
    [() => oneOf([]), "operators", "received []"],
    [() => oneOf([flip()], { weights: [0] }), "weights", "[0]"],
    [() => sometimes(2, flip()), "probability", "received 2"],
    [() => sometimes(0.5, wrong({ name: "none" })), "augment", "none"],
  ];
  for (const [make, option, message] of cases) {
    const error = assertThrows(make, UsageError, message) as UsageError;
    assertEquals(error.option, option, error.message);
  }
});

Deno.test("what is not an operator is refused by the plan", () => {
  for (const bad of [{ name: "posterise", parameters: {} }, { name: "resize" }, null, "resize"]) {
    const error = assertThrows(() => makePlan([wrong(bad)]), UsageError) as UsageError;
    assertEquals(error.option, "augment");
  }
  assertThrows(
    () => makePlan([{ name: "resize", parameters: { width: 0 } }]),
    UsageError,
    "received 0",
  );
});
