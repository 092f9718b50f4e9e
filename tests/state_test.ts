import { assertEquals, assertThrows } from "@std/assert";
import { ResumeMismatchError } from "../src/errors.ts";
import { Sampler, samplerOptions } from "../src/order/sampler.ts";
import { hashIds, type LoaderState, makeState, resumeFrom } from "../src/state.ts";
import { countedIds } from "./pipeline/fake_source.ts";

const SIZE = 23;
const ids = countedIds(SIZE);
const hash = hashIds(ids);
const NONE = { prefix: 0, exceptions: [] };

function options(index: number, count: number, batchSize = 4) {
  return samplerOptions(SIZE, { batchSize, seed: 5, shuffle: true, shard: { index, count } });
}

/** State of a shard after some batches of an epoch, and the samples that these had. */
function run(
  index: number,
  count: number,
  batches: number,
): { state: LoaderState; seen: number[] } {
  const order = new Sampler(options(index, count)).epoch(1);
  const seen: number[] = [];
  let prefix = 0;
  for (let b = 0; b < batches; b++) {
    const plan = order.plan(b);
    plan.indices.forEach((sample, i) => plan.valid[i] && seen.push(sample));
    prefix += plan.valid.reduce((sum, valid) => sum + valid, 0);
  }
  const done = { prefix, exceptions: [] };
  return { state: makeState(hash, options(index, count), { epoch: 1, base: NONE, done }), seen };
}

function rest(state: LoaderState | LoaderState[], index: number, count: number): number[] {
  const resumed = options(index, count, 3);
  const { epoch, base, done } = resumeFrom(state, hash, resumed);
  const order = new Sampler(resumed).epoch(epoch, base, done);
  const samples: number[] = [];
  for (let b = 0; b < order.batches; b++) {
    const plan = order.plan(b);
    plan.indices.forEach((sample, i) => plan.valid[i] && samples.push(sample));
  }
  return samples;
}

const all = Array.from({ length: SIZE }, (_, i) => i);
const sorted = (list: number[]) => list.toSorted((a, b) => a - b);

Deno.test("a state is small JSON that survives being written down", () => {
  const { state } = run(0, 1, 2);
  assertEquals(JSON.parse(JSON.stringify(state)), state);
});

Deno.test("resuming goes on where the state was taken, with another batch size too", () => {
  const { state, seen } = run(0, 1, 2);
  assertEquals(sorted([...seen, ...rest(state, 0, 1)]), all);
});

Deno.test("resuming a shard needs only its own state while their number stays", () => {
  const shards = [0, 1].map((index) => run(index, 2, index + 1));
  const after = [0, 1].flatMap((index) => rest(shards[index].state, index, 2));
  assertEquals(sorted([...shards.flatMap(({ seen }) => seen), ...after]), all);
});

Deno.test("resuming on another number of shards gives every sample once", () => {
  const shards = [0, 1, 2].map((index) => run(index, 3, [1, 2, 0][index]));
  const states = shards.map(({ state }) => state);
  for (const count of [1, 2, 4]) {
    const after = all.slice(0, count).flatMap((index) => rest(states, index, count));
    assertEquals(sorted([...shards.flatMap(({ seen }) => seen), ...after]), all);
  }
});

Deno.test("resuming twice on other numbers of shards gives every sample once", () => {
  const shards = [0, 1].map((index) => run(index, 2, 1));
  const seen = shards.flatMap((shard) => shard.seen);
  const states = [0, 1, 2].map((index) => {
    const resumed = options(index, 3, 2);
    const progress = resumeFrom(shards.map(({ state }) => state), hash, resumed);
    const plan = new Sampler(resumed).epoch(progress.epoch, progress.base).plan(0);
    seen.push(...plan.indices);
    const done = { prefix: plan.indices.length, exceptions: [] };
    return makeState(hash, resumed, { ...progress, done });
  });
  assertEquals(sorted([...seen, ...rest(states, 0, 1)]), all);
});

Deno.test("a shard that is through with the epoch waits for the others in the next", () => {
  const through = makeState(hash, options(0, 2), { epoch: 2, base: NONE, done: NONE });
  const behind = run(1, 2, 1);
  const own = run(0, 2, 3).seen;
  const after = rest([through, behind.state], 0, 1);
  assertEquals(sorted([...own, ...behind.seen, ...after]), all);
});

Deno.test("states that do not fit are refused", () => {
  const { state } = run(0, 2, 1);
  const other = run(1, 2, 1).state;
  const cases: [LoaderState | LoaderState[], number, string][] = [
    [{ ...state, version: 99 }, 2, "version must be 1: received 99"],
    [{ ...state, ids: "0".repeat(32) }, 2, "ids must be"],
    [{ ...state, seed: 6 }, 2, "seed must be that of the loader, 5: received 6"],
    [{ ...state, size: 22 }, 2, "size must be"],
    [{ ...state, shuffle: false }, 2, "shuffle must be"],
    [state, 1, "the states of all 2 shards"],
    [[state, state], 1, "the states of all 2 shards"],
    [other, 2, "shard.index must be"],
    [[], 2, "one state or more"],
    ...[[7, 5], [5, 5], [1], [5, 99]].map((exceptions): [LoaderState, number, string] => [
      { ...state, done: { prefix: 3, exceptions } },
      2,
      "done must be a prefix and ascending exceptions",
    ]),
    [[{ ...state, epoch: 3, done: { prefix: 1, exceptions: [] } }, other], 1, "one epoch"],
  ];
  for (const [states, count, message] of cases) {
    assertThrows(() => resumeFrom(states, hash, options(0, count)), ResumeMismatchError, message);
  }
});
