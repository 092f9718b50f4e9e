import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import jpeg from "jpeg-js";
import {
  BusyError,
  DisposedError,
  intLabels,
  type LoaderState,
  randomFlip,
  randomResizedCrop,
  ResumeMismatchError,
  UsageError,
} from "../mod.ts";
import {
  brightness,
  collect,
  fixture,
  picture,
  range,
  samplesOf,
  sortedSamples,
} from "./loader_fixture.ts";

Deno.test("a loader yields every sample once an epoch, each with its own picture and label", async () => {
  const { loader } = await fixture(10);
  await using shuffled = loader({ shuffle: true, seed: 3, epochs: 3, labels: intLabels() });
  assertEquals([shuffled.size, shuffled.batchesPerEpoch], [10, 3]);
  const batches = await collect(shuffled);
  assertEquals(batches.map(({ epoch, samples }) => [epoch, samples.length]), [
    [0, 4],
    [0, 4],
    [0, 2],
    [1, 4],
    [1, 4],
    [1, 2],
    [2, 4],
    [2, 4],
    [2, 2],
  ]);
  const orders = range(3).map((epoch) => batches.filter((batch) => batch.epoch === epoch));
  for (const order of orders) assertEquals(sortedSamples(order), range(10));
  const keys = orders.map((order) => order.flatMap(({ samples }) => samples).join());
  assertEquals(new Set(keys).size, 3);
  assertEquals(shuffled.stats().samples, 30);
});

Deno.test("labels and ids stand beside the images", async () => {
  const { loader } = await fixture(5);
  await using plain = loader({ labels: intLabels() });
  const labels: number[] = [];
  for await (using batch of plain) labels.push(...batch.labels);
  assertEquals(labels, range(5));
});

Deno.test("tensors have the shape, layout and number format that were asked for", async () => {
  const { loader } = await fixture(2);
  for (const layout of ["NCHW", "NHWC"] as const) {
    for (const dtype of ["f32", "f16", "u8"] as const) {
      await using one = loader({ output: { layout, dtype } });
      for await (using batch of one) {
        const { images } = batch;
        assertEquals(images.shape, layout === "NCHW" ? [2, 3, 8, 8] : [2, 8, 8, 3]);
        assertEquals([images.layout, images.dtype], [layout, dtype]);
        const values = await images.read();
        assertEquals(values.length, 2 * 3 * 64);
        assert(Math.abs(values[0] - brightness(0)) <= 2);
      }
    }
  }
});

Deno.test("shards share an epoch out, and lastBatch says what becomes of the rest", async () => {
  const { loader } = await fixture(11);
  const shard = async (index: number, lastBatch: "pad" | "drop" | "partial") => {
    await using one = loader<Int32Array>({ shard: { index, count: 2 }, lastBatch });
    return await collect(one);
  };
  const padded = [...await shard(0, "pad"), ...await shard(1, "pad")];
  assertEquals(padded.map(({ samples }) => samples.length), [4, 4, 4, 4]);
  assertEquals(sortedSamples(padded), range(11));
  const partial = [...await shard(0, "partial"), ...await shard(1, "partial")];
  assertEquals(partial.map(({ samples }) => samples.length), [4, 2, 4, 1]);
  assertEquals(sortedSamples(partial), range(11));
  const dropped = [...await shard(0, "drop"), ...await shard(1, "drop")];
  assertEquals(dropped.map(({ samples }) => samples.length), [4, 4]);
});

Deno.test('ordering "batches" yields every sample once an epoch, epochs apart', async () => {
  const delays = [30, 5, 15, 1, 9, 3, 20, 2];
  const gate = (fetch: number) =>
    new Promise<void>((resolve) => setTimeout(resolve, delays[fetch % delays.length]));
  const { loader } = await fixture(15, picture, gate);
  await using any = loader<Int32Array>({ ordering: "batches", prefetch: 4, epochs: 2 });
  const batches = await collect(any);
  assertEquals(batches.map(({ epoch }) => epoch), [0, 0, 0, 0, 1, 1, 1, 1]);
  assertEquals(sortedSamples(batches.slice(0, 4)), range(15));
  assertEquals(sortedSamples(batches.slice(4)), range(15));
});

Deno.test("after break a loop goes on with the next unseen sample, and fetches are cleaned up", async () => {
  const { loader, source } = await fixture(20);
  await using all = loader({ shuffle: true, seed: 1, prefetch: 3 });
  const first: number[] = [];
  for await (using batch of all) {
    first.push(...samplesOf(batch));
    if (first.length === 8) break;
  }
  assertEquals([source.underWay, source.alive], [0, 0]);
  assertEquals(all.stats().pool.lent, 0);
  const second: number[] = [];
  for await (using rest of all) second.push(...samplesOf(rest));
  assertEquals([...first, ...second].sort((a, b) => a - b), range(20));
});

