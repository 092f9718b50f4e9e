import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LimitsError, ShapeError, UsageError } from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { GpuTensor } from "../../src/gpu/tensor.ts";
import {
  Augmenter,
  centerCrop,
  crop,
  flip,
  gaussianBlur,
  IMAGENET,
  normalize,
  type Operator,
  pad,
  randomFlip,
  randomResizedCrop,
  resize,
} from "../../src/augment/mod.ts";
import * as reference from "./reference.ts";
import { keysFor, run, testDevice, testPicture, upload } from "./run.ts";

const device = await testDevice();

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertEquals(a.length, b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    if (!(off <= worst)) worst = off;
  }
  return worst;
}

const SIZES: [number, number][] = [[500, 375], [375, 500], [31, 7], [1, 1], [1, 60], [90, 1], [
  224,
  224,
]];
const PICTURES = SIZES.map(([width, height], i) => testPicture(width, height, i + 1));
const CLASSIC = [randomResizedCrop(56), randomFlip({ vertical: 0.5 }), normalize(IMAGENET)];

Deno.test("validation: resize, centerCrop and normalize give what the formulas give", async () => {
  const pictures = [testPicture(100, 75), testPicture(75, 100), testPicture(64, 64)];
  const { mean, std } = { mean: [10, 20, 30], std: [2, 4, 8] };
  const got = await run(device, pictures, [
    resize({ shorter: 48 }),
    centerCrop({ width: 40, height: 44 }),
    normalize({ mean, std }),
  ]);
  assertEquals([got.width, got.height], [40, 44]);
  pictures.forEach((picture, i) => {
    const scale = Math.min(picture.width, picture.height) / 48;
    const width = Math.round(picture.width / scale), height = Math.round(picture.height / scale);
    const span: [number, number, number, number] = [
      (picture.width - width * scale) / 2,
      (picture.height - height * scale) / 2,
      width * scale,
      height * scale,
    ];
    const resized = reference.resample(picture, span, width, height);
    const x = Math.round((width - 40) / 2), y = Math.round((height - 44) / 2);
    const cropped = reference.crop(resized, x, y, 40, 44);
    const want = reference.planes(reference.normalize(cropped, mean, std));
    assert(worst(got.sample(i), want) < 0.01);
  });
});

Deno.test("a crop before resizing bounds what the filter reads", async () => {
  const picture = testPicture(60, 50);
  const got = await run(device, [picture], [crop({ width: 30, height: 20 }, { x: 1 }), resize(12)]);
  const cut = reference.crop(picture, 30, 15, 30, 20);
  const want = reference.planes(reference.resample(cut, [0, 0, 30, 20], 12, 12));
  assert(worst(got.data, want) < 0.01);
});

Deno.test("flips mirror before and after resizing, and twice is not at all", async () => {
  const picture = testPicture(41, 30);
  const both = flip({ horizontal: true, vertical: true });
  const plain = (await run(device, [picture], [])).data;
  assertEquals(plain, Float32Array.from(reference.planes(picture)));
  assertEquals((await run(device, [picture], [both, both])).data, plain);
  assertEquals(
    (await run(device, [picture], [flip()])).data,
    Float32Array.from(reference.planes(reference.flip(picture, true, false))),
  );
  for (const interpolation of ["nearest", "linear", "cubic"] as const) {
    const resized = resize({ width: 17, height: 64 }, { interpolation });
    const before = await run(device, [picture], [flip(), both, resized]);
    const mirrored = reference.flip(picture, false, true);
    const want = reference.resample(mirrored, [0, 0, 41, 30], 17, 64, interpolation);
    assert(worst(before.data, reference.planes(want)) < 0.02);
    const after = await run(device, [picture], [resized, both, crop({ width: 9, height: 50 })]);
    const later = reference.flip(
      reference.resample(picture, [0, 0, 41, 30], 17, 64, interpolation),
      true,
      true,
    );
    assert(worst(after.data, reference.planes(reference.crop(later, 4, 7, 9, 50))) < 0.02);
  }
});

Deno.test("a crop of everything and a resize to the same size change nothing", async () => {
  const picture = testPicture(45, 33);
  const size = { width: 45, height: 33 };
  const plain = (await run(device, [picture], [])).data;
  assertEquals((await run(device, [picture], [crop(size)])).data, plain);
  for (const interpolation of ["nearest", "linear", "cubic", "lanczos3"] as const) {
    const same = resize({ ...size, interpolation });
    assertEquals((await run(device, [picture], [same, centerCrop(size)])).data, plain);
  }
});

