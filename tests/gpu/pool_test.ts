import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import jpeg from "jpeg-js";
import {
  BufferPool,
  DeviceLostError,
  DisposedError,
  GpuTensor,
  JpegDecoder,
  LimitsError,
  requestDevice,
} from "../../mod.ts";
import { poorDevice } from "./poor_device.ts";
import { foldWorkgroups, getKernel } from "../../src/gpu/kernel.ts";
import { clearRows, packRows } from "../../src/gpu/rows.ts";
import { readBuffer } from "../../src/gpu/tensor.ts";

const device = await requestDevice();
const USAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

Deno.test("BufferPool lends a buffer again once it is back, to similar sizes and the same use", () => {
  using pool = new BufferPool(device);
  const first = pool.acquire(100_000, USAGE, "first");
  assert(first.size >= 100_000 && first.size <= 125_000);
  const second = pool.acquire(100_000, USAGE, "second");
  pool.release(first);
  assertEquals(pool.acquire(99_000, USAGE, "again") === first, true);
  pool.release(second);
  assertEquals(pool.acquire(99_000, USAGE | GPUBufferUsage.UNIFORM, "other") === second, false);
  assertEquals(pool.stats().allocations, 3);
});

Deno.test("BufferPool counts what is lent, and destroys it when it comes back too late", async () => {
  const pool = new BufferPool(device);
  const lent = pool.acquire(4096, USAGE, "lent");
  const taken = pool.acquire(8192, USAGE, "taken");
  assertEquals(pool.stats(), { allocations: 2, bytes: 12288, lent: 12288 });
  pool.forget(taken);
  assertEquals(pool.stats(), { allocations: 2, bytes: 4096, lent: 4096 });
  pool[Symbol.dispose]();
  pool.release(lent);
  assertEquals(pool.stats(), { allocations: 2, bytes: 0, lent: 0 });
  device.pushErrorScope("validation");
  device.queue.writeBuffer(lent, 0, new Uint8Array(4));
  assert(await device.popErrorScope(), "a destroyed buffer cannot be written");
  taken.destroy();
});

Deno.test("a buffer that there is no memory for is told of once, and not lent again", async () => {
  const poor = await poorDevice((label) => label.startsWith("large"));
  using pool = new BufferPool(poor);
  const kept = pool.acquire(10_000, USAGE, "large, kept");
  const back = pool.acquire(20_000, USAGE, "large, back at once");
  const good = pool.acquire(30_000, USAGE, "small");
  pool.release(back);
  pool.check();
  await poor.queue.onSubmittedWorkDone();
  const error = assertThrows(() => pool.check(), LimitsError, "large, kept");
  assert(/^Cannot lend .* as the device must have memory .*: received/.test(error.message));
  pool.check();
  for (const buffer of [kept, good]) pool.release(buffer);
  assertEquals(pool.stats(), { allocations: 3, bytes: good.size, lent: 0 });
  assert(pool.acquire(10_000, USAGE, "small") !== kept);
  assert(pool.acquire(20_000, USAGE, "small") !== back);
  assert(pool.acquire(30_000, USAGE, "small") === good);
  poor.destroy();
});

Deno.test("a decode without enough memory, or whose device is lost, is told of as such", async () => {
  const file = (side: number) =>
    jpeg.encode({ width: side, height: side, data: new Uint8Array(4 * side ** 2).fill(7) }, 90)
      .data;
  let poverty = false;
  const poor = await poorDevice((label) => poverty && label === "jpeg pixels");
  using decoder = new JpegDecoder(poor);
  using rich = await decoder.decode([file(8)]);
  poverty = true;
  using images = await decoder.decode([file(300)]);
  await assertRejects(() => images.verify(), LimitsError, "Cannot lend jpeg pixels as the device");
  poverty = false;
  using again = await decoder.decode([file(300)]);
  assertEquals(await again.verify(), [undefined]);
  poor.destroy();
  await assertRejects(() => rich.verify(), DeviceLostError, "must not be lost");
});

Deno.test("kernels are compiled once for a device, and bad WGSL rejects", async () => {
  const code = `@group(0) @binding(0) var<storage, read_write> data: array<u32>;
    override factor: u32 = 1u;
    @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      data[id.x] = data[id.x] * factor + id.x;
    }`;
  const kernel = await getKernel(device, { label: "test", code, constants: { factor: 3 } });
  assertEquals(kernel, await getKernel(device, { label: "test", code, constants: { factor: 3 } }));
  const buffer = device.createBuffer({ label: "test", size: 16, usage: USAGE });
  device.queue.writeBuffer(buffer, 0, Uint32Array.of(1, 2, 3, 4));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  kernel.dispatch(pass, kernel.bind([buffer]), [1]);
  pass.end();
  device.queue.submit([encoder.finish()]);
  assertEquals(new Uint32Array(await readBuffer(device, buffer)), Uint32Array.of(3, 7, 11, 15));
  await assertRejects(() => getKernel(device, { label: "bad", code: "fn main( {" }));
  buffer.destroy();
});

Deno.test("foldWorkgroups covers the count within the limit of a dimension", () => {
  assertEquals(foldWorkgroups(65_535), [65_535, 1]);
  for (const count of [65_536, 1_000_000, 65_535 * 65_535]) {
    const [x, y] = foldWorkgroups(count);
    assert(x <= 65_535 && y <= 65_535 && x * y >= count && x * y - count < y);
  }
  assertThrows(() => foldWorkgroups(65_535 ** 2 + 1), LimitsError);
});

Deno.test("rows are cleared and packed without touching their neighbours, at any size", async () => {
  for (const side of [4, 5]) {
    const shape = [5, side, side, 3] as const;
    const size = side * side * 3;
    const buffer = device.createBuffer({ label: "rows", size: 5 * 80, usage: USAGE });
    const filled = new Uint8Array(5 * 80).map((_, i) => 1 + Math.floor(i / size));
    device.queue.writeBuffer(buffer, 0, filled);
    const tensor = new GpuTensor(device, buffer, { shape, dtype: "u8", layout: "NHWC" });
    await clearRows(device, tensor, [1, 3]);
    const rows = await tensor.read();
    assertEquals([0, 1, 2, 3, 4].map((row) => rows[row * size]), [1, 0, 3, 0, 5]);
    assertEquals([0, 1, 2, 3, 4].map((row) => rows[row * size + size - 1]), [1, 0, 3, 0, 5]);
    const target = device.createBuffer({ label: "packed", size: 5 * 80, usage: USAGE });
    await packRows(device, tensor, [4, 0, 2], target);
    const packed = new Uint8Array(await readBuffer(device, target, 0, 3 * size));
    assertEquals([0, 1, 2].map((row) => packed[row * size]), [5, 1, 3]);
    assertEquals(packed[3 * size - 1], 3);
    tensor.invalidate();
    await assertRejects(() => tensor.read(), DisposedError);
    buffer.destroy();
    target.destroy();
  }
});
