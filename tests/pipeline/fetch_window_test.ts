import { assert, assertEquals, assertRejects } from "@std/assert";
import { FetchWindow, type Ordering } from "../../src/pipeline/fetch_window.ts";
import type { Job } from "../../src/pipeline/job.ts";
import { type Launch, PrefetchWindow } from "../../src/pipeline/prefetch.ts";
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

Deno.test("FetchWindow fetches on while what is complete waits for an older batch, up to a limit", async () => {
  const { source, open } = gated();
  const jobs = Array.from({ length: 12 }, (_, i) => job(i));
  const auto = new PrefetchWindow("auto", 0);
  const window = new FetchWindow(source, jobs, auto, "ordered");
  const { size, most } = auto;
  for (let fetch = 1; fetch < 12; fetch++) {
    open(fetch);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert(most > size && size >= 2, `${most}, ${size}`);
  assertEquals(source.begun.length, most);
  assert(!window.ready);
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

Deno.test("FetchWindow.stop does not wait for ever for a source that heeds no signal", async () => {
  const { source, open } = gated();
  const { fetch } = source;
  source.fetch = (ids) => fetch.call(source, ids);
  const window = new FetchWindow(source, [job(0)], new PrefetchWindow(4, 0), "ordered");
  const next = window.next();
  await new Promise((resolve) => setTimeout(resolve, 1));
  await window.stop();
  assertEquals([await next, source.underWay], [null, 1]);
  open(0);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals([source.underWay, source.alive], [0, 0]);
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
    window.consumed(window.launched(i), i + 1);
  }
  assertEquals(sizes, [1, 1, 2, 2, 3, 3, 4, 4, 4, 4]);
});

/** Consumes batches that a link passes, one every so many milliseconds, and delays. */
function throughLink(
  delay: number,
  interval: number,
  batches: number,
  consumer = 0,
  late: (index: number) => number = () => 0,
): number[] {
  const window = new PrefetchWindow("auto", 0);
  const flights: { launch: Launch; end: number }[] = [];
  const sizes: number[] = [];
  let [now, busy, begun] = [0, 0, 0];
  for (let i = 0; i < batches; i++) {
    while (flights.length < window.size) {
      const launch = window.launched(now);
      busy = Math.max(busy, now) + interval;
      flights.push({ launch, end: busy + delay + late(begun++) });
    }
    const { launch, end } = flights.shift()!;
    now = Math.max(now + consumer, end);
    window.fetched(end - launch.at, now);
    window.consumed(launch, now);
    sizes.push(window.size);
  }
  return sizes;
}

for (const [delay, interval] of [[150, 10], [150, 2], [20, 10], [1, 5]]) {
  Deno.test(`PrefetchWindow "auto" finds the bandwidth–delay product, ${delay} ms by ${interval} ms`, () => {
    const product = (delay + interval) / interval;
    const sizes = throughLink(delay, interval, 2000);
    // It is smaller for a round now and then.
    const last = Math.max(...sizes.slice(-40));
    assert(last >= Math.ceil(product) && last <= product * 1.6 + 3, `${last} for ${product}`);
    const reached = sizes.findIndex((size) => size >= product);
    assert(reached >= 0 && reached < product * 4 + 8, `${reached} batches until ${product}`);
    // What it takes in memory meanwhile is bounded too.
    assert(Math.max(...sizes) <= product * 2.6 + 3, `${Math.max(...sizes)} for ${product}`);
  });
}

Deno.test('PrefetchWindow "auto" follows a latency that rises and falls', () => {
  const window = new PrefetchWindow("auto", 0);
  const flights: { launch: Launch; end: number }[] = [];
  let [now, busy] = [0, 0];
  const during = (delay: number, until: number): number => {
    const sizes: number[] = [];
    while (now < until) {
      while (flights.length < window.size) {
        const launch = window.launched(now);
        busy = Math.max(busy, now) + 5;
        flights.push({ launch, end: busy + delay });
      }
      const { launch, end } = flights.shift()!;
      now = Math.max(now, end);
      window.fetched(end - launch.at, now);
      window.consumed(launch, now);
      sizes.push(window.size);
    }
    return Math.max(...sizes.slice(-40));
  };
  const sizes = [during(20, 20_000), during(150, 60_000), during(20, 100_000)];
  for (const [i, product] of [5, 31, 5].entries()) {
    assert(sizes[i] >= product && sizes[i] <= product * 1.6 + 3, `${sizes} at ${i}`);
  }
});

Deno.test('PrefetchWindow "auto" takes batches that waited for one for no higher rate', () => {
  // Each twelfth batch is late, and those after it leave with it.
  const sizes = throughLink(20, 5, 2000, 0, (i) => i % 12 === 0 ? 60 : 0);
  assert(Math.max(...sizes.slice(-400)) <= 5 * 1.6 + 3, `${sizes.slice(-400)}`);
});

Deno.test('PrefetchWindow "auto" stays small where the consumer is slow', () => {
  assertEquals(throughLink(20, 1, 100, 100).at(-1), 2);
});

/** Batches of 50 samples that take 10 ms; `late(i)` samples of batch i take a second. */
function withStragglers(late: (batch: number) => number): PrefetchWindow {
  const window = new PrefetchWindow("auto", 0);
  for (let i = 0; i < 1000; i++) {
    const samples = Float64Array.from({ length: 50 }, (_, k) => k < 50 - late(i) ? 10 : 1_010);
    window.fetched(samples[25], i * 5, samples);
    window.consumed(window.launched(i * 5), i * 5 + 10);
  }
  return window;
}

Deno.test('PrefetchWindow "auto" makes room for stragglers', () => {
  const { latency, excess, rate, batches } = withStragglers(() => 1).choice;
  assertEquals([latency, Math.round(excess), rate], [10, 20, 100]);
  assert(batches >= 4 && batches <= 5, `${batches}`);
});

Deno.test('PrefetchWindow "auto" makes the same room where stragglers come in bursts', () => {
  // They fill whole batches, whose median is as late as they are.
  const { latency, excess, batches } = withStragglers((i) => (i % 50 === 0 ? 50 : 0)).choice;
  assertEquals([latency, Math.round(excess)], [10, 20]);
  assert(batches >= 4 && batches <= 5, `${batches}`);
});

Deno.test('PrefetchWindow "auto" spreads fetches that have room over time', () => {
  const window = new PrefetchWindow("auto", 0);
  for (let i = 0; i < 100; i++) {
    assertEquals(window.pause(i * 10, 0), 0);
    window.consumed(window.launched(i * 10), i * 10 + 10);
  }
  assertEquals(window.choice.rate, 100);
  // One in 10 ms came: one in 9.1 ms begins, after a few at once.
  const gap = 10 / 1.1;
  let now = 5_000;
  const begun: number[] = [];
  while (begun.length < 20) {
    const pause = window.pause(now, begun.length);
    if (pause > 0) now += pause;
    else {
      window.launched(now);
      begun.push(now - 5_000);
    }
  }
  assert(begun[4] <= 2 * gap + 1, `${begun}`);
  assert(begun[19] >= 17 * gap - 1 && begun[19] <= 19 * gap, `${begun}`);
  assertEquals(window.pause(now + 100, 20), 0);
});

Deno.test('PrefetchWindow "auto" finds a rate that has grown although fetches are spread', () => {
  const window = new PrefetchWindow("auto", 0);
  const flights: { launch: Launch; end: number }[] = [];
  const left: number[] = [];
  let [now, busy] = [0, 0];
  while (now < 26_000) {
    let next = Infinity;
    while (flights.length < window.size) {
      const pause = window.pause(now, flights.length);
      if (pause > 0) {
        next = now + pause;
        break;
      }
      busy = Math.max(busy, now) + (now < 20_000 ? 10 : 2.5);
      flights.push({ launch: window.launched(now), end: busy + 150 });
    }
    if (flights.length > 0 && flights[0].end <= next) {
      const { launch, end } = flights.shift()!;
      now = Math.max(now, end);
      window.fetched(end - launch.at, now);
      window.consumed(launch, now);
      left.push(now);
    } else {
      now = next;
    }
  }
  const rate = (from: number, to: number) =>
    left.filter((time) => time >= from && time < to).length / (to - from) * 1000;
  assert(rate(15_000, 20_000) > 95, `${rate(15_000, 20_000)}`);
  // Four times the rate after two seconds.
  assert(rate(22_000, 25_000) > 380, `${rate(22_000, 25_000)}`);
});

Deno.test('PrefetchWindow "auto" holds fetches back by one gap at most, once a slow consumer is fast', () => {
  const window = new PrefetchWindow("auto", 0);
  let now = 0;
  const consume = (milliseconds: number) => {
    const launch = window.launched(now);
    now += milliseconds;
    window.fetched(10, now);
    window.consumed(launch, now);
  };
  for (let i = 0; i < 10; i++) consume(60_000);
  for (let i = 0; i < 4; i++) window.launched(now);
  const pause = window.pause(now, 4);
  assert(pause > 0 && pause <= 60_000, `${pause}`);
  for (let i = 0; i < 2; i++) consume(10);
  assert(window.pause(now, 4) <= 10, `${window.pause(now, 4)}`);
});

Deno.test("FetchWindow lets the next fetch begin as soon as few are under way, whatever it waits for", async () => {
  class Pausing extends PrefetchWindow {
    override pause(_now: number, underWay: number): number {
      return underWay < 2 ? 0 : 1e6;
    }
  }
  const { source, open } = gated();
  const jobs = [0, 1, 2].map((i) => job(i));
  const window = new FetchWindow(source, jobs, new Pausing(3, 0), "ordered");
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(source.underWay, 2);
  for (let fetch = 0; fetch < 3; fetch++) {
    open(fetch);
    (await window.next())!.blobs![Symbol.dispose]();
  }
  assertEquals(await window.next(), null);
  assertEquals([source.underWay, source.alive], [0, 0]);
});

Deno.test("FetchWindow.stop does not wait for a fetch that is to begin later", async () => {
  class Pausing extends PrefetchWindow {
    override pause(): number {
      return 1e6;
    }
  }
  const { source } = gated();
  const window = new FetchWindow(source, [job(0), job(1)], new Pausing(4, 0), "ordered");
  await new Promise((resolve) => setTimeout(resolve, 1));
  await window.stop();
  assertEquals(source.begun, []);
});

Deno.test('FetchWindow "samples" takes the batches of a source that has no pools as they are', async () => {
  assertEquals(await order("samples", [3, 1, 0, 2], [0, 0, 1, 1]), [1, 0, 3, 2]);
});
