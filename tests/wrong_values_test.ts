/** What is easily given by mistake is refused by name: promises, texts, NaN, values of another unit. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as cassette from "../mod.ts";
import {
  Augmenter,
  BufferPool,
  type CassetteError,
  classWeights,
  IdList,
  JpegDecoder,
  listSqlite,
  type LoaderOptions,
  mask,
  normalize,
  type Operator,
  randomFlip,
  ResumeMismatchError,
  SqliteSource,
  UsageError,
} from "../mod.ts";
import { fixture, idOf } from "./loader_fixture.ts";

const LATER = Promise.resolve(7);
/** What each option of a loader refuses, beside a promise. */
const OPTIONS: Partial<Record<keyof LoaderOptions<unknown>, unknown[]>> = {
  source: ["x", {}],
  device: ["x", {}],
  ids: ["4", 4, NaN],
  requests: ["4", 4],
  batchSize: ["4", NaN, 0.5, Infinity, -1],
  seed: ["4", NaN, 0.5, Infinity],
  shuffle: ["true", 1, NaN],
  weights: [4, ["1", "1", "1", "1"], [1, 1, 1, NaN]],
  limit: ["4", NaN, 0.5, 0],
  epochs: ["4", NaN, 0.5, -Infinity],
  labels: ["int", {}],
  shard: ["0/2", 0, { index: "0", count: "2" }, { index: NaN, count: 2 }],
  lastBatch: ["padded", true],
  prefetch: ["4", NaN, 0.5, Infinity],
  ordering: ["random", true],
  slowStart: ["4", NaN, 0.5],
  onCorrupt: ["ignore", true],
  augment: ["resize", {}, [LATER], [7]],
  fixed: ["true", 1],
  output: ["f32", [], { dtype: LATER }, { ragged: "true" }],
  orientation: ["none", false],
  pool: [{}, "x"],
  maxBatchesOut: ["4", NaN, 0.5, 0],
  resume: ["{}", 7],
  signal: [{}, "x"],
  onWarning: ["x", {}],
};

Deno.test("each option of a loader refuses promises, texts, NaN and the like, by its name", async () => {
  const { loader } = await fixture(4);
  for (const [option, values] of Object.entries(OPTIONS)) {
    for (const value of [LATER, ...values]) {
      const beside = option === "requests" ? { ids: undefined } : {};
      const what = `${option}: ${String(value)}`;
      const error = assertThrows(
        () => loader({ ...beside, [option]: value } as Partial<LoaderOptions<Int32Array>>),
        UsageError,
        "",
        what,
      ) as CassetteError;
      assert(error.option?.startsWith(option) || option === "augment", `${what}: ${error.option}`);
      if (value === LATER) assert(error.message.includes("a Promise (await it first)"), what);
    }
  }
});

Deno.test("a source that was not awaited is told as such, and so are ids and arguments", async () => {
  const { loader, device } = await fixture(4);
  const source = SqliteSource.open({ path: "/nowhere" });
  source.catch(() => {});
  const later = LATER as never;
  const promised: [() => unknown, string][] = [
    [() => loader({ source: source as never }), "source"],
    [() => IdList.from(later), "ids"],
    [() => loader().request(later), "ids"],
    [() => loader().request([idOf(0)], later), "options"],
    [() => loader().request([idOf(0)], { fixed: later }), "fixed"],
    [() => new Augmenter(device, later), "operators"],
    [() => new Augmenter(device, [], later), "output"],
    [() => new BufferPool(later), "device"],
    [() => new JpegDecoder(later), "device"],
    [() => classWeights(later), "labels"],
    [() => mask({ classes: later }), "classes"],
  ];
  for (const [call, option] of promised) {
    const error = assertThrows(call, UsageError, "a Promise (await it first)") as CassetteError;
    assertEquals(error.option, option);
  }
  await assertRejects(() => SqliteSource.open({ path: later }), UsageError, "a Promise");
  assertThrows(() => listSqlite(later), UsageError);
  await assertRejects(() => loader().at(later), UsageError, "a Promise");
  await assertRejects(() => loader().at("1" as never), UsageError, '"1"');
  assertThrows(() => loader({ resume: {} as never }), ResumeMismatchError);
});

/** Makers of operators with what comes before their options. */
const MAKERS: Record<string, unknown[]> = {
  affine: [],
  autoAugment: [],
  brightness: [1],
  colorTwist: [],
  contrast: [1],
  crop: [8],
  cutmix: [],
  erase: [],
  flip: [],
  gaussianBlur: [],
  gaussianNoise: [1],
  mixup: [],
  normalize: [],
  oneOf: [[[]]],
  pad: [8],
  randAugment: [],
  randomErasing: [],
  randomFlip: [],
  randomResizedCrop: [8],
  resize: [8],
  rotate: [3],
  trivialAugmentWide: [],
  wgslOp: [],
};

Deno.test("operators refuse what is no object where they take options", () => {
  const makers = cassette as unknown as Record<string, (...args: unknown[]) => Operator>;
  for (const [name, first] of Object.entries(MAKERS)) {
    for (const value of [0.9, "0.9", LATER, [0.9], null]) {
      if (name === "gaussianBlur" && value === 0.9) continue;
      const error = assertThrows(
        () => makers[name](...first, value),
        UsageError,
        "",
        `${name}(${String(value)})`,
      );
      if (value === LATER) assert(error.message.includes("a Promise"), error.message);
    }
  }
  assertThrows(
    () => randomFlip(0.9 as never),
    UsageError,
    "Cannot make randomFlip as its options must be an object, { horizontal: 0.5 }: received 0.9",
  );
});

Deno.test("normalize refuses mean and deviation in fractions of 1 where pixels are 0–255", async () => {
  const { device, loader } = await fixture(4);
  const fractions = normalize({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
  const error = assertThrows(
    () => loader({ augment: [fractions] }),
    UsageError,
    "received mean [0.485,0.456,0.406] and std [0.229,0.224,0.225], all at most 1. Multiply both by 255",
  );
  assertEquals(error.option, "std");
  for (const given of [{ mean: 0.5, std: 0.5 }, { mean: 0, std: 1 / 255 }, { mean: 0.5, std: 1 }]) {
    assertThrows(() => new Augmenter(device, [normalize(given)]), UsageError, "0–255");
  }
  const unit = normalize({ mean: 0, std: 255 });
  for (const augment of [[unit, fractions], [normalize({ mean: 0, std: 1 })], [unit]]) {
    assert(new Augmenter(device, augment).describe().includes("normalize"));
  }
});
