/**
 * Draws what each operator does to a picture: `docs/images/augment/*.png`.
 *
 * Run it by `deno run -A tools/augment_pictures.ts`, with the import map where there is no registry.
 */
import { Buffer } from "node:buffer";
import { fromFileUrl, join } from "@std/path";
import sharp from "sharp";
import {
  affine,
  Augmenter,
  autoAugment,
  autoContrast,
  brightness,
  centerCrop,
  colorTwist,
  contrast,
  crop,
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
  oneOf,
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
  sometimes,
  trivialAugmentWide,
  wgslOp,
} from "../mod.ts";

const FOLDER = fromFileUrl(new URL("../docs/images/augment/", import.meta.url));
const WIDTH = 160;
const HEIGHT = 120;
const WAVES = `
  fn operate(colour: vec3<f32>, at: vec2<i32>, params: Params) -> vec3<f32> {
    let shift = params.height * sin(f32(at.x) * 0.15);
    return pixel(at + vec2<i32>(0, i32(shift)));
  }`;

/** For each picture the operators, and how many variants of a random one are shown side by side. */
const PICTURES: Record<string, { list: Operator[]; variants?: number }> = {
  original: { list: [] },
  resize: { list: [resize({ width: 80, height: 60 })] },
  crop: { list: [crop({ width: 90, height: 80 }, { x: 0, y: 1 })] },
  centerCrop: { list: [centerCrop(96)] },
  randomCrop: { list: [randomCrop(96)], variants: 3 },
  randomResizedCrop: { list: [randomResizedCrop(96)], variants: 3 },
  flip: { list: [flip()] },
  randomFlip: { list: [randomFlip({ vertical: 0.5 })], variants: 3 },
  pad: { list: [pad({ left: 12, right: 12, top: 8, bottom: 8, fillValue: [220, 60, 60] })] },
  rotate: { list: [rotate(25, { fillValue: 30 })] },
  affine: {
    list: [affine({ angle: 10, scale: 0.8, shear: { x: 0.25 }, fillValue: 30 })],
  },
  brightness: { list: [brightness(1.5)] },
  contrast: { list: [contrast(1.8)] },
  saturation: { list: [saturation(2)] },
  hue: { list: [hue(90)] },
  colorTwist: {
    list: [
      colorTwist({
        brightness: [0.7, 1.3],
        contrast: [0.7, 1.3],
        saturation: [0.5, 1.8],
        hue: [-40, 40],
      }),
    ],
    variants: 3,
  },
  grayscale: { list: [grayscale()] },
  invert: { list: [invert()] },
  posterize: { list: [posterize(2)] },
  solarize: { list: [solarize(128)] },
  equalize: { list: [contrast(0.4), equalize()] },
  autoContrast: { list: [contrast(0.4), autoContrast()] },
  sharpness: { list: [sharpness(6)] },
  gaussianBlur: { list: [gaussianBlur({ sigma: 2 })] },
  gaussianNoise: { list: [gaussianNoise(25)] },
  erase: { list: [erase({ x: 50, y: 40, width: 40, height: 50, fillValue: 128 })] },
  randomErasing: { list: [randomErasing({ probability: 1, fillValue: 128 })], variants: 3 },
  normalize: { list: [normalize({ ...IMAGENET, scale: 60, shift: 128 })] },
  mixup: { list: [mixup({ alpha: 4 })], variants: 3 },
  cutmix: { list: [cutmix()], variants: 3 },
  autoAugment: { list: [autoAugment()], variants: 5 },
  randAugment: { list: [randAugment()], variants: 5 },
  trivialAugmentWide: { list: [trivialAugmentWide()], variants: 5 },
  oneOf: { list: [oneOf([invert(), gaussianBlur({ sigma: 2 }), rotate(180)])], variants: 5 },
  sometimes: { list: [sometimes(0.5, grayscale())], variants: 5 },
  wgslOp: { list: [wgslOp({ code: WAVES, params: { height: 8 } })] },
};
const SEED = 11;
const GAP = 4;
const HUES = [
  [86, 150, 220],
  [230, 140, 90],
  [120, 100, 200],
  [90, 190, 170],
  [240, 190, 90],
];

/** A landscape with a house: edges, slopes, thin lines, texture; each variant has its sky, and every second is mirrored. */
function scene(variant: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 4);
  const sky = HUES[variant % HUES.length];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const colour = pixelOf(variant % 2 === 0 ? x + 0.5 : WIDTH - x - 0.5, y + 0.5, sky);
      const grain = ((x * 2654435761 ^ y * 40503 * (x + 7)) >>> 13) % 5 - 2;
      for (let c = 0; c < 3; c++) pixels[4 * (y * WIDTH + x) + c] = clamp(colour[c] + grain);
      pixels[4 * (y * WIDTH + x) + 3] = 255;
    }
  }
  return pixels;
}

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));

