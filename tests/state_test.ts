import { assertEquals, assertThrows } from "@std/assert";
import { ResumeMismatchError } from "../src/errors.ts";
import { Sampler, samplerOptions } from "../src/order/sampler.ts";
import { ProgressTracker } from "../src/progress.ts";
import { hashIds, type LoaderState, makeState, resumeFrom } from "../src/state.ts";
import { countedIds, numberOf } from "./pipeline/fake_source.ts";

const SIZE = 23;
const ids = countedIds(SIZE);
const hash = hashIds(ids);

function options(index: number, count: number, batchSize = 4) {
  return samplerOptions(SIZE, { batchSize, seed: 5, shuffle: true, shard: { index, count } });
}

/** What shards were given in some batches, and the state after the last. */
interface Run {
  state: LoaderState;
  seen: number[];
}

/** Takes some batches of a shard, in order, or the last of each four first. */
function run(
  order: ReturnType<typeof options>,
  batches: number,
  ordering: "ordered" | "batches" = "ordered",
  resume?: LoaderState | LoaderState[],
): Run {
  const tracker = new ProgressTracker(ids, new Sampler(order), { resume, ordering });
  const seen: number[] = [];
  let state = makeState(hash, order, tracker.current);
  const jobs = [...tracker.jobs(false)];
  if (ordering === "batches") jobs.unshift(...jobs.splice(Math.min(3, jobs.length - 1), 1));
  for (const job of jobs.slice(0, batches)) {
    state = tracker.advance(job);
    for (let i = 0; i < job.ids.length; i++) {
      if (job.valid[i]) seen.push(numberOf(job.ids, i));
    }
  }
  return { state, seen };
}

function rest(state: LoaderState | LoaderState[], index: number, count: number): number[] {
  return run(options(index, count, 3), Infinity, "ordered", state).seen;
}

const all = Array.from({ length: SIZE }, (_, i) => i);
const sorted = (list: number[]) => list.toSorted((a, b) => a - b);

Deno.test("a state is small JSON that survives being written down", () => {
  const { state } = run(options(0, 1), 2);
  assertEquals(JSON.parse(JSON.stringify(state)), state);
});

Deno.test("resuming goes on where the state was taken, with another batch size too", () => {
  const { state, seen } = run(options(0, 1), 2);
  assertEquals(sorted([...seen, ...rest(state, 0, 1)]), all);
});

Deno.test("resuming a shard needs only its own state while their number stays", () => {
  const shards = [0, 1].map((index) => run(options(index, 2), index + 1));
  const after = [0, 1].flatMap((index) => rest(shards[index].state, index, 2));
  assertEquals(sorted([...shards.flatMap(({ seen }) => seen), ...after]), all);
});

Deno.test("resuming on another number of shards gives every sample once", () => {
  const shards = [0, 1, 2].map((index) => run(options(index, 3), [1, 2, 0][index]));
  const states = shards.map(({ state }) => state);
  for (const count of [1, 2, 3, 4]) {
    const after = all.slice(0, count).flatMap((index) => rest(states, index, count));
    assertEquals(sorted([...shards.flatMap(({ seen }) => seen), ...after]), all);
  }
});

Deno.test("where batches come in order, one shard's state resumes all, on any number of shards", () => {
  for (const batches of [1, 2, 3]) {
    const shards = [0, 1, 2].map((index) => run(options(index, 3, 2), batches));
    const seen = shards.flatMap((shard) => shard.seen);
    for (const { state } of shards) {
      for (const count of [1, 2, 3, 4]) {
        const after = all.slice(0, count).flatMap((index) => rest(state, index, count));
        assertEquals(sorted([...seen, ...after]), all);
      }
    }
  }
});

Deno.test("shards that stopped together have equally many batches left, whichever came first", () => {
  const shards = [0, 1].map((index) => run(options(index, 2, 3), 1, "batches"));
  // One has had the last batch, which is not full, and the other one also has samples that only fill it.
  for (const batchSize of [1, 2, 3, 4]) {
    const left = [0, 1].map((index) => {
      const order = options(index, 2, batchSize);
      const resume = shards[index].state;
      return [...new ProgressTracker(ids, new Sampler(order), { resume }).jobs(false)].length;
    });
    assertEquals(left[0], left[1], `in batches of ${batchSize}`);
  }
});

Deno.test("resuming twice on other numbers of shards gives every sample once", () => {
  const shards = [0, 1].map((index) => run(options(index, 2), 1));
  const states = shards.map(({ state }) => state);
  const again = [0, 1, 2].map((index) => run(options(index, 3, 2), 1, "ordered", states));
  const seen = [...shards, ...again].flatMap((shard) => shard.seen);
  assertEquals(sorted([...seen, ...rest(again.map(({ state }) => state), 0, 1)]), all);
});

Deno.test("a shard that is through with the epoch waits for the others in the next", () => {
  const through = run(options(0, 2), 3);
  const behind = run(options(1, 2), 1);
  assertEquals(through.state.epoch, 1);
  const after = rest([through.state, behind.state], 0, 1);
  assertEquals(sorted([...through.seen, ...behind.seen, ...after]), all);
});

Deno.test("without epochs what is left is resumed, or the next epoch where nothing is", () => {
  const { state, seen } = run(options(0, 1), 2);
  assertEquals(sorted([...seen, ...rest(state, 0, 1)]), all);
  const { state: end } = run(options(0, 1), Infinity);
  assertEquals(sorted(rest(end, 0, 1)), all);
  const late = { ...state, epoch: 7 };
  assertEquals(rest(late, 0, 1).length, SIZE - seen.length);
  // What does not fill a batch is no epoch of its own.
  const order = { ...options(0, 1, 20), lastBatch: "drop" } as const;
  assertEquals(run(order, Infinity, "ordered", state).seen.length, 20);
});

Deno.test("states that do not fit are refused", () => {
  const { state } = run(options(0, 2), 1, "batches");
  const other = run(options(1, 2), 1, "batches").state;
  const cases: [LoaderState | LoaderState[], number, string][] = [
    [{ ...state, version: 99 }, 2, "version must be 2: received 99"],
    [{ ...state, ids: "0".repeat(32) }, 2, "ids must be"],
    [{ ...state, seed: 6 }, 2, "seed must be that of the loader, 5: received 6"],
    [{ ...state, size: 22 }, 2, "size must be"],
    [{ ...state, shuffle: false }, 2, "shuffle must be"],
    [state, 1, "the states of all 2 shards"],
    [[state, state], 1, "the states of all 2 shards"],
    [other, 2, "the states of all 2 shards"],
    [{ ...state, left: { least: 12, most: 12 } }, 2, "left must be"],
    [{ ...state, shared: undefined! }, 2, "shared must be true or false"],
    [[], 2, "one state or more"],
    ...[[7, 5], [5, 5], [1], [5, 99]].map((exceptions): [LoaderState, number, string] => [
      { ...state, done: { prefix: 3, exceptions } },
      2,
      "done must be a prefix and ascending exceptions",
    ]),
    [[{ ...state, epoch: 3 }, other], 1, "one epoch"],
  ];
  for (const [states, count, message] of cases) {
    assertThrows(() => resumeFrom(states, hash, options(0, count)), ResumeMismatchError, message);
  }
});
