import { assert, assertEquals } from "@std/assert";
import { StageMeter } from "../../src/pipeline/meter.ts";

function clocked(): { meter: StageMeter; wait: (ms: number) => void } {
  let now = 1_000;
  return { meter: new StageMeter(() => now), wait: (ms) => now += ms };
}

Deno.test("StageMeter has counted nothing at first", () => {
  assertEquals(clocked().meter.stats, {
    batches: 0,
    samples: 0,
    bytes: 0,
    busy: 0,
    rate: 0,
    latency: { p50: 0, p99: 0 },
    depth: 0,
  });
});

Deno.test("StageMeter counts time with several batches in a stage once, and none without", () => {
  const { meter, wait } = clocked();
  const first = meter.enter();
  wait(30);
  const second = meter.enter();
  wait(10);
  assertEquals([meter.stats.busy, meter.stats.depth, meter.stats.rate], [40, 2, 0]);
  meter.leave(first, 8, 800);
  wait(10);
  meter.leave(second, 2, 200);
  wait(1_000);
  const { batches, samples, bytes, busy, rate, depth } = meter.stats;
  assertEquals({ batches, samples, bytes, busy, rate, depth }, {
    batches: 2,
    samples: 10,
    bytes: 1_000,
    busy: 50,
    rate: 200,
    depth: 0,
  });
});

Deno.test("StageMeter tells the median and the 99th percentile of a batch's time, a tenth off", () => {
  const { meter, wait } = clocked();
  for (let i = 1; i <= 1_000; i++) {
    const entered = meter.enter();
    wait(i);
    meter.leave(entered, 1, 1);
  }
  const { p50, p99 } = meter.stats.latency;
  assert(Math.abs(p50 / 500 - 1) < 0.1 && Math.abs(p99 / 990 - 1) < 0.1, `${p50} and ${p99} ms`);
});

Deno.test("StageMeter keeps what failed out of its counts, but not out of its time", () => {
  const { meter, wait } = clocked();
  meter.enter();
  wait(5);
  meter.drop();
  const { batches, samples, busy, latency, depth } = meter.stats;
  assertEquals({ batches, samples, busy, latency, depth }, {
    batches: 0,
    samples: 0,
    busy: 5,
    latency: { p50: 0, p99: 0 },
    depth: 0,
  });
});
