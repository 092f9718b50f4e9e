import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import jpeg from "jpeg-js";
import {
  crop,
  cutmix,
  DisposedError,
  flip,
  Loader,
  mask,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  resize,
  ShapeError,
  UsageError,
} from "../mod.ts";
import { MaskSource } from "./mask_source.ts";
import { countedIds, numberOf } from "./pipeline/fake_source.ts";

const WIDTH = 48;
const HEIGHT = 32;
const device = await requestDevice();

/** Classes of a sample's mask: four quarters, numbered from the sample's number on. */
function classAt(sample: number, x: number, y: number): number {
  return (sample + (x < WIDTH / 2 ? 0 : 1) + (y < HEIGHT / 2 ? 0 : 2)) % 5;
}

/** A picture whose red is 50 times the class, so that it tells its mask. */
function picture(sample: number): Uint8Array {
  const data = new Uint8Array(WIDTH * HEIGHT * 4);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const level = 50 * classAt(sample, i % WIDTH, Math.floor(i / WIDTH));
    data.set([level, level, level, 255], i * 4);
  }
  return new Uint8Array(jpeg.encode({ width: WIDTH, height: HEIGHT, data }, 100).data);
}

function maskFile(sample: number, width = WIDTH): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from(
    { length: width * HEIGHT },
    (_, i) => classAt(sample, i % width, Math.floor(i / width)),
  );
  return new Uint8Array(encode({ width, height: HEIGHT, channels: 1, data }));
}

type Options = Partial<ConstructorParameters<typeof Loader>[0]>;

function masked(options: Options = {}, file = (n: number) => maskFile(n) as Mask): MaskLoader {
  return new Loader(
    {
      source: new MaskSource(picture, file),
      device,
      ids: countedIds(8),
      batchSize: 4,
      labels: mask({ classes: 5 }),
      augment: [],
      output: { layout: "NHWC", dtype: "u8" },
      ...options,
    } as ConstructorParameters<typeof Loader>[0],
  ) as unknown as MaskLoader;
}

type Mask = Uint8Array<ArrayBuffer> | null;
type MaskLoader = Loader<import("../mod.ts").MaskTensor>;

Deno.test("masks go through the geometry of their images", async () => {
  const chains = [
    [],
    [flip({ horizontal: true, vertical: true })],
    [crop({ width: 30, height: 20 })],
    [resize({ width: 96, height: 64, interpolation: "nearest" })],
    [randomResizedCrop(24, { interpolation: "nearest" }), randomFlip()],
  ];
  for (const augment of chains) {
    await using loader = masked({ augment });
    for await (using batch of loader) {
      const pixels = await batch.images.read();
      const classes = await batch.labels.read();
      assertEquals(batch.labels.shape, batch.images.shape.slice(0, 3) as [number, number, number]);
      let wrong = 0;
      classes.forEach((value, i) => {
        if (Math.abs(pixels[i * 3] - 50 * value) > 12) wrong++;
      });
      assertEquals(wrong, 0, `${augment.map(({ name }) => name)}`);
      assert(new Set(classes).size > 1);
    }
  }
});

Deno.test("masks that are grey JPEG files are decoded on the GPU", async () => {
  const file = (sample: number) => {
    const data = new Uint8Array(WIDTH * HEIGHT * 4).fill(sample % 5);
    return new Uint8Array(jpeg.encode({ width: WIDTH, height: HEIGHT, data }, 100).data);
  };
  await using loader = masked({}, (n) => (n % 2 ? file(n) : maskFile(n)));
  for await (using batch of loader) {
    const classes = await batch.labels.read();
    for (let i = 0; i < batch.length; i++) {
      const sample = numberOf(batch.ids, i);
      const expected = sample % 2 ? sample % 5 : classAt(sample, 0, 0);
      assertEquals(classes[i * WIDTH * HEIGHT], expected);
    }
  }
});

Deno.test("many classes, or a large number to ignore, take words", async () => {
  await using loader = masked({ labels: mask({ classes: 5, ignore: 65_535 }) });
  for await (using batch of loader) {
    assertEquals(batch.labels.dtype, "i32");
    assertEquals((await batch.labels.read())[0], classAt(numberOf(batch.ids, 0), 0, 0));
  }
});