Deno.test("u8, f16 and NHWC hold the same numbers as f32 NCHW, whatever the width", async () => {
  for (const width of [56, 54, 53, 1, 3]) {
    const operators = [randomResizedCrop({ width, height: 31 }), randomFlip()];
    const exact = await run(device, PICTURES, operators);
    for (const layout of ["NCHW", "NHWC"] as const) {
      for (const dtype of ["f32", "f16", "u8"] as const) {
        for (const byteOffset of [0, 516]) {
          const got = await run(device, PICTURES, operators, {
            output: { layout, dtype },
            byteOffset,
          });
          for (let i = 0; i < PICTURES.length; i++) {
            let values = got.sample(i);
            if (layout === "NHWC") {
              const data = Float64Array.from(values);
              values = Array.from(reference.planes({ width, height: 31, data }));
            }
            const want = exact.sample(i);
            const limit = { f32: 0, f16: 0.0625, u8: 0.50001 }[dtype];
            const off = worst(
              values,
              want.map((v) => dtype === "u8" ? Math.min(255, Math.max(0, v)) : v),
            );
            assert(off <= limit, `${layout} ${dtype} ${width} at ${byteOffset}: ${off}`);
          }
        }
      }
    }
  }
});

Deno.test("u8 rounds half to even and clamps; f16 rounds to nearest", async () => {
  // 0.5 · value - 20 is half-way for odd values, and below zero for the first ones.
  const picture = reference.draw(256, 1, (x) => x);
  const operators = [normalize({ mean: 0, std: 1, scale: 2.5, shift: -20 })];
  const want = reference.draw(256, 1, (x) => 2.5 * x - 20);
  const bytes = await run(device, [picture], operators, { output: { dtype: "u8" } });
  assertEquals(bytes.data, reference.toBytes(reference.planes(want)));
  const halves = await run(device, [picture], operators, { output: { dtype: "f16" } });
  assertEquals(halves.data, new Float16Array(reference.planes(want)));
});

Deno.test("a place without an image is filled with zeros, and its neighbours stay", async () => {
  const some = PICTURES.map((picture, i) => i % 3 === 1 ? null : picture);
  for (const width of [56, 53]) {
    for (const dtype of ["f32", "f16", "u8"] as const) {
      const operators = [randomResizedCrop({ width, height: 20 }), normalize({ mean: -9, std: 1 })];
      const all = await run(device, PICTURES, operators, { output: { dtype } });
      const got = await run(device, some, operators, { output: { dtype } });
      some.forEach((picture, i) => {
        const want = all.sample(i);
        assert(want.some((value) => value !== 0));
        assertEquals(got.sample(i), picture ? want : want.map(() => 0));
      });
    }
  }
});

Deno.test("parts of a batch that share a word of the tensor do not disturb each other", async () => {
  const operators = [randomResizedCrop({ width: 53, height: 31 }), randomFlip()];
  for (const dtype of ["u8", "f16"] as const) {
    const want = await run(device, PICTURES, operators, { output: { dtype } });
    const augmenter = new Augmenter(device, operators, { dtype });
    const count = PICTURES.length;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: 2 ** 17, usage });
    const shape = [count, 3, 31, 53] as const;
    const tensor = new GpuTensor(device, buffer, { shape, dtype, layout: "NCHW" });
    for (const [from, to] of [[2, 5], [0, 1], [5, count], [1, 2]]) {
      using images = upload(device, PICTURES.slice(from, to));
      const positions = Array.from({ length: to - from }, (_, i) => from + i);
      await augmenter.apply(images, { ...keysFor(0), positions }, tensor, from);
    }
    assertEquals(await tensor.read(), want.data);
    buffer.destroy();
  }
});

Deno.test("a batch without any image is all zeros", async () => {
  const augmenter = new Augmenter(device, CLASSIC);
  using images = upload(device, [null, null]);
  assertEquals(augmenter.shape(images.images, keysFor(2)), undefined);
  const shape = [2, 3, 5, 6] as const;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: 720, usage });
  device.queue.writeBuffer(buffer, 0, new Float32Array(180).fill(5));
  const tensor = new GpuTensor(device, buffer, { shape, dtype: "f32", layout: "NCHW" });
  await augmenter.apply(images, keysFor(2), tensor);
  assertEquals(await tensor.read(), new Float32Array(180));
  buffer.destroy();
});

/** Notes the sizes of all storage bindings until it is stopped. */
function bindingSizes(): { stop(): number[] } {
  const sizes: number[] = [];
  device.createBindGroup = (descriptor) => {
    for (const { binding, resource } of descriptor.entries) {
      if (binding > 0) sizes.push((resource as GPUBufferBinding).size!);
    }
    return GPUDevice.prototype.createBindGroup.call(device, descriptor);
  };
  return {
    stop() {
      device.createBindGroup = GPUDevice.prototype.createBindGroup;
      return sizes;
    },
  };
}

