import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import { Permutation } from "../../src/order/permutation.ts";
import { deal, type OrderOptions, Sampler, samplerOptions } from "../../src/order/sampler.ts";
import { classWeights, cumulate, WeightedDraw } from "../../src/order/weighted.ts";
import { Seen, unseenAt } from "../../src/order/seen.ts";

function sampler({ size, ...options }: OrderOptions & { size: number }): Sampler {
  return new Sampler(samplerOptions(size, options));
}

function epochIndices(
  of: Sampler,
  epoch = 0,
): { valid: number[]; padded: number[]; batches: number } {
  const order = of.epoch(epoch);
  const valid: number[] = [];
  const padded: number[] = [];
  for (let b = 0; b < order.batches; b++) {
    const plan = order.plan(b);
    plan.indices.forEach((index, i) => (plan.valid[i] ? valid : padded).push(index));
  }
  return { valid, padded, batches: order.batches };
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sorted = (list: number[]) => list.toSorted((a, b) => a - b);

Deno.test("Permutation gives every number once, at every size", () => {
  for (const size of [1, 2, 3, 4, 5, 15, 16, 17, 99, 100, 101, 1000]) {
    const shuffle = new Permutation(size, 7, 3);
    assertEquals(sorted(range(size).map((i) => shuffle.at(i))), range(size));
  }
});

Deno.test("Permutation gives all orders of four about equally often", () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 24_000; seed++) {
    const key = range(4).map((i) => new Permutation(4, seed, 0).at(i)).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  // Chi-squared with 23 degrees of freedom: above 60 with a probability of 4e-5.
  const chi2 = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert(chi2 < 60, `chi-squared is ${chi2}`);
});

Deno.test("Permutation depends on all 53 bits of the seed and on the epoch", () => {
  const order = (seed: number, epoch: number) => {
    const shuffle = new Permutation(50, seed, epoch);
    return range(50).map((i) => shuffle.at(i)).join();
  };
  const orders = [order(1, 0), order(2, 0), order(1, 1), order(1 + 2 ** 40, 0), order(-1, 0)];
  assertEquals(new Set(orders).size, orders.length);
  assertEquals(order(1, 0), order(1, 0));
});

Deno.test("Sampler without shuffle keeps the order and ends with a partial batch", () => {
  const of = sampler({ size: 5, batchSize: 2 });
  const order = of.epoch(0);
  assertEquals(range(order.batches).map((b) => [...order.plan(b).indices]), [[0, 1], [2, 3], [4]]);
});

Deno.test("Sampler gives every sample once over all shards, whatever the sizes", () => {
  for (const size of [1, 3, 7, 64, 101]) {
    for (const count of [1, 2, 3, 5]) {
      for (const batchSize of [1, 4, 16]) {
        for (const lastBatch of ["partial", "pad"] as const) {
          const shards = range(count).map((index) =>
            epochIndices(
              sampler({ size, batchSize, lastBatch, shuffle: true, shard: { index, count } }),
            )
          );
          assertEquals(sorted(shards.flatMap((s) => s.valid)), range(size));
          if (lastBatch === "partial") continue;
          assertEquals(new Set(shards.map((s) => s.batches)).size, 1);
          for (const { valid, padded, batches } of shards) {
            assertEquals(valid.length + padded.length, batches * batchSize);
          }
        }
      }
    }
  }
});

Deno.test('Sampler with lastBatch "drop" gives whole batches, equally many to each shard', () => {
  const shards = range(3).map((index) =>
    epochIndices(sampler({ size: 32, batchSize: 4, lastBatch: "drop", shard: { index, count: 3 } }))
  );
  assertEquals(shards.map((s) => s.valid.length), [8, 8, 8]);
  assertEquals(new Set(shards.flatMap((s) => s.valid)).size, 24);
});

Deno.test("Sampler goes on with what other shards left unseen", () => {
  const size = 97;
  const before = range(3).map((index) =>
    sampler({ size, batchSize: 4, shuffle: true, shard: { index, count: 3 } }).epoch(2)
  );
  const seen = new Seen();
  const done: number[] = [];
  for (const [shard, batches] of [4, 2, 3].entries()) {
    for (let b = 0; b < batches; b++) {
      const plan = before[shard].plan(b);
      plan.positions.forEach((position) => seen.add(position));
      done.push(...plan.indices);
    }
  }
  const state = seen.toJSON();
  const rest = range(2).flatMap((index) => {
    const of = sampler({ size, batchSize: 5, shuffle: true, shard: { index, count: 2 } });
    const order = of.epoch(2, deal(of.options, state));
    return range(order.batches).flatMap((b) => {
      const plan = order.plan(b);
      return [...plan.indices].filter((_, i) => plan.valid[i]);
    });
  });
  assertEquals(sorted([...done, ...rest]), range(size));
});