Deno.test("after its end a loop begins the next epochs", async () => {
  const { loader } = await fixture(4);
  await using twice = loader<Int32Array>({ epochs: 2 });
  assertEquals((await collect(twice)).map(({ epoch }) => epoch), [0, 1]);
  assertEquals((await collect(twice)).map(({ epoch }) => epoch), [2, 3]);
});

Deno.test("a break at the last batch is an end: a later loop begins the next epochs", async () => {
  const { loader } = await fixture(8);
  await using one = loader();
  for (const epoch of [0, 1, 2]) {
    let batches = 0;
    for await (using batch of one) {
      assertEquals(batch.epoch, epoch);
      if (++batches === one.batchesPerEpoch) break;
    }
    assertEquals(batches, 2);
  }
});

Deno.test("a loader resumes from the state of a batch, with another batch size too", async () => {
  const { loader } = await fixture(13);
  const options = { shuffle: true, seed: 9, epochs: 2 };
  await using whole = loader<Int32Array>(options);
  const expected = (await collect(whole)).flatMap(({ epoch, samples }) =>
    samples.map((sample) => [epoch, sample])
  );
  const states: LoaderState[] = [];
  await using again = loader(options);
  for await (using batch of again) states.push(JSON.parse(JSON.stringify(batch.state)));
  for (const [i, state] of states.entries()) {
    await using resumed = loader<Int32Array>({ ...options, batchSize: 3, resume: state });
    const rest = (await collect(resumed)).flatMap(({ epoch, samples }) =>
      samples.map((sample) => [epoch, sample])
    );
    assertEquals(rest, expected.slice([4, 8, 12, 13, 17, 21, 25, 26][i]));
  }
});

Deno.test("one loop at a time: a second one is refused, the first goes on", async () => {
  const { loader } = await fixture(8);
  await using one = loader();
  let batches = 0;
  for await (using _ of one) {
    batches++;
    await assertRejects(() => one[Symbol.asyncIterator]().next(), BusyError, "one loop");
  }
  assertEquals(batches, 2);
});

Deno.test("batches that are not disposed of end the loop with an error that names using", async () => {
  const { loader } = await fixture(20);
  await using one = loader({ maxBatchesOut: 2 });
  const kept: Disposable[] = [];
  await assertRejects(
    async () => {
      for await (const batch of one) kept.push(batch);
    },
    BusyError,
    "using",
  );
  assertEquals(kept.length, 2);
  for (const batch of kept) batch[Symbol.dispose]();
  let rest = 0;
  for await (using batch of one) rest += batch.length;
  assertEquals(rest, 12);
});

Deno.test("a batch is of no use after dispose or take, but what was taken is", async () => {
  const { loader, device } = await fixture(8);
  await using one = loader();
  const taken = [];
  for await (const batch of one) {
    if (batch.ids.length === 4 && taken.length === 0) {
      taken.push(batch.take());
      assertThrows(() => batch.images, DisposedError);
      assertThrows(() => batch.take(), DisposedError);
    } else {
      const { images } = batch;
      batch[Symbol.dispose]();
      batch[Symbol.dispose]();
      assertThrows(() => batch.images, DisposedError);
      await assertRejects(() => images.read(), DisposedError);
    }
  }
  await one[Symbol.asyncDispose]();
  const pixels = await taken[0].read();
  assert(Math.abs(pixels[0] - brightness(0)) <= 2);
  taken[0].buffer.destroy();
  assert(device);
});

Deno.test("a signal ends a loop with its reason, while a fetch hangs too", async () => {
  const { loader, source } = await fixture(8, picture, () => new Promise(() => {}));
  const controller = new AbortController();
  await using one = loader({ signal: controller.signal });
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 20);
  const error = await assertRejects(() => one[Symbol.asyncIterator]().next());
  assertEquals(error, reason);
  assertEquals([source.underWay, source.alive], [0, 0]);
  await assertRejects(() => one[Symbol.asyncIterator]().next(), Error, "enough");
});

