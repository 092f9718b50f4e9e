import { assert, assertEquals, assertRejects } from "@std/assert";
import { FetchWindow, type Ordering } from "../../src/pipeline/fetch_window.ts";
import type { Job } from "../../src/pipeline/job.ts";
import { PrefetchWindow } from "../../src/pipeline/prefetch.ts";
import { countedIds, FakeSource } from "./fake_source.ts";

function job(sample: number, epoch = 0): Job {
  return {
    ids: countedIds(sample + 1).pick([sample]),
    positions: Float64Array.of(sample),
    ordinals: Float64Array.of(sample),
    valid: Uint8Array.of(1),
    epoch,
    batches: 0,
  };
}

/** A source whose fetches end when the test says so. */
function gated(): { source: FakeSource; open: (fetch: number) => void } {
  const gates: PromiseWithResolvers<void>[] = [];
  const gate = (i: number) => (gates[i] ??= Promise.withResolvers<void>());
  const source = new FakeSource(() => new Uint8Array(3), (i) => gate(i).promise);
  return { source, open: (i) => gate(i).resolve() };
}

async function order(ordering: Ordering, ends: number[], epochs: number[]): Promise<number[]> {
  const { source, open } = gated();
  const jobs = epochs.map((epoch, i) => job(i, epoch));
  const window = new FetchWindow(source, jobs, new PrefetchWindow(8, 0), ordering);
  const order: number[] = [];
  const reading = (async () => {
    for (let next = await window.next(); next; next = await window.next()) {
      order.push(next.job.positions[0]);
      next.blobs![Symbol.dispose]();
    }
  })();
  for (const fetch of ends) {
    open(fetch);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await reading;
  assertEquals([source.underWay, source.alive], [0, 0]);
  return order;
}

Deno.test('FetchWindow "ordered" hands batches out as they were asked for', async () => {
  assertEquals(await order("ordered", [3, 1, 0, 2], [0, 0, 0, 0]), [0, 1, 2, 3]);
});

Deno.test('FetchWindow "batches" hands out what is complete first', async () => {
  assertEquals(await order("batches", [3, 1, 0, 2], [0, 0, 0, 0]), [3, 1, 0, 2]);
});

Deno.test('FetchWindow "batches" keeps epochs apart', async () => {
  assertEquals(await order("batches", [3, 1, 2, 0], [0, 0, 1, 1]), [1, 0, 3, 2]);
});

Deno.test("FetchWindow keeps no more fetches under way than its window holds", async () => {
  const { source, open } = gated();
  const jobs = Array.from({ length: 6 }, (_, i) => job(i));
  const window = new FetchWindow(source, jobs, new PrefetchWindow(2, 0), "ordered");
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(source.begun.length, 2);
  assert(!window.ready);
  open(0);
  (await window.next())!.blobs![Symbol.dispose]();
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(source.begun.length, 3);
  await window.stop();
  assertEquals([source.underWay, source.alive], [0, 0]);
});

Deno.test("FetchWindow.stop disposes of what has arrived, and ends a hanging iterator of jobs", async () => {
  const { source, open } = gated();
  async function* jobs() {
    yield job(0);
    await new Promise(() => {});
  }
  const window = new FetchWindow(source, jobs(), new PrefetchWindow(4, 0), "ordered");
  open(0);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert(window.ready);
  assertEquals(source.alive, 1);
  await window.stop();
  assertEquals(source.alive, 0);
  assertEquals(await window.next(), null);
});

Deno.test("FetchWindow passes on what the iterator of jobs throws, after the batches before it", async () => {
  const { source, open } = gated();
  function* jobs() {
    yield job(0);
    throw new Error("no more ids");
  }
  const window = new FetchWindow(source, jobs(), new PrefetchWindow(4, 0), "ordered");
  open(0);
  (await window.next())!.blobs![Symbol.dispose]();
  await assertRejects(() => window.next(), Error, "no more ids");
});

Deno.test("PrefetchWindow with slowStart grows by one every so many batches", () => {
  const window = new PrefetchWindow(4, 2);
  const sizes: number[] = [];
  for (let i = 0; i < 10; i++) {
    sizes.push(window.size);
    window.consumed(i);
  }
  assertEquals(sizes, [1, 1, 2, 2, 3, 3, 4, 4, 4, 4]);
});

Deno.test('PrefetchWindow "auto" finds the bandwidth–delay product', () => {
  // A link of 150 ms that passes one batch every 10 ms: 15 batches are on their way.
  const window = new PrefetchWindow("auto", 0);
  let now = 0;
  const returns: number[] = [];
  let busy = 0;
  for (let i = 0; i < 400; i++) {
    while (returns.length < window.size) {
      busy = Math.max(busy, now) + 10;
      returns.push(busy + 150);
      window.fetched(returns.at(-1)! - now);
    }
    now = Math.max(now, returns.shift()!);
    window.consumed(now);
  }
  assert(window.size >= 16 && window.size <= 24, `the window is ${window.size}`);
});

Deno.test('PrefetchWindow "auto" stays small where the consumer is slow', () => {
  const window = new PrefetchWindow("auto", 0);
  for (let i = 0; i < 50; i++) {
    window.fetched(20);
    window.consumed(i * 100);
  }
  assertEquals(window.size, 2);
});