Deno.test("a batch of bad samples alone has masks of its size, and no class is in them", async () => {
  const options = { batchSize: 2, augment: [resize(8)], onCorrupt: "mask" } as const;
  await using loader = masked(options, (sample) => (sample < 2 ? null : maskFile(sample)));
  const seen: unknown[] = [];
  for await (using batch of loader) {
    const values = await batch.labels!.read();
    seen.push([
      batch.labels!.shape.join(),
      [...batch.valid],
      values.every((value) => value === 255),
    ]);
  }
  assertEquals(seen[0], ["2,8,8", [0, 0], true]);
  assertEquals(seen.slice(1), Array(3).fill(["2,8,8", [1, 1], false]));
});

Deno.test("a mask that does not fit is the failure of its sample", async () => {
  const file = (sample: number): Mask => {
    if (sample === 1) return maskFile(sample, WIDTH - 1);
    if (sample === 2) return new TextEncoder().encode("no picture");
    return sample === 7 ? null : maskFile(sample);
  };
  for (const onCorrupt of ["mask", "skip"] as const) {
    await using loader = masked({ onCorrupt }, file);
    const seen: number[] = [];
    for await (using batch of loader) {
      const classes = await batch.labels.read();
      assertEquals(batch.labels.shape[0], batch.length);
      for (let i = 0; i < batch.length; i++) {
        const sample = numberOf(batch.ids, i);
        if (batch.valid[i]) seen.push(sample);
        const expected = batch.valid[i] ? classAt(sample, WIDTH - 1, HEIGHT - 1) : 255;
        assertEquals(classes[(i + 1) * WIDTH * HEIGHT - 1], expected);
      }
    }
    assertEquals(seen, [0, 3, 4, 5, 6]);
    const reasons = loader.stats().skipped.map(({ reason }) => reason);
    assert(reasons[0] instanceof ShapeError);
    assert(reasons.every(({ message }) => message.includes("mask")), `${reasons}`);
    assertEquals(loader.stats().pool.lent, 0);
  }
});

Deno.test("masks go with their batch, or with what is taken of it", async () => {
  await using loader = masked();
  for await (const batch of loader) {
    const { labels } = batch;
    if (numberOf(batch.ids, 0) === 0) {
      const images = batch.take();
      assertEquals((await labels.read()).length, 4 * WIDTH * HEIGHT);
      images.buffer.destroy();
      labels.buffer.destroy();
    } else {
      batch[Symbol.dispose]();
      assertThrows(() => labels.buffer, DisposedError);
      await assertRejects(() => labels.read(), DisposedError);
    }
  }
  assertEquals(loader.stats().pool.lent, 0);
});

Deno.test("batch.mix tells what was mixed into which sample, masks included", async () => {
  await using loader = masked({ augment: [cutmix()], batchSize: 8, seed: 3 });
  for await (using batch of loader) {
    assert(batch.mix.length > 0);
    const classes = await batch.labels.read();
    for (const { index, partner, box } of batch.mix) {
      if (!box || box.width === 0 || box.height === 0) continue;
      const [sample, other] = [index, partner].map((i) => numberOf(batch.ids, i));
      const at = (x: number, y: number) => classes[(index * HEIGHT + y) * WIDTH + x];
      assertEquals(at(box.x, box.y), classAt(other, box.x, box.y));
      const outside = box.x > 0 ? [0, 0] : [WIDTH - 1, HEIGHT - 1];
      const inBox = outside[0] >= box.x && outside[0] < box.x + box.width &&
        outside[1] >= box.y && outside[1] < box.y + box.height;
      if (!inBox) assertEquals(at(outside[0], outside[1]), classAt(sample, outside[0], outside[1]));
    }
  }
});

Deno.test("wrong options of masks are named", () => {
  const cases = [
    [{ classes: 0 }, "classes"],
    [{ classes: 2, ignore: -1 }, "ignore"],
    [{ classes: 1, colors: [[0, 0, 0], [1, 1, 1]] }, "colors"],
    [{ classes: 1, colors: [[0, 0, 256]] }, "colors"],
  ] as const;
  for (const [options, option] of cases) {
    const error = assertThrows(
      () => mask(options as Parameters<typeof mask>[0]),
      UsageError,
      `${option} must be`,
    );
    assertEquals(error.option, option);
  }
});
