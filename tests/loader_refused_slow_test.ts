/** Work that the device does not take is told of, whatever is done with samples that fail. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BufferPool,
  gaussianBlur,
  GpuError,
  LimitsError,
  Loader,
  type LoaderOptions,
  mask,
  mixup,
  resize,
} from "../mod.ts";
import { encode } from "fast-png";
import { failingDevice, poorDevice } from "./gpu/poor_device.ts";
import { smallBindings } from "./gpu/small_bindings.ts";
import { brightness, collect, picture, samplesOf } from "./loader_fixture.ts";
import { MaskSource } from "./mask_source.ts";
import { countedIds, FakeSource } from "./pipeline/fake_source.ts";

const LARGE = 3;
const COUNT = 8;
/** Bytes of a binding that the small pictures fit into together, but not the large one. */
const BINDING = 400_000;
const OTHERS = [0, 1, 2, 4, 5, 6, 7];

const blob = (n: number) => n === LARGE ? picture(n, 512, 384) : picture(n);
const isAugment = (label: string) => label.startsWith("augment");
const isJpeg = (label: string) => label.startsWith("jpeg");

function open(
  device: GPUDevice,
  options: Partial<LoaderOptions<Int32Array>>,
): Loader<Int32Array> {
  return new Loader({
    source: new FakeSource(blob),
    device,
    ids: countedIds(COUNT),
    batchSize: 4,
    augment: [resize(8)],
    output: { layout: "NHWC", dtype: "u8" },
    ...options,
  });
}

/** Loops over a loader that skips, checks that each picture is its sample's, and tells which came. */
async function collectSkipping(loader: Loader<Int32Array>): Promise<number[]> {
  const seen: number[] = [];
  for await (using batch of loader) {
    const pixels = await batch.images.read();
    samplesOf(batch).forEach((sample, i) => {
      assert(Math.abs(pixels[i * 192 + 96] - brightness(sample)) <= 2, `sample ${sample}`);
      seen.push(sample);
    });
  }
  return seen;
}

for (const [stage, kernels] of [["decoder", isJpeg], ["augmenter", isAugment]] as const) {
  Deno.test(`a sample whose work the device refuses to the ${stage} is skipped, masked or thrown alone`, async () => {
    const device = await smallBindings(BINDING, kernels);
    using pool = new BufferPool(device);
    {
      await using loader = open(device, { onCorrupt: "skip", pool });
      assertEquals(await collectSkipping(loader), OTHERS);
      const [{ id, reason }] = loader.stats().skipped;
      assert(reason instanceof GpuError && reason.sampleId === id && reason.message.includes(id));
    }
    {
      await using loader = open(device, { onCorrupt: "mask", pool });
      const seen = await collect(loader);
      assertEquals(seen.map(({ valid }) => valid), [[1, 1, 1, 0], [1, 1, 1, 1]]);
    }
    {
      await using loader = open(device, { onCorrupt: "throw", pool });
      await assertRejects(() => collect(loader), GpuError, "the device must take the work");
    }
    assertEquals(pool.stats().lent, 0);
    device.destroy();
  });
}

Deno.test("samples are mixed with all but the one that the device refuses", async () => {
  const device = await smallBindings(BINDING, isAugment);
  await using loader = open(device, { onCorrupt: "mask", augment: [resize(8), mixup()] });
  let batches = 0;
  for await (using batch of loader) {
    const samples = samplesOf(batch);
    const expected = samples.map((sample) => sample === LARGE ? 0 : 1);
    assertEquals([...batch.valid], expected);
    const pixels = await batch.images.read();
    for (const { index, partner, weight } of batch.mix) {
      assert(samples[partner] !== LARGE);
      const mixed = weight * brightness(samples[index]) +
        (1 - weight) * brightness(samples[partner]);
      if (expected[index]) assert(Math.abs(pixels[index * 192 + 96] - mixed) <= 3);
    }
    batches++;
  }
  assertEquals(batches, 2);
  device.destroy();
});

