/**
 * No invocation takes more turns of its loops than any adapter carries out: lavapipe counts those of
 * all loops together, and of invocations in lockstep, and ends them without an error.
 */
import { assert, assertEquals } from "@std/assert";
import {
  Augmenter,
  brightness,
  erase,
  gaussianNoise,
  grayscale,
  hue,
  LimitsError,
  posterize,
  resize,
  saturation,
  solarize,
} from "../../mod.ts";
import { Chain } from "../../src/augment/chain.ts";
import { makePlan, place } from "../../src/augment/plan.ts";
import { SampleRandom } from "../../src/augment/philox.ts";
import { isWide } from "../../src/augment/reduce.ts";
import { MOST_RESAMPLING_TURNS, passTurns, resamplingTurns } from "../../src/augment/turns.ts";
import { isCpuAdapter, requestDevice } from "../../src/gpu/device.ts";
import { MOST_TURNS } from "../../src/gpu/turns.ts";
import type { Tuning } from "../../src/jpeg/stage.ts";
import { tuningFor } from "../../src/jpeg/tuning.ts";
import { SHADERS } from "../../src/shaders.ts";
import { EVERY } from "../augment/every_operator.ts";
import { keysFor } from "../augment/run.ts";

/** What lavapipe counts to. */
const LAVAPIPE = 65_535;
/** Bits by which a symbol may reach beyond where it had to begin. */
const SYMBOL = 32;
/** Subsequences of the largest binding that there is, where they are shortest. */
const SUBSEQUENCES = 2 ** 31 * 8 / 1024;
const HALVING = 8;

/**
 * The loops of each file: how many there are, and the turns of all of them together in an invocation,
 * by what is tuned. Those of src/augment/turns.ts are counted image by image.
 */
const LOOPS: Record<string, [loops: number, turns: number | ((tuning: Tuning) => number)]> = {
  "augment/blur.wgsl": [2, 2 * 300 + 4],
  "augment/histogram.wgsl": [2, 4096 / 256 + 768 / 256],
  "augment/mask.wgsl": [1, 24_000],
  "augment/mask_store.wgsl": [1, 4],
  "augment/mix.wgsl": [1, 4],
  "augment/pack.wgsl": [1, 4],
  "augment/program.wgsl": [2, 24_000],
  "augment/reduce.wgsl": [2, (2 * 3 * 65_535 + 2) / 64 + 6],
  "augment/resample.wgsl": [3, MOST_RESAMPLING_TURNS],
  "augment/sharpen.wgsl": [2, 3 * (1 + 6)],
  "augment/store_words.wgsl": [2, 4 * 4],
  "augment/summary.wgsl": [2, 4096 / 64 + 3],
  "augment/table.wgsl": [3, 2 * 256],
  "augment/user.wgsl": [1, 4],
  "augment/warp.wgsl": [4, 96 + 96 * 97],
  "jpeg/chroma.wgsl": [1, 2],
  "jpeg/entropy.wgsl": [1, ({ cap }) => cap],
  "jpeg/picture.wgsl": [3, ({ blocks }) => blocks * (1 + 3 + 4)],
  "jpeg/progressive_first.wgsl": [1, ({ cap }) => cap],
  "jpeg/progressive_masks.wgsl": [1, 4],
  "jpeg/progressive_refine.wgsl": [1, ({ cap }) => cap],
  "jpeg/smooth.wgsl": [6, 5 + 25 + 32 * (1 + 2 * (1 + 25)) + 32],
  // The last subsequence is decoded to its end.
  "jpeg/sync/fix.wgsl": [1, ({ sync }) => sync.cap + 1],
  "jpeg/sync/offsets.wgsl": [2, 2 * Math.ceil(SUBSEQUENCES / 256 / 256)],
  "jpeg/sync/scan.wgsl": [1, HALVING],
  "jpeg/sync/walk.wgsl": [1, ({ sync }) => sync.bits + SYMBOL],
};

/** Files that are compiled together, where both have loops. */
const TOGETHER = [
  ...["blur", "resample", "sharpen", "user", "warp"].map((kernel) => [
    `augment/${kernel}.wgsl`,
    "augment/program.wgsl",
    "augment/store_words.wgsl",
  ]),
  ["augment/mix.wgsl", "augment/store_words.wgsl"],
  ["jpeg/sync/walk.wgsl", "jpeg/sync/fix.wgsl"],
  ["jpeg/sync/scan.wgsl", "jpeg/sync/offsets.wgsl"],
];

async function tunings(): Promise<Tuning[]> {
  const known = await requestDevice();
  const foreign = await (await navigator.gpu.requestAdapter())!.requestDevice();
  assertEquals(isCpuAdapter(foreign), false);
  const found = [tuningFor(known), tuningFor(foreign)];
  known.destroy();
  foreign.destroy();
  return found;
}

