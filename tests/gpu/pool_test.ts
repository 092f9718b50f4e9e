import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BufferPool,
  DisposedError,
  GpuError,
  GpuTensor,
  LimitsError,
  requestDevice,
} from "../../mod.ts";
import { failingDevice, poorDevice } from "./poor_device.ts";
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

Deno.test("a buffer that there is no memory for is told of, and not lent again", async () => {
  const poor = await poorDevice((label) => label.startsWith("large"));
  using pool = new BufferPool(poor);
  const kept = pool.acquire(10_000, USAGE, "large, kept");
  const back = pool.acquire(20_000, USAGE, "large, back at once");
  const good = pool.acquire(30_000, USAGE, "small");
  pool.release(back);
  assertEquals(await pool.failure([good]), undefined);
  const error = await pool.failure([good, kept]);
  assert(error instanceof LimitsError);
  assert(
    /^Cannot lend large, kept as the device must have memory .*: received/.test(error.message),
  );
  assert((await pool.failure([back]))!.message.includes("large, back at once"));
  for (const buffer of [kept, good]) pool.release(buffer);
  assertEquals(pool.stats(), { allocations: 3, bytes: good.size, lent: 0 });
  assert(pool.acquire(10_000, USAGE, "small") !== kept);
  assert(pool.acquire(20_000, USAGE, "small") !== back);
  assert(pool.acquire(30_000, USAGE, "small") === good);
  poor.destroy();
});

Deno.test("a buffer that cannot be is an error of its own, not one of the device", async () => {
  const { device } = await failingDevice();
  const uncaptured: string[] = [];
  device.addEventListener("uncapturederror", (event) => {
    uncaptured.push((event as GPUUncapturedErrorEvent).error.message);
  });
  using pool = new BufferPool(device);
  const { STORAGE, MAP_READ } = GPUBufferUsage;
  await assertRejects(
    () => pool.lend(16, STORAGE | MAP_READ, "a contradiction"),
    GpuError,
    "Cannot lend a contradiction as the device must take the work: received the validation error",
  );
  assertEquals([pool.stats().lent, pool.stats().bytes], [0, 0]);
  assertEquals(uncaptured, []);
  device.destroy();
});

Deno.test("a pool that lies idle keeps no more than twice what was lent at once, the latest of it", () => {
  using pool = new BufferPool(device);
  const MIB = 2 ** 20;
  // 64 MiB lent at once, of ever other sizes.
  for (let kind = 0; kind < 40; kind++) {
    const size = 2 ** (12 + kind % 10) * (1 + Math.floor(kind / 10) / 4);
    const count = Math.min(64, Math.floor(64 * MIB / size));
    const lent = Array.from({ length: count }, () => pool.acquire(size, USAGE, `kind ${kind}`));
    for (const buffer of lent) pool.release(buffer);
    assert(pool.stats().bytes <= 2 * 64 * MIB);
  }
  const before = pool.stats().allocations;
  pool.release(pool.acquire(2 ** 21 * 7 / 4, USAGE, "the last kind"));
  assertEquals(pool.stats().allocations, before);
});

Deno.test("a pool forgets what was lent long ago", () => {
  using pool = new BufferPool(device);
  const MIB = 2 ** 20;
  const large = Array.from({ length: 8 }, () => pool.acquire(8 * MIB, USAGE, "once"));
  for (const buffer of large) pool.release(buffer);
  assertEquals(pool.stats().bytes, 64 * MIB);
  for (let i = 0; i < 1200; i++) pool.release(pool.acquire(4096, USAGE, "since"));
  assert(pool.stats().bytes <= 16 * MIB, `${pool.stats().bytes / MIB} MiB`);
});

Deno.test("a pool gives idle buffers up for one that there is no memory for beside them", async () => {
  const MIB = 2 ** 20;
  const alive = new Set<GPUBuffer>();
  const total = () => [...alive].reduce((sum, { size }) => sum + size, 0);
  // A device of 8 MiB.
  const poor = await poorDevice((_, size) => total() + size > 8 * MIB);
  const create = poor.createBuffer.bind(poor);
  poor.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    alive.add(buffer);
    buffer.destroy = () => {
      alive.delete(buffer);
      destroy();
    };
    return buffer;
  };
  using pool = new BufferPool(poor);
  for (const size of [1, 2, 3]) pool.release(await pool.lend(size * MIB, USAGE, "before"));
  const first = await pool.lend(4 * MIB, USAGE, "needs what lies idle");
  assertEquals([pool.stats().lent, pool.stats().bytes], [4 * MIB, 4 * MIB]);
  await assertRejects(() => pool.lend(5 * MIB, USAGE, "too much"), LimitsError, "too much");
  assertEquals(pool.stats().lent, 4 * MIB);
  pool.release(first);
  pool.release(await pool.lend(5 * MIB, USAGE, "in its place"));
  poor.destroy();
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
