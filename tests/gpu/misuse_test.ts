import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import jpeg from "jpeg-js";
import {
  Augmenter,
  BufferPool,
  type CassetteError,
  DisposedError,
  GpuTensor,
  IdList,
  JpegDecoder,
  LimitsError,
  MaskTensor,
  requestDevice,
  resize,
  type SampleKeys,
  type TensorDescriptor,
  UsageError,
} from "../../mod.ts";

const device = await requestDevice();
const other = await requestDevice();
const STORAGE = GPUBufferUsage.STORAGE;
const PICTURE = new Uint8Array(
  jpeg.encode({ width: 24, height: 16, data: new Uint8Array(24 * 16 * 4).fill(99) }, 90).data,
);

/** Asserts that a call is refused, with the option's name and a message of the usual words. */
async function refused(option: string, message: string, call: () => unknown): Promise<void> {
  const error = await assertRejects(async () => await call(), UsageError, message);
  assertEquals((error as CassetteError).option, option);
  assert(/^Cannot .* as .* must .*: received /.test(error.message), error.message);
}

/** What a caller without types may write. */
// deno-lint-ignore no-explicit-any
type Untyped = any;

Deno.test("requestDevice refuses options that do not exist or are wrong", async () => {
  const request = (options: Untyped) => () => requestDevice(options);
  await refused("lable", "did you mean label?", request({ lable: "x" }));
  await refused(
    "powerPreference",
    '"low-power" or "high-performance"',
    request({
      powerPreference: "fast",
    }),
  );
  await refused("options", "an object: received null", request(null));
});

Deno.test("BufferPool lends nothing that it has not got, and takes nothing that is not its own", async () => {
  await refused("device", "a GPUDevice", () => new BufferPool({} as Untyped));
  const pool = new BufferPool(device);
  const acquire = (size: number) => () => pool.acquire(size, STORAGE, "a buffer");
  await refused("size", "received NaN", acquire(NaN));
  await refused("size", "received -1", acquire(-1));
  assertThrows(acquire(2 ** 50), LimitsError, "a buffer must have at most");
  assertThrows(() => pool.acquire(10, "STORAGE" as Untyped, "a buffer"));
  // The scope in which it was tried is closed.
  await assertRejects(() => device.popErrorScope());
  const buffer = pool.acquire(10, STORAGE, "twice");
  pool.release(buffer);
  await refused("buffer", "lent by this BufferPool", () => pool.release(buffer));
  await refused("buffer", "lent by this BufferPool", () => pool.forget(buffer));
  assertEquals(pool.stats().lent, 0);
  pool[Symbol.dispose]();
  pool[Symbol.dispose]();
  assertThrows(acquire(10), DisposedError, "the BufferPool");
});

Deno.test("tensors lie within their buffers, and are read where that can be", async () => {
  const buffer = device.createBuffer({ size: 64, usage: STORAGE });
  const tensor = (descriptor: Untyped, byteOffset?: number) => () =>
    new GpuTensor(device, buffer, descriptor as TensorDescriptor, byteOffset);
  const fits = { shape: [1, 1, 4, 4], dtype: "f32", layout: "NCHW" };
  await refused("shape", "four whole numbers", tensor({ ...fits, shape: [1, 16] }));
  await refused("shape", "four whole numbers", tensor({ ...fits, shape: [1, 1, 4, -4] }));
  await refused("dtype", "received", tensor({ ...fits, dtype: "float32" }));
  await refused("layout", "received", tensor({ ...fits, layout: "CHW" }));
  await refused("byteOffset", "64 from 4 on", tensor(fits, 4));
  await refused("byteOffset", "64 from -4 on", tensor(fits, -4));
  await refused(
    "byteOffset",
    "a multiple of 4: received 2",
    tensor({ ...fits, shape: [1, 1, 1, 1] }, 2),
  );
  const half = { ...fits, shape: [1, 1, 1, 1], dtype: "f16" };
  await refused("byteOffset", "a multiple of 2: received 1", tensor(half, 1));
  await refused("buffer", "COPY_SRC", () => tensor(fits)().read());
  const masks = { shape: [2, 4, 4], dtype: "i32" } as const;
  await refused("byteOffset", "128 from 0 on", () => new MaskTensor(device, buffer, masks));
  const one = { shape: [1, 1, 1], dtype: "i32" } as const;
  await refused("byteOffset", "a multiple of 4", () => new MaskTensor(device, buffer, one, 1));
  buffer.destroy();
});

