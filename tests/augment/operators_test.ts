import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import {
  centerCrop,
  crop,
  flip,
  IMAGENET,
  normalize,
  type Operator,
  randomFlip,
  randomResizedCrop,
  resize,
} from "../../src/augment/mod.ts";
import { makePlan } from "../../src/augment/plan.ts";

const ALL: Operator[] = [
  resize(224),
  resize({ shorter: 256, maxSize: 512, minFilter: "lanczos3" }),
  crop({ width: 10, height: 20 }, { x: 0.25 }),
  centerCrop(224),
  randomResizedCrop({ width: 320, height: 240 }, { randomArea: [0.35, 1], antialias: false }),
  flip({ vertical: true }),
  randomFlip({ vertical: 0.25 }),
  normalize(IMAGENET),
  normalize({ mean: 127.5, std: 127.5, scale: 2, shift: -1 }),
];

Deno.test("operators are frozen data that JSON carries unchanged", () => {
  for (const operator of ALL) {
    const copy = JSON.parse(JSON.stringify(operator)) as Operator;
    assertEquals(copy, operator);
    assert(Object.isFrozen(operator) && Object.isFrozen(operator.parameters));
    const { steps } = makePlan([copy]);
    assertEquals(steps[0].bound.parameters, operator.parameters);
  }
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
    () => makePlan([{ name: "resize", parameters: { width: -1 } }]),
    UsageError,
    "received -1",
  );
});
