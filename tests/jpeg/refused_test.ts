/** Work that the device does not take is an error of the samples that are to blame for it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BufferPool, DeviceLostError, GpuError, type IdList, LimitsError } from "../../mod.ts";
import { JpegDecoder } from "../../src/jpeg/decoder.ts";
import { countedIds } from "../pipeline/fake_source.ts";
import { failingDevice, poorDevice } from "../gpu/poor_device.ts";
import { smallBindings } from "../gpu/small_bindings.ts";
import { cjpeg, difference, djpeg, draw } from "./support.ts";

const SMALL = 48;
const LARGE = 320;
/** Bytes of a binding that the small pictures fit into together, but no large one. */
const BINDING = 300_000;

/** Small pictures, and large ones at some places. */
function files(count: number, large: readonly number[]): Promise<Uint8Array<ArrayBuffer>[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => {
    const side = large.includes(i) ? LARGE : SMALL;
    const args = i % 3 === 1 ? ["-progressive"] : [];
    return cjpeg(draw(side - i % 5, side - i % 7, i), ...args);
  }));
}

/** Decodes, and expects the pictures to be djpeg's but for some. */
async function expectAllBut(
  guilty: readonly number[],
  batch: Uint8Array[],
  device: GPUDevice,
  Kind: typeof LimitsError | typeof GpuError,
  ids?: IdList,
): Promise<void> {
  const uncaptured: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    uncaptured.push((event as GPUUncapturedErrorEvent).error.message);
  });
  using pool = new BufferPool(device);
  {
    using decoder = new JpegDecoder(device, { pool });
    using images = await decoder.decode(batch, { ids });
    const verified = await images.verify();
    for (const [i, file] of batch.entries()) {
      if (guilty.includes(i)) {
        const error = images.errors[i];
        assert(error instanceof Kind, `${i}: ${error}`);
        assert(error.message.startsWith(`Cannot decode sample ${ids?.at(i) ?? i} as the device`));
        assertEquals([verified[i], error.sampleId, images.images[i]], [error, ids?.at(i), null]);
      } else {
        assertEquals(verified[i], undefined);
        assertEquals(difference(await images.read(i), await djpeg(file)), undefined);
      }
    }
  }
  assertEquals(pool.stats().lent, 0);
  assertEquals(uncaptured, []);
}

Deno.test("a picture whose bindings the device refuses is one error, and its neighbours are right", async () => {
  for (const guilty of [[0], [3], [6], [1, 5], []]) {
    const device = await smallBindings(BINDING);
    await expectAllBut(guilty, await files(7, guilty), device, GpuError, countedIds(7));
    device.destroy();
  }
});

Deno.test("pictures that only together are too much are decoded in smaller groups", async () => {
  const device = await smallBindings(150_000);
  await expectAllBut([], await files(30, []), device, GpuError);
  device.destroy();
});

Deno.test("a picture that there is no memory for is one error, and its neighbours are right", async () => {
  const device = await poorDevice((label, size) => label === "jpeg coefficients" && size > BINDING);
  await expectAllBut([2, 4], await files(6, [2, 4]), device, LimitsError);
  device.destroy();
});

Deno.test("where there is no memory for the pixels, all pictures are errors and nothing is lent", async () => {
  const device = await poorDevice((label) => label === "jpeg pixels");
  await expectAllBut([0, 1, 2], await files(3, []), device, LimitsError);
  device.destroy();
});

Deno.test("an internal error of a submission is an error of each picture in it, if it lasts", async () => {
  for (const lasts of [false, true]) {
    const { device, fail } = await failingDevice();
    let failures = 0;
    const encode = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      if (descriptor!.label === "jpeg decode" && (lasts || failures++ === 0)) {
        fail("internal", "the driver failed");
      }
      return encode(descriptor);
    };
    await expectAllBut(lasts ? [0, 1, 2, 3] : [], await files(4, []), device, GpuError);
    device.destroy();
  }
});

Deno.test("a decode that the device refuses is tried a bounded number of times, and can be aborted", async () => {
  const { device, fail } = await failingDevice();
  const submit = device.queue.submit.bind(device.queue);
  let tries = 0;
  let most = Infinity;
  const abort = new AbortController();
  device.queue.submit = (buffers) => {
    submit(buffers);
    fail("validation", "never");
    if (++tries === most) abort.abort();
  };
  const batch = await files(16, []);
  using pool = new BufferPool(device);
  using decoder = new JpegDecoder(device, { pool });
  {
    using images = await decoder.decode(batch);
    assertEquals(images.images, batch.map(() => null));
  }
  assertEquals(tries, 2 * batch.length - 1);
  [tries, most] = [0, 3];
  await assertRejects(() => decoder.decode(batch, { signal: abort.signal }), DOMException);
  assertEquals(tries, most);
  assertEquals(pool.stats().lent, 0);
  device.destroy();
});

Deno.test("a decode whose device is lost is told of as such", async () => {
  const { device } = await failingDevice();
  using decoder = new JpegDecoder(device);
  using images = await decoder.decode(await files(2, []));
  device.destroy();
  await assertRejects(() => images.verify(), DeviceLostError, "must not be lost");
});
