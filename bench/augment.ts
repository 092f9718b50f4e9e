/**
 * What each operator costs, in microseconds per image: by itself, and added to the classic training
 * chain (random resized crop, flip, normalise).
 *
 * Run it by `deno task bench augment [NAME…]`, which takes two minutes for all operators, and less for
 * those whose names begin so. The last line is one JSON object.
 */
import {
  affine,
  Augmenter,
  type AugmentOutput,
  autoAugment,
  autoContrast,
  brightness,
  centerCrop,
  colorTwist,
  contrast,
  cutmix,
  equalize,
  erase,
  flip,
  gaussianBlur,
  gaussianNoise,
  GpuImages,
  GpuTensor,
  grayscale,
  hue,
  IMAGENET,
  invert,
  mixup,
  normalize,
  type Operator,
  pad,
  posterize,
  randAugment,
  randomCrop,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  resize,
  rotate,
  saturation,
  sharpness,
  solarize,
  trivialAugmentWide,
} from "../mod.ts";
import { median } from "./compare.ts";

const BATCH = 32;
const RUNS = 5;
/** Batches between two waits, so that the wait itself does not count. */
const BATCHES = 4;
const SIZES = [{ width: 224, height: 224 }, { width: 500, height: 375 }];
const CROP = 224;

const device = await requestDevice();
const images = SIZES.map(({ width, height }) => upload(width, height));

