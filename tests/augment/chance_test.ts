import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../src/errors.ts";
import {
  affine,
  Augmenter,
  autoAugment,
  type BatchMix,
  brightness,
  centerCrop,
  colorTwist,
  contrast,
  crop,
  cutmix,
  erase,
  flip,
  gaussianBlur,
  gaussianNoise,
  IMAGENET,
  invert,
  mixup,
  normalize,
  oneOf,
  type Operator,
  pad,
  posterize,
  randAugment,
  randomCrop,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  resize,
  rotate,
  saturation,
  sharpness,
  solarize,
  sometimes,
  trivialAugmentWide,
  wgslOp,
} from "../../src/augment/mod.ts";
import { BufferPool } from "../../src/gpu/pool.ts";
import { GpuTensor } from "../../src/gpu/tensor.ts";
import { note } from "./compare.ts";
import { realPictures } from "./pictures.ts";
import { draw, type Picture, resample } from "./reference.ts";
import { mix } from "./reference_colour.ts";
import { keysFor, run, testDevice, testPicture, upload } from "./run.ts";

const device = await testDevice();
const PICTURE = testPicture(48, 40);

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assertEquals(a.length, b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** Many samples of one picture. */
async function samples(operators: Operator[], count: number): Promise<number[][]> {
  const pictures = new Array<Picture>(count).fill(PICTURE);
  const got = await run(device, pictures, operators);
  return pictures.map((_, i) => got.sample(i));
}

Deno.test("oneOf takes each choice as often as its weight, sometimes as often as its probability", async () => {
  const plain = (await run(device, [PICTURE], [])).data;
  const negative = (await run(device, [PICTURE], [invert()])).data;
  const count = (all: number[][], one: ArrayLike<number>): number =>
    all.filter((sample) => worst(sample, one) === 0).length;
  const chosen = await samples([oneOf([[], invert()], { weights: [1, 3] })], 200);
  assert(Math.abs(count(chosen, negative) - 150) < 25);
  assertEquals(count(chosen, negative) + count(chosen, plain), 200);
  const done = await samples([sometimes(0.3, [invert()])], 200);
  assert(Math.abs(count(done, negative) - 60) < 25);
  assertEquals(count(await samples([sometimes(0, invert())], 20), plain), 20);
  assertEquals(count(await samples([sometimes(1, invert())], 20), negative), 20);
});

Deno.test("a drawn parameter is uniform between its limits", async () => {
  const white = draw(1, 1, () => 100);
  const { data } = await run(device, new Array(300).fill(white), [brightness([0.5, 1.5])]);
  const drawn = Array.from({ length: 300 }, (_, i) => data[3 * i]).sort((a, b) => a - b);
  drawn.forEach((value, i) => assert(Math.abs(value - (50 + 100 * (i + 0.5) / 300)) < 9));
});

Deno.test("randomCrop reaches every place, randomErasing the limits of its rectangle", async () => {
  const columns = draw(20, 20, (x, y) => x + 20 * y);
  const { data } = await run(device, new Array(400).fill(columns), [randomCrop(16)]);
  const corners = new Set(Array.from({ length: 400 }, (_, i) => data[i * 3 * 256]));
  assertEquals(corners.size, 25);
  const flat = draw(40, 30, () => 50);
  const erased = await run(device, new Array(300).fill(flat), [randomErasing({ fillValue: 9 })]);
  let done = 0;
  for (let i = 0; i < 300; i++) {
    const share = erased.sample(i).filter((value) => value === 9).length / 3600;
    if (share === 0) continue;
    done++;
    assert(share > 0.01 && share < 0.36, `${share}`);
  }
  assert(Math.abs(done - 150) < 35, `${done}`);
});

const RANDOM: Operator[] = [
  randomFlip({ horizontal: 1 }),
  rotate([90, 180]),
  affine({ angle: [10, 20], scale: [1.1, 1.3], translate: [3, 4] }),
  colorTwist({ brightness: [2, 3], contrast: [2, 3], hue: [50, 90], saturation: [2, 3] }),
  brightness([2, 3]),
  contrast([2, 3]),
  contrast([2, 3], { contrastCenter: "mean" }),
  saturation([2, 3]),
  sharpness([2, 3]),
  gaussianBlur({ sigma: [1, 2] }),
  gaussianBlur({ sigma: [1, 2], windowSize: 5 }),
  gaussianNoise(9),
  randomErasing({ probability: 1 }),
  solarize([10, 20]),
  autoAugment(),
  randAugment(),
  trivialAugmentWide(),
  sometimes(0.99, invert()),
  oneOf([[], invert()], { weights: [0, 1] }),
  mixup(),
  cutmix(),
];

Deno.test("fixed leaves all chance out, and does what is given as a number", async () => {
  const options = { fixed: true };
  const plain = (await run(device, [PICTURE], [])).data;
  const still = await run(device, [PICTURE, PICTURE], RANDOM, { options });
  for (const i of [0, 1]) assert(worst(still.sample(i), plain) < 1e-3);
  // Each of them does something without it, but for a policy that may have drawn the identity.
  for (const operator of RANDOM.slice(0, 13)) {
    const got = await run(device, [PICTURE], [operator]);
    assert(got.data.length !== plain.length || worst(got.data, plain) > 1, operator.name);
  }
  const numbers = [brightness(1.5), rotate(90), posterize(3), sometimes(1, flip())];
  const chance = await run(device, [PICTURE], numbers);
  assertEquals((await run(device, [PICTURE], numbers, { options })).data, chance.data);
  const middle = await run(device, [PICTURE], [randomCrop(20)], { options });
  assertEquals(middle.data, (await run(device, [PICTURE], [centerCrop(20)])).data);
});

Deno.test("fixed makes randomResizedCrop the middle 7/8 of the largest window", async () => {
  const got = await run(device, [PICTURE], [randomResizedCrop({ width: 20, height: 10 })], {
    options: { fixed: true },
  });
  const width = 48 * 7 / 8, height = width / 2;
  const window: [number, number, number, number] = [
    (48 - width) / 2,
    (40 - height) / 2,
    width,
    height,
  ];
  const want = resample(PICTURE, window, 20, 10);
  const planar = want.data.map((_, i) => want.data[(i % 200) * 3 + Math.floor(i / 200)]);
  assert(worst(got.data, planar) < 0.02);
});

Deno.test("policies give bytes, differ by sample, and are the same for the same keys", async () => {
  for (const policy of [autoAugment(), randAugment(), trivialAugmentWide()]) {
    const first = await samples([policy], 60);
    assertEquals(await samples([policy], 60), first);
    const kinds = new Set(first.map((sample) => sample.reduce((a, b) => (a * 31 + b) % 1e9, 0)));
    assert(kinds.size > 15, `${policy.name} ${kinds.size}`);
    for (const sample of first) {
      for (const value of sample) assert(Number.isInteger(value) && value >= 0 && value <= 255);
    }
    const linear = { ...policy, parameters: { ...policy.parameters, interpolation: "linear" } };
    for (const sample of await samples([linear], 20)) {
      for (const value of sample) assert(Number.isInteger(value) && value >= 0 && value <= 255);
    }
  }
});

async function mixed(
  pictures: (Picture | null)[],
  operators: Operator[],
  first = 0,
): Promise<{ mix: BatchMix; sample(index: number): number[] }> {
  using pool = new BufferPool(device);
  using augmenter = new Augmenter(device, operators, {}, { pool });
  using images = upload(device, pictures);
  const keys = keysFor(pictures.length);
  const { width, height } = augmenter.shape(images.images, keys)!;
  const shape = [first + pictures.length, 3, height, width] as const;
  const size = shape.reduce((a, b) => a * b, 4);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ size, usage });
  const tensor = new GpuTensor(device, buffer, { shape, dtype: "f32", layout: "NCHW" });
  const mix = await augmenter.apply(images, keys, tensor, first);
  const data = await tensor.read();
  buffer.destroy();
  const pixels = 3 * width * height;
  return {
    mix,
    sample: (i) => Array.from(data.slice((first + i) * pixels, (first + i + 1) * pixels)),
  };
}

