import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceLostError, Loader, requestDevice, resize } from "../../mod.ts";
import { lossOr } from "../../src/gpu/lost.ts";
import { idOf, picture } from "../loader_fixture.ts";
import { countedIds, FakeSource } from "../pipeline/fake_source.ts";

/** A device that counts who waits for its loss. */
async function counted(): Promise<{ device: GPUDevice; reactions: () => number }> {
  const device = await requestDevice();
  const { lost } = device;
  let count = 0;
  const then: typeof lost.then = (...args) => {
    count++;
    return lost.then(...args);
  };
  Object.defineProperty(device, "lost", { value: { then } });
  return { device, reactions: () => count };
}

Deno.test("failures leave one reaction to the loss of a device, however many there are", async () => {
  const { device, reactions } = await counted();
  const gone = new FakeSource(picture, () => Promise.reject(new Error("gone")));
  const missing = new FakeSource(() => null);
  for (const source of [gone, missing]) {
    const options = { source, device, ids: countedIds(4), batchSize: 4, augment: [resize(8)] };
    await using loader = new Loader(options);
    for (let i = 0; i < 5; i++) {
      await using other = new Loader(options);
      await Promise.all([
        assertRejects(() => other[Symbol.asyncIterator]().next()),
        ...[0, 1, 2, 3].map((id) => assertRejects(() => loader.request([idOf(id)]).next())),
      ]);
    }
  }
  for (let i = 0; i < 100; i++) assertEquals(await lossOr(device, i), i);
  assertEquals(reactions(), 1);
  device.destroy();
  for (let i = 0; i < 3; i++) {
    const error = await lossOr(device, i);
    assert(error instanceof DeviceLostError && error.cause === i, `received ${error}`);
  }
});
