/** How many batches may be out, who waits for room and who is refused, and how long buffers are held. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Batch, BufferPool, BusyError, DisposedError, UsageError } from "../mod.ts";
import { BatchesOut } from "../src/batches_out.ts";
import { fixture, idOf, range, samplesOf } from "./loader_fixture.ts";

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

Deno.test("64 requests at once are all served, and the loop beside them as well", async () => {
  const { loader } = await fixture(40);
  await using one = loader({ maxBatchesOut: 4 });
  let out = 0;
  const serve = async (id: number) => {
    const seen: number[] = [];
    for await (using batch of one.request([idOf(id)])) {
      assert(++out <= 4, `${out} batches of requests were out`);
      await sleep(1);
      seen.push(...samplesOf(batch));
      out--;
    }
    return seen;
  };
  const requests = range(64).map((i) => serve(i % 40));
  const looped: number[] = [];
  for await (using batch of one) looped.push(...samplesOf(batch));
  assertEquals(await Promise.all(requests), range(64).map((i) => [i % 40]));
  assertEquals(looped, range(40));
  assertEquals(one.stats().pool.lent, 0);
});

Deno.test("a loop whose batches are all kept is refused the one that is too many, not the last", async () => {
  const { loader } = await fixture(12);
  const kept: Batch<Int32Array>[] = [];
  {
    await using exact = loader({ maxBatchesOut: 3 });
    for await (const batch of exact) kept.push(batch);
    assertEquals(kept.length, 3);
    const parts: Batch<Int32Array>[] = [];
    for await (const part of exact.request(range(12).map(idOf))) parts.push(part);
    assertEquals(parts.length, 3);
    for (const batch of [...kept.splice(0), ...parts]) batch[Symbol.dispose]();
  }
  await using few = loader({ maxBatchesOut: 2 });
  const error = await assertRejects(async () => {
    for await (const batch of few) kept.push(batch);
  }, BusyError);
  assert(error.message.includes("using") && error.option === "maxBatchesOut");
  assertEquals(kept.map(samplesOf), [range(4), [4, 5, 6, 7]]);
  for (const batch of kept) batch[Symbol.dispose]();
  const rest: number[] = [];
  for await (using batch of few) rest.push(...samplesOf(batch));
  assertEquals(rest, [8, 9, 10, 11]);
  assertEquals(few.stats().pool.lent, 0);
});

Deno.test("a request that waits for room ends by its signal, or when the loader is disposed of", async () => {
  const { loader } = await fixture(4);
  const one = loader({ maxBatchesOut: 1 });
  const first = (await one.request([idOf(0)]).next()).value!;
  const controller = new AbortController();
  const aborted = assertRejects(
    () => one.request([idOf(1)], { signal: controller.signal }).next(),
    Error,
    "too late",
  );
  const disposed = assertRejects(() => one.at(0), DisposedError);
  await sleep(30);
  controller.abort(new Error("too late"));
  await aborted;
  await one[Symbol.asyncDispose]();
  await disposed;
  first[Symbol.dispose]();
  assertEquals(one.stats().pool.lent, 0);
});

Deno.test("who waits for room says so after 10 s, and what to write", async () => {
  const { device } = await fixture(1);
  using pool = new BufferPool(device);
  const warnings: string[] = [];
  const delays: (number | undefined)[] = [];
  const { setTimeout } = globalThis;
  let ring = () => {};
  globalThis.setTimeout = ((callback: () => void, delay?: number) => {
    delays.push(delay);
    ring = callback;
    return 0;
  }) as unknown as typeof setTimeout;
  try {
    const out = new BatchesOut({
      pool,
      most: 1,
      refuses: false,
      warn: (text) => warnings.push(text),
    });
    const { signal } = new AbortController();
    const first = await out.admit(signal);
    const second = out.admit(signal);
    const third = out.admit(signal);
    assertEquals(delays, [10_000]);
    ring();
    assert(/^2 batches have waited 10 s .* at most 1 \(maxBatchesOut\) .*using/.test(warnings[0]));
    first.release([]);
    (await second).forget([]);
    (await third).release([]);
    assertEquals(warnings.length, 1);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
});

Deno.test("a batch that is held is not used again before its readers are submitted", async () => {
  const { loader } = await fixture(40);
  await using one = loader({ maxBatchesOut: 2, prefetch: 1 });
  const held = new Map<GPUBuffer, () => void>();
  let most = 0;
  let batches = 0;
  for await (using batch of one) {
    const { buffer } = batch.images;
    assert(!held.has(buffer), "the buffer was used again although it was held");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    batch.hold(promise);
    batch.hold(Promise.resolve());
    const end = batches++ % 2 ? resolve : () => reject(new Error("of no matter"));
    held.set(buffer, end);
    most = Math.max(most, held.size);
    setTimeout(() => {
      held.delete(buffer);
      end();
    }, 15);
  }
  assertEquals([batches, most], [10, 2]);
  while (held.size > 0) await sleep(5);
  await sleep(0);
  assertEquals(one.stats().pool.lent, 0);
});

Deno.test("hold is refused what is no promise, and a batch that is disposed of", async () => {
  const { loader } = await fixture(4);
  await using one = loader();
  for await (const batch of one) {
    const error = assertThrows(() => batch.hold(7 as unknown as Promise<void>), UsageError, "7");
    assertEquals(error.option, "until");
    batch[Symbol.dispose]();
    assertThrows(() => batch.hold(Promise.resolve()), DisposedError);
  }
});