Deno.test("an image of its own size, or a mask, that the device refuses is lost alone", async () => {
  const device = await smallBindings(BINDING, isAugment);
  using pool = new BufferPool(device);
  const output = { layout: "NHWC", dtype: "u8" } as const;
  {
    await using loader = open(device, {
      onCorrupt: "mask",
      augment: [],
      output: { ...output, ragged: true },
      pool,
    });
    for await (using batch of loader) {
      const samples = samplesOf(batch);
      assertEquals(batch.ragged.map((one) => one !== null), samples.map((n) => n !== LARGE));
      assertEquals([...batch.valid], samples.map((n) => n === LARGE ? 0 : 1));
    }
  }
  const maskFile = (n: number) => {
    const [width, height] = n === LARGE ? [512, 384] : [24, 16];
    const data = new Uint8Array(width * height).fill(n);
    return new Uint8Array(encode({ width, height, channels: 1, data }));
  };
  {
    await using loader = new Loader({
      source: new MaskSource(blob, maskFile),
      device,
      ids: countedIds(COUNT),
      batchSize: 4,
      augment: [resize(8)],
      labels: mask({ classes: 9 }),
      output,
      onCorrupt: "skip",
      pool,
    });
    const seen: number[] = [];
    for await (using batch of loader) {
      const numbers = await batch.labels!.read();
      samplesOf(batch).forEach((sample, i) => {
        assertEquals(numbers[i * 64 + 9], sample);
        seen.push(sample);
      });
    }
    assertEquals(seen, OTHERS);
  }
  assertEquals(pool.stats().lent, 0);
  device.destroy();
});

Deno.test("a sample that the augmenter has no memory for is lost alone, after idle buffers are given up", async () => {
  let lacking = Infinity;
  let failures = 0;
  const device = await poorDevice((label, size) => {
    const lacks = label.startsWith("augment pixels") && size > 2 ** 20 && failures < lacking;
    if (lacks) failures++;
    return lacks;
  });
  for (const [lasts, expected] of [[true, OTHERS], [false, [...OTHERS, LARGE].sort()]] as const) {
    [failures, lacking] = [0, lasts ? Infinity : 1];
    await using loader = open(device, {
      onCorrupt: "skip",
      augment: [gaussianBlur({ sigma: 0.5 }), resize(8)],
    });
    assertEquals(await collectSkipping(loader), expected);
    assert(failures > 0);
    if (lasts) assert(loader.stats().skipped[0].reason instanceof LimitsError);
  }
  device.destroy();
});

Deno.test("work that is refused whatever the samples ends the loop, with the reason", async () => {
  const { device, fail } = await failingDevice();
  const encodeCommands = device.createCommandEncoder.bind(device);
  let broken = "";
  device.createCommandEncoder = (descriptor) => {
    if (descriptor!.label === broken) fail("internal", "the driver failed");
    return encodeCommands(descriptor);
  };
  using pool = new BufferPool(device);
  for (const onCorrupt of ["skip", "mask", "throw"] as const) {
    broken = "augment";
    await using loader = open(device, { onCorrupt, pool });
    await assertRejects(() => collect(loader), GpuError, "received the internal error");
  }
  broken = "clear images of a batch";
  await using masked = open(device, {
    onCorrupt: "mask",
    pool,
    source: new FakeSource((n) => n === LARGE ? null : picture(n)),
  });
  await assertRejects(() => collect(masked), GpuError, "Cannot clear images of a batch as");
  broken = "pack the images of a batch";
  await using skipped = open(device, {
    onCorrupt: "skip",
    pool,
    source: new FakeSource((n) => n === LARGE ? null : picture(n)),
  });
  await assertRejects(() => collect(skipped), GpuError, "Cannot pack the images of a batch as");
  assertEquals(pool.stats().lent, 0);
  device.destroy();
});

Deno.test("pictures that cannot be joined with those of PNG files are lost, and told of", async () => {
  const { device, fail } = await failingDevice();
  const encodeCommands = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    if (descriptor!.label === "join pictures") fail("internal", "the driver failed");
    return encodeCommands(descriptor);
  };
  const png = encode({ width: 8, height: 8, channels: 1, data: new Uint8Array(64) });
  using pool = new BufferPool(device);
  {
    const source = new FakeSource((n) => n === 1 ? png : picture(n));
    await using loader = open(device, { onCorrupt: "mask", source, pool });
    const valid: number[] = [];
    for await (using batch of loader) {
      valid.push(...batch.valid);
      for (const { reason, id } of batch.errors) {
        assert(reason instanceof GpuError && reason.sampleId === id);
      }
    }
    assertEquals(valid, [0, 0, 0, 0, 1, 1, 1, 1]);
  }
  assertEquals(pool.stats().lent, 0);
  device.destroy();
});
