import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import {
  BufferPool,
  DeviceLostError,
  LimitsError,
  Loader,
  NoAdapterError,
  requestDevice,
  resize,
  UsageError,
} from "../mod.ts";
import { poorDevice } from "./gpu/poor_device.ts";
import { brightness, collect, picture, range, sortedSamples } from "./loader_fixture.ts";
import { countedIds, FakeSource } from "./pipeline/fake_source.ts";

/** A device that says its buffers are small, so that a few pictures are too much for one. */
async function smallDevice(maxBufferSize: number): Promise<GPUDevice> {
  const device = await requestDevice();
  const small: Record<string, number> = {
    maxBufferSize,
    maxStorageBufferBindingSize: maxBufferSize,
  };
  const { limits } = device;
  const value = new Proxy(limits, {
    get: (_, name) => small[String(name)] ?? limits[name as keyof GPUSupportedLimits],
  });
  Object.defineProperty(device, "limits", { value });
  return device;
}

Deno.test("a batch whose pictures fill more than a buffer is decoded in parts", async () => {
  // 16 pictures of 512 × 256 pixels take 8 MiB, and a buffer holds 2 MiB.
  const device = await smallDevice(2 << 20);
  const source = new FakeSource((sample) => picture(sample, 512, 256));
  {
    await using loader = new Loader<Int32Array>({
      source,
      device,
      ids: countedIds(20),
      batchSize: 16,
      augment: [resize(8)],
      output: { layout: "NHWC", dtype: "u8" },
    });
    assertEquals(sortedSamples(await collect(loader)), range(20));
  }
  device.destroy();
});

Deno.test("PNG files beside JPEG files that fill a buffer are decoded, in parts of their own", async () => {
  const device = await smallDevice(2 << 20);
  const fill = new Uint8Array(512 * 256);
  const png = (sample: number) =>
    encode({ width: 512, height: 256, channels: 1, data: fill.fill(brightness(sample)) });
  // A buffer holds four of them.
  for (
    const isPng of [(n: number) => n % 4 === 3, (n: number) => n % 2 === 0, (n: number) => n > 2]
  ) {
    const source = new FakeSource((n) => isPng(n) ? png(n) : picture(n, 512, 256));
    await using loader = new Loader<Int32Array>({
      source,
      device,
      ids: countedIds(20),
      batchSize: 16,
      augment: [resize(8)],
      output: { layout: "NHWC", dtype: "u8" },
    });
    assertEquals(sortedSamples(await collect(loader)), range(20));
    assertEquals(loader.stats().pool.lent, 0);
  }
  device.destroy();
});

Deno.test("a device without memory for a batch ends the loop with LimitsError", async () => {
  const device = await poorDevice((label) => label === "batch");
  const source = new FakeSource((sample) => picture(sample));
  await using loader = new Loader({
    source,
    device,
    ids: countedIds(8),
    batchSize: 4,
    augment: [resize(64)],
  });
  await assertRejects(
    () => loader[Symbol.asyncIterator]().next(),
    LimitsError,
    "Cannot lend batch as the device must have memory for",
  );
  assertEquals(loader.stats().pool.lent, 0);
});

Deno.test("a batch whose tensor does not fit a buffer is refused, with both sizes", async () => {
  const device = await smallDevice(2 << 20);
  const source = new FakeSource((sample) => picture(sample));
  {
    await using loader = new Loader({
      source,
      device,
      ids: countedIds(16),
      batchSize: 16,
      augment: [resize(256)],
    });
    const error = await assertRejects(
      () => loader[Symbol.asyncIterator]().next(),
      LimitsError,
      "at most 2097152 bytes: received 12582912",
    );
    assertEquals((error as LimitsError).option, "batchSize");
  }
  device.destroy();
});

Deno.test("a picture too large for the device is the failure of one sample", async () => {
  const device = await smallDevice(2 << 20);
  const source = new FakeSource((sample) =>
    sample === 1 ? picture(sample, 1024, 1024) : picture(sample)
  );
  {
    await using loader = new Loader<Int32Array>({
      source,
      device,
      ids: countedIds(4),
      batchSize: 4,
      augment: [resize(8)],
      onCorrupt: "mask",
      output: { layout: "NHWC", dtype: "u8" },
    });
    assertEquals((await collect(loader)).map(({ valid }) => valid), [[1, 0, 1, 1]]);
    assert(loader.stats().skipped[0].reason instanceof LimitsError);
  }
  device.destroy();
});

Deno.test("a device that is lost while a loop goes on ends it with DeviceLostError", async () => {
  const device = await requestDevice();
  const source = new FakeSource((sample) => picture(sample));
  await using loader = new Loader({
    source,
    device,
    ids: countedIds(400),
    batchSize: 4,
    augment: [resize(8)],
  });
  const error = await assertRejects(async () => {
    for await (using batch of loader) {
      if (batch.ids.length > 0) device.destroy();
    }
  });
  assert(error instanceof DeviceLostError, `received ${error}`);
  assertEquals([source.underWay, source.alive], [0, 0]);
});

Deno.test("without an adapter requestDevice says how to get one", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-lock",
      `const { requestDevice } = await import(${
        JSON.stringify(import.meta.resolve("../src/gpu/device.ts"))
      });
       try { await requestDevice(); } catch (error) { console.error(error.name, error.message); Deno.exit(7); }`,
    ],
    // The machine has no such graphics interface, and Deno is told to look for no other.
    env: { DENO_WEBGPU_BACKEND: Deno.build.os === "windows" ? "metal" : "dx12" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 7);
  assert(text.includes(NoAdapterError.name) && text.includes("mesa-vulkan-drivers"), text);
});

Deno.test("loaders that take turns and share a pool need no more memory than one", async () => {
  const device = await requestDevice();
  using pool = new BufferPool(device);
  const make = (shared: boolean) => {
    const source = new FakeSource(picture);
    const options = { source, device, ids: countedIds(8), batchSize: 4, epochs: Infinity };
    const form = { augment: [resize(8)], output: { layout: "NHWC", dtype: "u8" } } as const;
    return new Loader<Int32Array>({ ...options, ...form, pool: shared ? pool : undefined });
  };
  const load = async (loader: Loader<Int32Array>) => {
    let batches = 0;
    for await (using _batch of loader) if (++batches === 4) break;
  };
  {
    await using train = make(true);
    await load(train);
    await load(train);
    const { bytes } = pool.stats();
    await using validation = make(true);
    await load(validation);
    await load(train);
    assert(bytes > 0);
    assertEquals(pool.stats().bytes, bytes);
    await using apart = make(false);
    await load(apart);
    assertEquals(pool.stats().bytes, bytes);
  }
  assertEquals(pool.stats().lent, 0);
  assertThrows(
    () =>
      new Loader({ source: new FakeSource(picture), device, batchSize: 1, pool: {} as BufferPool }),
    UsageError,
    "pool must be a BufferPool",
  );
  device.destroy();
});