Deno.test("small bindings give the same numbers, and one that is too small is an error", async () => {
  const pictures = Array.from({ length: 12 }, (_, i) => testPicture(60 + i, 50 - i, i));
  for (const operators of [CLASSIC, [resize(56), resize({ width: 50, height: 41 })]]) {
    for (const dtype of ["f32", "u8"] as const) {
      const want = await run(device, pictures, operators, { output: { dtype } });
      for (const maxBindingBytes of [2 ** 16, 90000, 2 ** 18]) {
        const sizes = bindingSizes();
        const got = await run(device, pictures, operators, {
          output: { dtype },
          options: { maxBindingBytes },
        });
        assertEquals(got.data, want.data);
        assert(Math.max(...sizes.stop()) <= maxBindingBytes);
      }
    }
  }
  await assertRejects(
    () => run(device, pictures, CLASSIC, { options: { maxBindingBytes: 8192 } }),
    LimitsError,
    "at most 8192 on this device",
  );
});

Deno.test("what a sample becomes depends on its keys alone, not on its batch", async () => {
  const positions = [900, 3, 77, 12, 2 ** 40, 5, 6];
  const keys = { seed: 11, epoch: 2, positions };
  const whole = await run(device, PICTURES, CLASSIC, { keys });
  for (const order of [[6, 5, 4, 3, 2, 1, 0], [2], [4, 0, 4]]) {
    const part = await run(device, order.map((i) => PICTURES[i]), CLASSIC, {
      keys: { ...keys, positions: order.map((i) => positions[i]) },
    });
    order.forEach((i, place) => assertEquals(part.sample(place), whole.sample(i)));
  }
});

Deno.test("seed and epoch change what is drawn, fixed leaves the epoch out", async () => {
  const picture = [testPicture(100, 80)];
  const data = async (seed: number, epoch: number, options = {}): Promise<unknown> =>
    (await run(device, picture, CLASSIC, { keys: keysFor(1, seed, epoch), options })).data;
  const first = await data(1, 0);
  assertEquals(await data(1, 0), first);
  const others = [await data(2, 0), await data(1, 1), await data(1, 0, { seed: 2n ** 33n })];
  for (const other of others) assert(worst(other as Float32Array, first as Float32Array) > 0.1);
  assertEquals(await data(1, 5, { fixed: true }), await data(1, 6, { fixed: true }));
  assertEquals(await data(1, 5, { seed: 2 }), await data(3, 5, { seed: 2 }));
});

Deno.test("an operator more does not change what the others draw", async () => {
  const picture = [testPicture(100, 80)];
  const alone = await run(device, picture, [randomResizedCrop(32)]);
  const more = await run(device, picture, [flip(), randomResizedCrop(32), randomFlip(), flip()]);
  const mirrored = reference.flip(picture[0], true, false);
  const same = await run(device, [mirrored], [flip(), randomResizedCrop(32)]);
  // The sums of the filter are added up from the other end.
  assert(worst(same.data, alone.data) < 1e-3);
  assertEquals(more.width, 32);
});

Deno.test("images that end in different sizes, or are too small, are named", () => {
  const ids = IdList.from([1, 2, 3].map((n) => `00000000-0000-0000-0000-00000000000${n}`));
  const keys = { ...keysFor(3), ids };
  const sizes = [{ width: 40, height: 30 }, null, { width: 30, height: 40 }];
  const ragged = new Augmenter(device, [resize({ shorter: 20 })]);
  const error = assertThrows(() => ragged.shape(sizes, keys), ShapeError, "27 × 20") as ShapeError;
  assertEquals(error.sampleId, ids.at(2));
  assert(error.message.includes(ids.at(2)) && error.message.includes(ids.at(0)));
  assertEquals(ragged.faults(sizes, keys), []);
  const cropped = new Augmenter(device, [centerCrop({ width: 35, height: 30 })]);
  const small = assertThrows(() => cropped.shape(sizes, keys), ShapeError, "30 × 40");
  assertEquals((small as ShapeError).sampleId, ids.at(2));
  assertEquals(cropped.faults(sizes, keys).map(({ index }) => index), [2]);
  assertThrows(() => ragged.shape(sizes, keysFor(3)), ShapeError, "image 2");
  const bounded = new Augmenter(device, [resize(8)], {}, { maxBindingBytes: 8192 });
  const large = [...sizes.slice(0, 2), { width: 50, height: 60 }];
  const fault = bounded.faults(large, keys);
  assertEquals(fault.map(({ index }) => index), [2]);
  assert(fault[0].reason instanceof LimitsError);
  assertEquals(fault[0].reason.sampleId, ids.at(2));
});