const BATCH = await realPictures(6);
const SIZED = [resize({ width: 24, height: 20 }), normalize(IMAGENET)];
const asPicture = (sample: number[]): Picture => ({
  width: 24,
  height: 20,
  data: Float64Array.from(sample, (_, i) => sample[(i % 3) * 480 + Math.floor(i / 3)]),
});

function noteMixed(line: string, f32: number, total: number): void {
  const bounds = { f32: 1e-4, u8: 1, share: 0, reference: "formula, with what is reported" };
  note({ line, bounds, f32, u8: null, beyond: 0, total });
}

Deno.test("mixup blends with the partner that it reports, by the weight that it reports", async () => {
  for (const alpha of [0.2, 1, 4]) {
    const plain = await mixed(BATCH, SIZED);
    const got = await mixed(BATCH, [...SIZED, mixup({ alpha })], 3);
    assertEquals(plain.mix, []);
    assertEquals(got.mix.map(({ index }) => index), [3, 4, 5, 6, 7, 8]);
    for (const { index, partner, weight, kind } of got.mix) {
      assert(kind === "mixup" && partner !== index && weight >= 0 && weight <= 1);
      const [own, other] = [index - 3, partner - 3].map((i) => asPicture(plain.sample(i)));
      const want = mix(own, other, weight);
      const off = worst(asPicture(got.sample(index - 3)).data, want.data);
      noteMixed("mixup", off, want.data.length);
      assert(off < 1e-4);
    }
  }
});

