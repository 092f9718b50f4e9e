import { assert, assertEquals } from "@std/assert";
import {
  autoAugment,
  crop,
  cutmix,
  IMAGENET,
  normalize,
  type Operator,
  randAugment,
  randomErasing,
  randomResizedCrop,
  resize,
  trivialAugmentWide,
} from "../../mod.ts";
import { EVERY } from "../augment/every_operator.ts";
import { compiledAfterWarmUp } from "./warm_up.ts";

const SIDE = 31;

/** Each operator before a resize, and after a crop where it keeps the size. */
const EACH: Operator[][] = EVERY.flatMap((operator): Operator[][] =>
  operator.name === "mixup" || operator.name === "cutmix"
    ? [[resize({ width: SIDE, height: SIDE }), operator]]
    : [[operator, resize({ width: SIDE, height: SIDE })], [crop(28), operator, crop(20)]]
);

Deno.test("an augmenter that is warm compiles no further for any operator", async () => {
  const { late, compiled, used } = await compiledAfterWarmUp(EACH, 10);
  assertEquals(late, []);
  assertEquals(EVERY.filter((operator) => !used.has(operator)).map(({ name }) => name), []);
  assert(compiled > 100);
});

Deno.test("an augmenter that is warm compiles no further for policies of 200 samples", async () => {
  const { late } = await compiledAfterWarmUp([
    [randomResizedCrop(32), trivialAugmentWide(), randomErasing(), normalize(IMAGENET)],
    [randomResizedCrop(SIDE), autoAugment(), cutmix()],
    [randomResizedCrop(32), randAugment(), normalize(IMAGENET)],
  ], 200);
  assertEquals(late, []);
});