/** Pictures of slopes and noise, as the decoder leaves them. */
function upload(width: number, height: number): GpuImages {
  const rowPitch = Math.ceil(width / 16) * 64;
  const bytes = Math.ceil(rowPitch * height / 256) * 256;
  const buffer = device.createBuffer({
    label: "bench images",
    size: bytes * BATCH,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  const pixels = new Uint8Array(bytes * BATCH).map((_, i) =>
    ((i >> 6) + (Math.imul(i, 2654435761) >>> 27)) & 255
  );
  device.queue.writeBuffer(buffer, 0, pixels);
  const list = Array.from({ length: BATCH }, (_, i) => ({
    byteOffset: i * bytes,
    width,
    height,
    rowPitch,
    channels: 3 as const,
  }));
  return new GpuImages(device, buffer, list, () => buffer.destroy());
}

/** A list of operators that is ready to be timed. */
interface Timed {
  augmenter: Augmenter;
  tensor: GpuTensor;
  source: GpuImages;
  times: number[];
}

const positions = Array.from({ length: BATCH }, (_, i) => i);

async function prepare(
  source: GpuImages,
  operators: readonly Operator[],
  output: AugmentOutput = {},
): Promise<Timed> {
  const augmenter = new Augmenter(device, operators, output);
  await augmenter.warmUp();
  const { width, height } = augmenter.shape(source.images, { seed: 1, epoch: 0, positions })!;
  const { layout, dtype } = augmenter;
  const shape = layout === "NCHW"
    ? [BATCH, 3, height, width] as const
    : [BATCH, height, width, 3] as const;
  const size = 4 * BATCH * 3 * width * height;
  const buffer = device.createBuffer({ label: "bench", size, usage: GPUBufferUsage.STORAGE });
  const tensor = new GpuTensor(device, buffer, { shape, dtype, layout });
  return { augmenter, tensor, source, times: [] };
}

/** Microseconds per image of several lists, run in turn: the medians. */
async function costs(lists: readonly Timed[]): Promise<number[]> {
  for (let run = 0; run <= RUNS; run++) {
    for (const { augmenter, tensor, source, times } of lists) {
      const start = performance.now();
      for (let i = 0; i < BATCHES; i++) {
        const keys = { seed: 1, epoch: run * BATCHES + i, positions };
        await augmenter.apply(source, keys, tensor);
      }
      await device.queue.onSubmittedWorkDone();
      if (run > 0) times.push((performance.now() - start) * 1000 / (BATCH * BATCHES));
    }
  }
  for (const { augmenter, tensor } of lists) {
    tensor.buffer.destroy();
    augmenter[Symbol.dispose]();
  }
  return lists.map(({ times }) => Math.round(median(times)));
}

const OPERATORS: Record<string, Operator> = {
  "resize (224)": resize(CROP),
  "resize (224, cubic)": resize(CROP, { interpolation: "cubic" }),
  "resize (224, lanczos3)": resize(CROP, { interpolation: "lanczos3" }),
  "centerCrop": centerCrop(192),
  "randomCrop": randomCrop(192),
  "randomResizedCrop": randomResizedCrop(CROP),
  "flip": flip(),
  "pad": pad(16),
  "rotate": rotate(15, { keepSize: true, fillValue: 0 }),
  "affine": affine({ angle: 10, scale: 0.9, shear: 0.1, fillValue: 0 }),
  "brightness": brightness(1.2),
  "contrast": contrast(1.2),
  "contrast (mean)": contrast(1.2, { contrastCenter: "mean" }),
  "saturation": saturation(1.2),
  "hue": hue(20),
  "colorTwist": colorTwist({ brightness: 1.1, contrast: 0.9, hue: 20, saturation: 1.2 }),
  "grayscale": grayscale(),
  "invert": invert(),
  "posterize": posterize(4),
  "solarize": solarize(),
  "equalize": equalize(),
  "autoContrast": autoContrast(),
  "sharpness": sharpness(1.5),
  "gaussianBlur (sigma 1)": gaussianBlur({ sigma: 1 }),
  "gaussianBlur (sigma 3)": gaussianBlur({ sigma: 3 }),
  "gaussianNoise": gaussianNoise(10),
  "erase": erase({ x: 10, y: 10, width: 50, height: 60 }),
  "randomErasing": randomErasing(),
  "normalize": normalize(IMAGENET),
  "mixup": mixup(),
  "cutmix": cutmix(),
  "autoAugment": autoAugment(),
  "randAugment": randAugment(),
  "trivialAugmentWide": trivialAugmentWide(),
};
/** Those that only make sense where the size of the crop is not theirs. */
const SIZING = /resize|Crop/;
const MIXING = /mixup|cutmix/;

const classic = (middle: Operator[], after: Operator[]): Operator[] => [
  randomResizedCrop(CROP),
  randomFlip(),
  ...middle,
  normalize(IMAGENET),
  ...after,
];

const [, photos] = images;
const formats: [string, Timed][] = [];
for (const layout of ["NCHW", "NHWC"] as const) {
  for (const dtype of ["f32", "f16", "u8"] as const) {
    const list = dtype === "u8" ? [randomResizedCrop(CROP), randomFlip()] : classic([], []);
    formats.push([`${layout} ${dtype}`, await prepare(photos, list, { layout, dtype })]);
  }
}
const times = await costs(formats.map(([, timed]) => timed));
const chain = Object.fromEntries(formats.map(([name], i) => [name, times[i]]));
console.log("Classic chain, 500 × 375 → 224 × 224 (u8 without normalize), µs an image:");
for (const [name, time] of Object.entries(chain)) console.log(`  ${name}: ${time}`);

console.log("\n| Operator | 224 × 224 | 500 × 375 | added to the classic chain |");
console.log("| --- | ---: | ---: | ---: |");
const raw: Record<string, (number | null)[]> = {};
for (const [name, operator] of Object.entries(OPERATORS)) {
  if (Deno.args.length > 0 && !Deno.args.some((start) => name.startsWith(start))) continue;
  const lists: Timed[] = [];
  for (const source of images) lists.push(await prepare(source, [operator]));
  if (!SIZING.test(name)) {
    const whole = MIXING.test(name) ? classic([], [operator]) : classic([operator], []);
    lists.push(await prepare(photos, classic([], [])), await prepare(photos, whole));
  }
  const [small, large, base, fused] = await costs(lists);
  raw[name] = [small, large, fused === undefined ? null : fused - base];
  console.log(`| \`${name}\` | ${small} | ${large} | ${raw[name][2] ?? ""} |`);
}
console.log(JSON.stringify({ chain, raw }));
device.destroy();