Deno.test("dispose ends a loop that waits, and may be called again", async () => {
  const { loader, source } = await fixture(8, picture, () => new Promise(() => {}));
  const one = loader();
  const next = assertRejects(() => one[Symbol.asyncIterator]().next(), DisposedError);
  await new Promise((resolve) => setTimeout(resolve, 10));
  await one[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
  await next;
  assertEquals([source.underWay, source.alive], [0, 0]);
  await assertRejects(() => one[Symbol.asyncIterator]().next(), DisposedError);
  assertThrows(() => one.request([crypto.randomUUID()]), DisposedError);
  const other = loader();
  const begun = source.begun.length;
  const request = other.request([crypto.randomUUID()]);
  await other[Symbol.asyncDispose]();
  await assertRejects(() => request.next(), DisposedError, "Cannot use a loader");
  assertEquals(source.begun.length, begun);
});

Deno.test("at() loads any batch of the sequence as a loop yields it, without moving one", async () => {
  const { loader } = await fixture(10);
  await using one = loader({ shuffle: true, seed: 8, epochs: 2 });
  const loop: number[][] = [];
  for await (using batch of one) {
    loop.push(samplesOf(batch));
    using first = await one.at(0);
    assertEquals(samplesOf(first), loop[0]);
  }
  for (const index of [5, 2, 0, 4]) {
    using batch = await one.at(index);
    assertEquals([batch.epoch, samplesOf(batch)], [Math.floor(index / 3), loop[index]]);
  }
  await assertRejects(() => one.at(-1), UsageError, "received -1");
});

Deno.test("weighted and limited epochs are loaded, and resumed only by the same weights", async () => {
  const { loader } = await fixture(6);
  const options = { weights: [0, 1, 0, 3, 0, 0], limit: 10 };
  await using one = loader<Int32Array>(options);
  const seen = (await collect(one)).flatMap(({ samples }) => samples);
  assertEquals(seen.length, 10);
  assertEquals([...new Set(seen)].sort(), [1, 3]);
  await using again = loader(options);
  for await (using batch of again) {
    const resume = batch.state!;
    await using resumed = loader<Int32Array>({ ...options, resume });
    const rest = (await collect(resumed)).flatMap(({ samples }) => samples);
    assertEquals(rest, seen.slice(resume.done.prefix));
    assertThrows(
      () => loader({ ...options, weights: [1, 1, 1, 1, 1, 1], resume }),
      ResumeMismatchError,
    );
    break;
  }
});

Deno.test("fixed gives the same pixels in every epoch, and chance does not", async () => {
  const gradient = () => {
    const data = new Uint8Array(24 * 16 * 4).map((_, i) => (i * 7) % 256);
    return new Uint8Array(jpeg.encode({ width: 24, height: 16, data }, 95).data);
  };
  const { loader } = await fixture(2, gradient);
  for (const fixed of [true, false]) {
    await using one = loader({
      fixed,
      epochs: 4,
      augment: [randomResizedCrop(8, { randomArea: [0.2, 0.5] }), randomFlip()],
    });
    const seen = new Set<string>();
    for await (using batch of one) seen.add((await batch.images.read()).join());
    assertEquals(seen.size, fixed ? 1 : 4);
  }
});

Deno.test("a steady stream makes no new buffers after the first epoch", async () => {
  const { loader } = await fixture(24);
  await using one = loader({ epochs: 4, prefetch: 2 });
  let before = 0;
  for await (using batch of one) {
    if (batch.epoch === 1 && before === 0) before = one.stats().pool.allocations;
  }
  assertEquals(one.stats().pool.allocations, before);
});

Deno.test("wrong options are named", async () => {
  const { loader } = await fixture(4);
  const cases: [Record<string, unknown>, string][] = [
    [{ batchSize: 0 }, "batchSize"],
    [{ epochs: 0 }, "epochs"],
    [{ prefetch: -1 }, "prefetch"],
    [{ ordering: "random" }, "ordering"],
    [{ onCorrupt: "ignore" }, "onCorrupt"],
    [{ output: { dtype: "f64" } }, "output.dtype"],
    [{ labels: { ...intLabels(), accepts: ["blob"] } }, "labels"],
    [{ ids: [] }, "ids"],
    [{ ids: ["seven"] }, "ids"],
    [{ source: null }, "source"],
    [{ requests: [] }, "ids"],
    [{ requests: [], ids: undefined, epochs: 2 }, "epochs"],
    [{ requests: [], ids: undefined, onCorrupt: "throw" }, "onCorrupt"],
    [{ device: {} }, "device"],
  ];
  for (const [options, option] of cases) {
    const error = assertThrows(() => loader(options), UsageError, "must");
    assertEquals(error.option, option);
  }
  await using requestsOnly = loader({ ids: undefined });
  await assertRejects(() => requestsOnly[Symbol.asyncIterator]().next(), UsageError, "ids");
});