Deno.test("an image that ends with more rows or columns than can be dispatched is named", () => {
  const ids = IdList.from(["00000000-0000-0000-0000-000000000001"]);
  for (const operators of [[pad(1)], [resize({ width: 65535 }), pad({ left: 1 })]]) {
    using augmenter = new Augmenter(device, operators);
    for (const size of [{ width: 1, height: 65534 }, { width: 65534, height: 1 }]) {
      const [fault] = augmenter.faults([size], { ...keysFor(1), ids });
      assert(fault.reason instanceof LimitsError, `${fault.reason}`);
      assertEquals(fault.reason.sampleId, ids.at(0));
    }
  }
});

Deno.test("no image without a fault is too large for its place in a tensor", async () => {
  const operators = [resize({ width: 8, height: 9 })];
  const images = Array.from({ length: 3 }, () => testPicture(3, 2));
  const bytes = 3 * 8 * 9 * 4;
  let refused = 0;
  for (const maxBindingBytes of [bytes, bytes + 100, bytes + 255, bytes + 256]) {
    using augmenter = new Augmenter(device, operators, {}, { maxBindingBytes });
    if (augmenter.faults(images, keysFor(3)).length > 0) refused++;
    else await run(device, images, operators, { options: { maxBindingBytes } });
  }
  assertEquals(refused, 3);
});

Deno.test("a blur with hardly any width changes nothing", async () => {
  const picture = testPicture(20, 10);
  const { data } = await run(device, [picture], [gaussianBlur({ sigma: 1e-20 })]);
  assertEquals(data, Float32Array.from(reference.planes(picture)));
});

Deno.test("what does not fit together is an error before anything is done", async () => {
  using images = upload(device, [testPicture(9, 9)]);
  const buffer = device.createBuffer({ size: 4096, usage: GPUBufferUsage.STORAGE });
  const tensor = (shape: [number, number, number, number], dtype: "f32" | "u8" = "f32") =>
    new GpuTensor(device, buffer, { shape, dtype, layout: "NCHW" });
  const augmenter = new Augmenter(device, [resize(8)]);
  const apply = (target: GpuTensor, keys = keysFor(1), first = 0) => () =>
    augmenter.apply(images, keys, target, first);
  await assertRejects(apply(tensor([1, 3, 8, 9])), ShapeError, "[3, 8, 8]");
  await assertRejects(apply(tensor([1, 3, 8, 8], "u8")), UsageError, "NCHW u8");
  await assertRejects(apply(tensor([2, 3, 8, 8]), keysFor(1), 2), UsageError, "received 2");
  await assertRejects(apply(tensor([1, 3, 8, 8]), keysFor(2)), UsageError, "positions");
  await assertRejects(apply(tensor([1, 3, 8, 8]), keysFor(1, -1)), UsageError, "seed");
  await assertRejects(apply(tensor([1, 3, 8, 8]), keysFor(1, 0, 0.5)), UsageError, "epoch");
  // deno-lint-ignore no-explicit-any
  const wrong: any = { layout: "HWC" };
  assertThrows(() => new Augmenter(device, [], wrong), UsageError, "output.layout");
  assertThrows(
    () => new Augmenter(device, [], { dtype: "i8" as "u8" }),
    UsageError,
    "output.dtype",
  );
  buffer.destroy();
});

Deno.test("a steady stream allocates nothing after warm-up", async () => {
  const lists: [Operator[], "f32" | "u8"][] = [
    [CLASSIC, "f32"],
    [[randomResizedCrop(57), resize(33)], "u8"],
  ];
  for (const [operators, dtype] of lists) {
    using pool = new BufferPool(device);
    using images = upload(device, PICTURES);
    const augmenter = new Augmenter(device, operators, { dtype }, { pool });
    await augmenter.warmUp();
    const { width, height } = augmenter.shape(images.images, keysFor(PICTURES.length))!;
    const shape = [PICTURES.length, 3, height, width] as const;
    const size = PICTURES.length * 3 * height * width * 4;
    const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
    const tensor = new GpuTensor(device, buffer, { shape, dtype, layout: "NCHW" });
    await augmenter.apply(images, keysFor(PICTURES.length), tensor);
    const before = pool.stats();
    for (let epoch = 1; epoch < 20; epoch++) {
      await augmenter.apply(images, keysFor(PICTURES.length, 7, epoch), tensor);
    }
    assertEquals(pool.stats(), before);
    assertEquals(before.lent, 0);
    buffer.destroy();
  }
});