Deno.test("every loop of every kernel has a bound, which holds for devices made elsewhere too", async () => {
  const found: Record<string, number> = {};
  for (const [file, code] of Object.entries(SHADERS)) {
    const plain = code.replace(/\/\/.*/g, "");
    const loops = plain.match(/\b(?:for\s*\(|while\s*\(|loop\s*\{)/g)?.length ?? 0;
    if (loops > 0) found[file] = loops;
  }
  const expected = Object.entries(LOOPS).map(([file, [loops]]) => [file, loops]);
  assertEquals(found, Object.fromEntries(expected), "a loop has no bound in this test");
  assert(MOST_TURNS < LAVAPIPE);
  for (const tuning of await tunings()) {
    const kernels = [...Object.keys(LOOPS).map((file) => [file]), ...TOGETHER];
    for (const files of kernels) {
      let turns = 0;
      for (const file of files) {
        const [, most] = LOOPS[file];
        turns += typeof most === "number" ? most : most(tuning);
      }
      assert(turns <= LAVAPIPE, `${files.join(" + ")}: ${turns}`);
    }
  }
});

Deno.test("passes of all operators on images of all sizes stay below the bound, or go axis by axis", () => {
  const random = new SampleRandom();
  let wide = 0;
  let most = 0;
  for (const first of EVERY) {
    for (const size of [[40, 40], [65_500, 41], [41, 65_500], [16_000, 16_000]]) {
      const mixes = first.name === "mixup" || first.name === "cutmix";
      const after = [resize(7), gaussianNoise(1)];
      const plan = makePlan(mixes ? [...after, first] : [first, ...after]);
      for (let position = 0; position < 8; position++) {
        const chain = new Chain(false);
        random.sample(0, position);
        try {
          place(plan, chain, size[0], size[1], size[0], random);
        } catch {
          continue;
        }
        for (const pass of chain.passes.slice(0, chain.count)) {
          if (pass.kind === "move" && isWide(pass.geometry, MOST_RESAMPLING_TURNS)) {
            wide++;
            continue;
          }
          most = Math.max(most, passTurns(pass));
        }
      }
    }
  }
  assert(most <= MOST_TURNS && most > 1000, String(most));
  assert(wide > 0);
});

Deno.test("what is told of the turns of resampling is no less than what the kernel takes", () => {
  const random = new SampleRandom();
  for (const minFilter of ["linear", "cubic", "lanczos3", "gaussian", "nearest"] as const) {
    for (const [width, height] of [[300, 200], [200, 300], [7, 999], [64, 64]]) {
      const chain = new Chain(true);
      random.sample(0, 0);
      const plan = makePlan([resize({ width: 13, height: 9, minFilter, magFilter: minFilter })]);
      place(plan, chain, width, height, width, random);
      const { geometry: g } = chain.passes[0];
      const centre = (i: number, start: number, scale: number) => start + (i + 0.5) * scale - 0.5;
      let most = 0;
      for (let y = 0; y < g.height; y += 4) {
        for (let x = 0; x < g.width; x += 4) {
          const [x1, y1] = [Math.min(x + 3, g.width - 1), Math.min(y + 3, g.height - 1)];
          const left = Math.ceil(centre(x, g.startX, g.scaleX) - g.reachX);
          const right = Math.floor(centre(x1, g.startX, g.scaleX) + g.reachX);
          const top = Math.ceil(centre(y, g.startY, g.scaleY) - g.reachY);
          const bottom = Math.floor(centre(y1, g.startY, g.scaleY) + g.reachY);
          const [across, down] = [right - left + 1, bottom - top + 1];
          most = Math.max(most, across + down * (across + 1));
        }
      }
      const told = resamplingTurns(g);
      if (minFilter !== "nearest") assert(most <= told && told < 2 * most + 200, `${most} ${told}`);
    }
  }
});

Deno.test("more colour steps than a pass may have are refused, by the sample", async () => {
  const device = await requestDevice();
  const round = [
    solarize(9),
    brightness(1.1),
    posterize(3),
    hue(3),
    erase({ x: 0, y: 0, width: 2, height: 2 }),
    saturation(0.9),
    gaussianNoise(1),
    grayscale(),
  ];
  const augmented = (rounds: number) =>
    new Augmenter(device, Array.from({ length: rounds }, () => round).flat());
  using few = augmented(100);
  assertEquals(few.faults([{ width: 8, height: 8 }], keysFor(1)), []);
  using many = augmented(256);
  const [{ index, reason }] = many.faults([{ width: 8, height: 8 }], keysFor(1));
  assertEquals(index, 0);
  assert(reason instanceof LimitsError);
  assert(reason.message.includes("loop turns of the colour steps that share a pass"));
  device.destroy();
});