Deno.test("cutmix pastes the rectangle that it reports, and its weight is what remains", async () => {
  const plain = await mixed(BATCH, SIZED);
  const got = await mixed(BATCH, [...SIZED, cutmix()]);
  for (const { index, partner, weight, box } of got.mix) {
    const own = asPicture(plain.sample(index)), other = asPicture(plain.sample(partner));
    const { x, y, width, height } = box!;
    assert(Math.abs(weight - (1 - width * height / 480)) < 1e-9);
    const want = draw(24, 20, (px, py, c) => {
      const inside = px >= x && px < x + width && py >= y && py < y + height;
      return (inside ? other : own).data[3 * (py * 24 + px) + c];
    });
    const off = worst(asPicture(got.sample(index)).data, want.data);
    noteMixed("cutmix", off, want.data.length);
    assert(off < 1e-5);
  }
  assert(got.mix.some(({ box }) => box!.width > 0 && box!.height > 0));
});

Deno.test("mixing leaves out what is not there, and one sample alone stays", async () => {
  const some = BATCH.map((picture, i) => i % 2 === 0 ? picture : null);
  const got = await mixed(some, [...SIZED, mixup()]);
  assertEquals(got.mix.map(({ index }) => index), [0, 2, 4]);
  for (const { partner } of got.mix) assertEquals(partner % 2, 0);
  assert(got.sample(1).every((value) => value === 0));
  const alone = await mixed([BATCH[0]], [...SIZED, cutmix(), mixup()]);
  assertEquals(alone.mix, []);
  assertEquals(alone.sample(0), (await mixed([BATCH[0]], SIZED)).sample(0));
});

Deno.test("each sample has one mixing of a choice, and both of a list", async () => {
  const chosen = await mixed(BATCH, [...SIZED, oneOf([mixup(), cutmix()])]);
  assertEquals(chosen.mix.length, BATCH.length);
  assertEquals(new Set(chosen.mix.map(({ kind }) => kind)).size, 2);
  const both = await mixed(BATCH, [...SIZED, mixup(), cutmix()]);
  assertEquals(both.mix.map(({ kind }) => kind), [
    ...BATCH.map(() => "mixup"),
    ...BATCH.map(() => "cutmix"),
  ]);
  const rare = await mixed(BATCH, [...SIZED, sometimes(0.5, mixup())]);
  assert(rare.mix.length < BATCH.length);
});

Deno.test("mixing in all number formats and widths is the same", async () => {
  const operators = [resize({ width: 13, height: 9 }), mixup()];
  const want = await run(device, BATCH, operators);
  for (const layout of ["NCHW", "NHWC"] as const) {
    const bytes = await run(device, BATCH, operators, { output: { dtype: "u8", layout } });
    const halves = await run(device, BATCH, operators, { output: { dtype: "f16", layout } });
    BATCH.forEach((_, i) => {
      const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
      assert(worst(sorted(bytes.sample(i)), sorted(want.sample(i))) <= 0.5001);
      assert(worst(sorted(halves.sample(i)), sorted(want.sample(i))) <= 0.07);
    });
  }
});

