import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { intLabels, normalize, UsageError } from "../mod.ts";
import { damaged, fixture, idOf, picture, range, samplesOf } from "./loader_fixture.ts";

Deno.test("requests come in order and in parts, beside a loop", async () => {
  const { loader } = await fixture(20);
  await using one = loader<Int32Array>({ labels: intLabels() });
  const inLoop: number[] = [];
  for await (using batch of one) {
    inLoop.push(...samplesOf(batch));
    const parts: unknown[] = [];
    for await (using part of one.request([7, 3, 3, 19, 1, 0].map(idOf))) {
      parts.push([part.request, [...part.labels]]);
      assertEquals(part.state, null);
    }
    assertEquals(parts, [
      [{ index: 0, part: 0, parts: 2 }, [7, 3, 3, 19]],
      [{ index: 0, part: 1, parts: 2 }, [1, 0]],
    ]);
  }
  assertEquals(inLoop, range(20));
  assertThrows(() => one.request([]), UsageError, "must not be empty");
});

Deno.test("a failure stays in its request", async () => {
  const { loader } = await fixture(8, damaged);
  await using one = loader<Int32Array>();
  const run = async (ids: string[]) => {
    let count = 0;
    for await (using part of one.request(ids)) count += part.length;
    return count;
  };
  const outcomes = await Promise.allSettled([
    run([idOf(0)]),
    run([idOf(2)]),
    run([idOf(3), idOf(4)]),
  ]);
  assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
});

Deno.test("a request that is aborted ends with the reason, and the others go on", async () => {
  const gate = (fetch: number) => (fetch === 0 ? new Promise<void>(() => {}) : Promise.resolve());
  const { loader } = await fixture(8, picture, gate);
  await using one = loader<Int32Array>();
  const controller = new AbortController();
  const hanging = assertRejects(
    () => one.request([idOf(0)], { signal: controller.signal }).next(),
    Error,
    "too late",
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  for await (using part of one.request([idOf(1)])) assertEquals(samplesOf(part), [1]);
  controller.abort(new Error("too late"));
  await hanging;
});

Deno.test("a loader over requests answers each, in order, whatever fails among them", async () => {
  const { loader } = await fixture(8, damaged);
  async function* requests() {
    yield [0, 1, 3, 4, 7].map(idOf);
    yield [];
    yield [idOf(0), "seven"];
    await new Promise((resolve) => setTimeout(resolve, 10));
    yield [5, 2].map(idOf);
    yield [2, 1].map(idOf);
    yield [7].map(idOf);
  }
  await using one = loader<Int32Array>({ ids: undefined, requests: requests() });
  const answers: unknown[] = [];
  for await (using batch of one) {
    const { request, valid, failure } = batch;
    answers.push([request!.index, request!.part, request!.parts, [...valid], failure?.name]);
    if (failure) assertThrows(() => batch.images, Object.getPrototypeOf(failure).constructor);
    else assertEquals(batch.images.shape[0], valid.length);
  }
  assertEquals(answers, [
    [0, 0, 2, [1, 1, 1, 1], undefined],
    [0, 1, 2, [1], undefined],
    [1, 0, 1, [], "UsageError"],
    [2, 0, 1, [], "UsageError"],
    [3, 0, 1, [0, 0], undefined],
    [4, 0, 1, [0, 1], undefined],
    [5, 0, 1, [1], undefined],
  ]);
  const { skipped, skippedCount } = one.stats();
  assertEquals([skipped.length, skippedCount], [3, 3]);
});

Deno.test("a request that fails as a whole says so, also where no size is known yet", async () => {
  const { loader } = await fixture(8, damaged);
  const requests = [[idOf(5)], [idOf(0)], [idOf(2)]];
  const augment = [normalize({ mean: [0, 0, 0], std: [1, 1, 1] })];
  await using one = loader<Int32Array>({ ids: undefined, requests, augment });
  const failures: (string | undefined)[] = [];
  for await (using batch of one) failures.push(batch.failure?.name);
  assertEquals(failures, ["UnsupportedFormatError", undefined, undefined]);
});

Deno.test("requests are pulled no faster than they are served", async () => {
  const { loader } = await fixture(8);
  let pulled = 0;
  function* requests() {
    for (; pulled < 100; pulled++) yield [idOf(pulled % 8)];
  }
  await using one = loader<Int32Array>({ ids: undefined, requests: requests(), prefetch: 2 });
  let served = 0;
  for await (using _ of one) {
    served++;
    assert(pulled <= served + 2 + 3 + 1, `${pulled} pulled, ${served} served`);
    if (served === 20) break;
  }
});