Deno.test("tensors are read from wherever they begin, up to the end of their buffer", async () => {
  const buffer = device.createBuffer({
    size: 16,
    usage: STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
  device.queue.writeBuffer(buffer, 0, bytes);
  device.pushErrorScope("validation");
  for (let first = 0; first < 16; first++) {
    const shape = [1, 1, 1, 16 - first] as const;
    const tensor = new GpuTensor(device, buffer, { shape, dtype: "u8", layout: "NCHW" }, first);
    assertEquals(await tensor.read(), bytes.slice(first));
  }
  assertEquals(await device.popErrorScope(), null);
  buffer.destroy();
});

Deno.test("JpegDecoder refuses options and blobs that are wrong, by name", async () => {
  const make = (options: Untyped, of: Untyped = device) => () => new JpegDecoder(of, options);
  await refused("device", "a GPUDevice: received null", make({}, null));
  await refused("maxPixels", "at least 1", make({ maxPixels: NaN }));
  await refused("orientatio", "did you mean orientation?", make({ orientatio: "apply" }));
  await refused("onWarning", "a function", make({ onWarning: "warn" }));
  await refused("pool", "of the device", make({ pool: new BufferPool(other) }));
  using decoder = new JpegDecoder(device);
  const decode = (blobs: Untyped, options?: Untyped) => () => decoder.decode(blobs, options);
  await refused("blobs", "a list of blobs, or a batch: received null", decode(null));
  await refused("blobs", "a list of blobs, or a batch", decode(PICTURE));
  await refused("blobs[1]", "a Uint8Array: received null", decode([PICTURE, null]));
  await refused("blobs[0]", "a Uint8Array", decode([PICTURE.buffer]));
  await refused("ids", "one for each of 1 blobs", decode([PICTURE], { ids: IdList.from([]) }));
  await refused("regions", "one for each of 1 blobs", decode([PICTURE], { regions: [] }));
  await refused("region", "did you mean regions?", decode([PICTURE], { region: [] }));
  await refused("signal", "an AbortSignal", decode([PICTURE], { signal: 1 }));
  await refused("maxBytes", "above 0", () => decoder.decodeParts([], { maxBytes: 0 }).next());
  using none = await decoder.decode([new Uint8Array(), PICTURE]);
  assertEquals(none.images.map((image) => image?.width), [undefined, 24]);
});

Deno.test("Augmenter refuses options, keys and tensors that are wrong, by name", async () => {
  const make = (operators: Untyped, output?: Untyped, options?: Untyped) => () =>
    new Augmenter(device, operators, output, options);
  await refused("device", "a GPUDevice", () => new Augmenter(other.queue as Untyped, []));
  await refused("operators", "a list of operators", make("resize"));
  await refused(
    "augment",
    "a function such as resize(224) returns: received a fun",
    make([resize]),
  );
  await refused("augment", "one of resize, crop", make([{ name: "rezise", parameters: {} }]));
  await refused("output.layuot", "did you mean output.layout?", make([], { layuot: "NCHW" }));
  await refused("fuze", "did you mean fuse?", make([], {}, { fuze: false }));
  await refused("maxSteps", "a whole number from 1 on", make([], {}, { maxSteps: 0 }));
  await refused("pool", "of the device", make([], {}, { pool: new BufferPool(other) }));
  using augmenter = new Augmenter(device, [resize(8)]);
  const good: SampleKeys = { seed: 1, epoch: 0, positions: [0] };
  const shape = (images: Untyped, keys: Untyped = good) => () => augmenter.shape(images, keys);
  await refused("images", "a list", shape(null));
  await refused("keys", "SampleKeys", shape([], null));
  await refused("positions", "received undefined", shape([], {}));
  await refused("positions", "NaN at 0", shape([null], { ...good, positions: [NaN] }));
  await refused(
    "image 0",
    "at least 1 × 1 pixels: received 0 × 5",
    shape([{ width: 0, height: 5 }]),
  );
  using decoder = new JpegDecoder(other);
  using images = await decoder.decode([PICTURE]);
  const buffer = device.createBuffer({ size: 1024, usage: STORAGE });
  const descriptor: TensorDescriptor = { shape: [1, 3, 8, 8], dtype: "f32", layout: "NCHW" };
  const target = new GpuTensor(device, buffer, descriptor);
  await refused("images", "on the augmenter's device", () => augmenter.apply(images, good, target));
  using own = new JpegDecoder(device);
  using pictures = await own.decode([PICTURE]);
  const unusable = device.createBuffer({ size: 1024, usage: GPUBufferUsage.COPY_DST });
  const unused = new GpuTensor(device, unusable, descriptor);
  await refused("target", "usage has STORAGE", () => augmenter.apply(pictures, good, unused));
  const short = device.createBuffer({ size: 25, usage: STORAGE });
  const masks = new MaskTensor(device, short, { shape: [1, 5, 5], dtype: "u8" });
  await refused(
    "target",
    "reach to byte 28: received 25 bytes",
    () => new Augmenter(device, [resize(5)]).applyMasks(pictures, good, masks),
  );
  for (const made of [buffer, unusable, short]) made.destroy();
});

Deno.test("ids are looked up where there are any", async () => {
  const ids = IdList.from(["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]);
  for (const index of [1, -1, 0.5, NaN]) {
    await refused("index", "from 0 to 0", () => ids.at(index));
    await refused("index", "from 0 to 0", () => ids.pick([0, index]));
  }
  await refused("ids", "a Uint8Array", () => new IdList("x" as Untyped));
  await refused("ids", "a list of UUID strings", () => IdList.from(ids.bytes as Untyped));
});