Deno.test("unseenAt passes over the exceptions", () => {
  const state = { prefix: 3, exceptions: [4, 5, 8] };
  assertEquals(range(5).map((k) => unseenAt(state, k)), [3, 6, 7, 9, 10]);
});

Deno.test("Seen folds exceptions into its prefix", () => {
  const seen = new Seen();
  for (const value of [2, 1, 4]) seen.add(value);
  assertEquals(seen.toJSON(), { prefix: 0, exceptions: [1, 2, 4] });
  seen.add(0);
  assertEquals(seen.toJSON(), { prefix: 3, exceptions: [4] });
  assertEquals(seen.count, 4);
  assert(seen.has(1) && !seen.has(3) && seen.has(4));
});

Deno.test("samplerOptions names the option that is out of range", () => {
  const cases: [Partial<OrderOptions>, string][] = [
    [{ batchSize: 0 }, "batchSize"],
    [{ batchSize: 1.5 }, "batchSize"],
    [{ seed: 2 ** 60 }, "seed"],
    [{ shard: { index: 2, count: 2 } }, "shard.index"],
    [{ shard: { index: 0, count: 0 } }, "shard.count"],
    [{ limit: 0 }, "limit"],
    [{ weights: [1, 2] }, "weights"],
    [{ weights: new Array(10).fill(0) }, "weights"],
    [{ weights: [...range(9), -1] }, "weights"],
    [{ weights: [...range(9), NaN] }, "weights"],
    [{ lastBatch: "keep" as "drop" }, "lastBatch"],
  ];
  for (const [options, option] of cases) {
    const error = assertThrows(
      () => samplerOptions(10, { batchSize: 4, ...options }),
      UsageError,
      `${option} must`,
    );
    assertEquals(error.option, option);
  }
});

Deno.test("limit takes the first so many of each epoch's order", () => {
  const options = { size: 20, batchSize: 4, shuffle: true, seed: 2 };
  const { valid } = epochIndices(sampler({ ...options, limit: 7 }));
  assertEquals(valid, epochIndices(sampler(options)).valid.slice(0, 7));
  assertEquals(epochIndices(sampler({ ...options, limit: 99 })).valid.length, 20);
});

Deno.test("weights draw each sample as often as they say, and never one of weight 0", () => {
  const weights = [0, 1, 2, 0, 5, 0];
  const draws = 40_000;
  const draw = new WeightedDraw(cumulate(weights, 6), 4, 1);
  const counts = weights.map(() => 0);
  for (let i = 0; i < draws; i++) counts[draw.at(i)]++;
  // Five standard deviations of a binomial count.
  weights.forEach((weight, i) => {
    const p = weight / 8;
    assert(Math.abs(counts[i] - draws * p) <= 5 * Math.sqrt(draws * p * (1 - p)), `${counts}`);
  });
});

Deno.test("a weighted epoch is as long as asked for, and dealt out to shards as a whole", () => {
  const options = { size: 6, batchSize: 4, weights: [1, 1, 1, 1, 1, 95], limit: 101, seed: 5 };
  const whole = epochIndices(sampler(options)).valid;
  assertEquals(whole.length, 101);
  const shards = range(3).flatMap((index) =>
    epochIndices(sampler({ ...options, shard: { index, count: 3 } })).valid
  );
  assertEquals(sorted(shards), sorted(whole));
  assert(whole.filter((sample) => sample === 5).length > 80);
});

Deno.test("classWeights draws a rare class as often as a common one", () => {
  const labels = range(1000).map((i) => (i < 10 ? 1 : 0));
  const draw = new WeightedDraw(cumulate(classWeights(labels), 1000), 1, 0);
  const rare = range(4000).filter((place) => labels[draw.at(place)] === 1).length;
  assert(Math.abs(rare - 2000) < 5 * Math.sqrt(1000), `${rare} of 4000`);
});