Deno.test("the wrong order or sort of mixing is refused", () => {
  const refused = (operators: Operator[]) => () => new Augmenter(device, operators);
  assertThrows(refused([mixup(), flip()]), UsageError, "must come after all operators");
  assertThrows(() => oneOf([mixup(), flip()]), UsageError, "must all mix");
  assertThrows(() => sometimes(0.5, [flip(), mixup()]), UsageError, "must all mix");
});

const SWIRL = `
  fn operate(colour: vec3<f32>, at: vec2<i32>, params: Params) -> vec3<f32> {
    let other = pixel(vec2<i32>(image_size().x - 1 - at.x, at.y - 1));
    return mix(colour, other, params.share) + vec3<f32>(params.offset, 0.0, 0.0);
  }`;

Deno.test("wgslOp does what its code says, with its parameters", async () => {
  const params = { share: 0.25, offset: [10, 20] as const };
  const operator = wgslOp({ code: SWIRL, params, title: "swirl" });
  const got = await run(device, [PICTURE], [operator, invert()]);
  const { width, height } = PICTURE;
  const offset = 255 - got.data[0] - 0.75 * PICTURE.data[0] - 0.25 * PICTURE.data[3 * (width - 1)];
  assert(offset >= 10 && offset < 20);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const own = PICTURE.data[3 * (y * width + x) + c];
        const other = PICTURE.data[3 * (Math.max(0, y - 1) * width + width - 1 - x) + c];
        const want = 255 - (0.75 * own + 0.25 * other + (c === 0 ? offset : 0));
        assert(Math.abs(got.data[(c * height + y) * width + x] - want) < 1e-3);
      }
    }
  }
  const augmenter = new Augmenter(device, [operator, invert()]);
  assertEquals(augmenter.describe(), "1. swirl + invert: u8 pixels → NCHW f32");
});

Deno.test("two wgslOps with the same names are two kernels, and wrong code is an error", async () => {
  const scaled = (factor: string) =>
    wgslOp({
      code: `fn operate(c: vec3<f32>, at: vec2<i32>, params: Params) -> vec3<f32> {
        return c * ${factor};
      }`,
    });
  const got = await run(device, [PICTURE], [crop(1), scaled("0.5"), scaled("3.0")]);
  const plain = await run(device, [PICTURE], [crop(1)]);
  assert(worst(got.data, plain.data.map((value) => 1.5 * value)) < 1e-3);
  await assertRejects(
    () => run(device, [PICTURE], [scaled("nonsense")]),
    UsageError,
    "nonsense",
  );
  const code = "fn operate() {}";
  assertThrows(() => wgslOp({ code: "fn other() {}" }), UsageError, "operate");
  assertThrows(() => wgslOp({ code, params: { "a b": 1 } }), UsageError, "a b");
  assertThrows(() => wgslOp({ code, params: { a: NaN } }), UsageError, "params.a");
});

Deno.test("a steady stream of all sorts of passes allocates nothing after the first batches", async () => {
  using pool = new BufferPool(device);
  using images = upload(device, BATCH);
  const operators = [
    randomResizedCrop(24),
    randAugment(),
    erase({ x: 1, y: 1, width: 5, height: 5 }),
  ];
  const augmenter = new Augmenter(device, [...operators, pad(1), mixup()], {}, { pool });
  await augmenter.warmUp();
  const shape = [BATCH.length, 3, 26, 26] as const;
  const size = shape.reduce((a, b) => a * b, 4);
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE });
  const tensor = new GpuTensor(device, buffer, { shape, dtype: "f32", layout: "NCHW" });
  for (let epoch = 0; epoch < 30; epoch++) {
    await augmenter.apply(images, keysFor(BATCH.length, 7, epoch), tensor);
  }
  const before = pool.stats();
  for (let epoch = 0; epoch < 30; epoch++) {
    await augmenter.apply(images, keysFor(BATCH.length, 7, epoch), tensor);
  }
  assertEquals(pool.stats(), before);
  assertEquals(before.lent, 0);
  buffer.destroy();
});