function pixelOf(x: number, y: number, sky: number[]): number[] {
  const inHouse = x > 86 && x < 132 && y > 62 && y < 98;
  const inRoof = y > 40 && y <= 62 && Math.abs(x - 109) < (y - 38) * 1.3;
  const inDoor = x > 102 && x < 113 && y > 76;
  const inWindow = x > 118 && x < 128 && y > 68 && y < 80;
  const pane = Math.abs(x - 123) < 0.6 || Math.abs(y - 74) < 0.6;
  if (inRoof) return Math.floor(y / 3) % 2 === 0 ? [168, 60, 48] : [142, 46, 40];
  if (inHouse && inWindow) return pane ? [250, 250, 240] : [70, 110, 150];
  if (inHouse && inDoor) return [96, 62, 36];
  if (inHouse) return [236, 220, 188];
  const trunk = Math.abs(x - 40) < 3 && y > 70 && y < 100;
  const crown = Math.hypot(x - 40, y - 58) < 20 + 2 * Math.sin(8 * Math.atan2(y - 58, x - 40));
  if (crown) return [40 + (x - 20), 120 + 20 * Math.sin(x * 0.9) * Math.sin(y * 0.8), 50];
  if (trunk) return [92, 66, 44];
  if (Math.hypot(x - 138, y - 22) < 12) return [255, 236, 140];
  const meadow = 84 + 7 * Math.sin(x / 27);
  if (y > meadow) {
    const path = Math.abs(x - 107 + (y - 98) * 0.4) < 3 + (y - 98) * 0.25 && y > 98;
    return path ? [200, 180, 140] : [88 + (y - meadow), 150 + 8 * Math.sin(x * 1.3), 62];
  }
  const hill = 62 - 14 * Math.sin((x + 30) / 33);
  if (y > hill) return [110, 130, 150 - (y - hill)];
  const light = y / HEIGHT;
  return sky.map((value) => value + (255 - value) * light);
}

const device = await requestDevice();
const rowPitch = Math.ceil(WIDTH / 16) * 64;

function upload(count: number, same: boolean): GpuImages {
  const bytes = rowPitch * HEIGHT;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ label: "scenes", size: bytes * count, usage });
  const images = Array.from({ length: count }, (_, i) => {
    device.queue.writeBuffer(buffer, i * bytes, scene(same ? 0 : i));
    return { byteOffset: i * bytes, width: WIDTH, height: HEIGHT, rowPitch, channels: 3 as const };
  });
  return new GpuImages(device, buffer, images, () => buffer.destroy());
}

/** The results of some samples, each as packed R, G, B. */
async function results(
  list: Operator[],
  count: number,
): Promise<{ width: number; height: number; samples: Uint8Array[] }> {
  const mixes = list.some(({ name }) => /mix/.test(name));
  using images = upload(count, !mixes);
  using augmenter = new Augmenter(device, list, { layout: "NHWC", dtype: "u8" });
  const keys = { seed: SEED, epoch: 0, positions: Array.from({ length: count }, (_, i) => i) };
  const { width, height } = augmenter.shape(images.images, keys)!;
  const size = Math.ceil(count * width * height * 3 / 4) * 4;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ label: "pictures", size, usage });
  const shape = [count, height, width, 3] as const;
  const tensor = new GpuTensor(device, buffer, { shape, dtype: "u8", layout: "NHWC" });
  await augmenter.apply(images, keys, tensor);
  const data = await tensor.read() as Uint8Array;
  buffer.destroy();
  const bytes = width * height * 3;
  const samples = Array.from({ length: count }, (_, i) => data.slice(i * bytes, (i + 1) * bytes));
  return { width, height, samples };
}

await Deno.mkdir(FOLDER, { recursive: true });
let total = 0;
for (const [name, { list, variants = 1 }] of Object.entries(PICTURES)) {
  const { width, height, samples } = await results(list, variants);
  const canvas = sharp({
    create: {
      width: variants * (width + GAP) - GAP,
      height,
      channels: 3,
      background: "white",
    },
  });
  const png = await canvas.composite(samples.map((input, i) => ({
    input: Buffer.from(input),
    raw: { width, height, channels: 3 },
    left: i * (width + GAP),
    top: 0,
  }))).png({ palette: true, colours: 64, effort: 10 }).toBuffer();
  total += png.length;
  await Deno.writeFile(join(FOLDER, `${name}.png`), png);
}
console.log(`${Object.keys(PICTURES).length} pictures, ${Math.round(total / 1024)} KiB`);
device.destroy();
