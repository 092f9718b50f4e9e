import { assert, assertEquals } from "@std/assert";
import type { ImageRegion } from "../../src/gpu/images.ts";
import {
  affine,
  Augmenter,
  centerCrop,
  colorTwist,
  crop,
  equalize,
  flip,
  gaussianBlur,
  IMAGENET,
  normalize,
  type Operator,
  pad,
  randomFlip,
  randomResizedCrop,
  resize,
  rotate,
  sharpness,
} from "../../src/augment/mod.ts";
import { draw, type Picture } from "./reference.ts";
import { keysFor, run, testDevice, testPicture } from "./run.ts";

const device = await testDevice();

/** The picture inside of a rectangle, noise outside. */
function spoil(picture: Picture, { x, y, width, height }: ImageRegion): Picture {
  return draw(picture.width, picture.height, (px, py, c) => {
    const inside = px >= x && px < x + width && py >= y && py < y + height;
    const i = 3 * (py * picture.width + px) + c;
    return inside ? picture.data[i] : (i * 7919 + 31 * (py ^ px)) & 255;
  });
}

const SIZES: [number, number][] = [[120, 90], [90, 121], [200, 40], [33, 170], [64, 64], [1, 80]];
const PICTURES = SIZES.map(([width, height], i) => testPicture(width, height, i + 1));
const FILTERS = ["nearest", "linear", "cubic", "lanczos3"] as const;

/** Lists of operators, and whether they read less than the whole image. */
const LISTS: [string, Operator[]][] = [
  ["classic", [randomResizedCrop(24), randomFlip({ vertical: 0.5 }), normalize(IMAGENET)]],
  ...FILTERS.map((interpolation): [string, Operator[]] => [
    `crop by ${interpolation}`,
    [
      randomResizedCrop({ width: 30, height: 17 }, { interpolation, randomArea: [0.05, 0.2] }),
      randomFlip(),
      crop(10, { x: 1 }),
    ],
  ]),
  ["enlarged", [crop(1, { x: 0, y: 1 }), resize(40)]],
  ["cropped twice", [
    resize({ width: 60, height: 60 }),
    crop(20, { x: 0.9 }),
    flip(),
    resize(50, { interpolation: "cubic" }),
    centerCrop(11),
  ]],
  ["rotated", [rotate([-180, 180], { size: 60 }), crop(14, { y: 0 })]],
  ["affine", [
    flip({ vertical: true }),
    affine({ scale: [0.3, 3], angle: [0, 90], shear: 0.3, size: 70, fillValue: 3 }),
    crop(9, { x: 0.2 }),
  ]],
  ["neighbours", [
    resize(80),
    gaussianBlur({ sigma: 2 }),
    sharpness(3),
    crop({ width: 12, height: 3 }, { x: 1, y: 0 }),
    colorTwist({ hue: 20 }),
  ]],
  ["padded", [pad({ left: 20, top: 9, fillValue: null }), resize(40), pad(5), crop(11, { x: 0 })]],
];

Deno.test("nothing outside of the region has any influence", async () => {
  for (const [name, operators] of LISTS) {
    const keys = keysFor(PICTURES.length);
    const augmenter = new Augmenter(device, operators);
    const regions = augmenter.regions(PICTURES, keys).map((region) => region!);
    let share = 0;
    PICTURES.forEach(({ width, height }, i) => {
      const region = regions[i];
      for (const value of Object.values(region)) assert(Number.isInteger(value) && value >= 0);
      assert(region.width > 0 && region.height > 0, name);
      assert(region.x + region.width <= width && region.y + region.height <= height, name);
      share += region.width * region.height / (width * height);
    });
    assert(share < 0.9 * PICTURES.length, `${name} reads ${share / PICTURES.length}`);
    const want = await run(device, PICTURES, operators, { keys });
    const spoilt = PICTURES.map((picture, i) => spoil(picture, regions[i]));
    const got = await run(device, spoilt, operators, { keys });
    assertEquals(got.data, want.data, name);
  }
});

Deno.test("the region of a plain crop is the crop, and that of a statistic the whole image", () => {
  const sizes = [{ width: 100, height: 80 }, null];
  const regionOf = (operators: Operator[]) =>
    new Augmenter(device, operators).regions(sizes, keysFor(2));
  const [cropped, none] = regionOf([crop({ width: 30, height: 20 }, { x: 0, y: 1 })]);
  assertEquals(none, null);
  assert(cropped!.width <= 32 && cropped!.height <= 22 && cropped!.y >= 59);
  const whole = { x: 0, y: 0, width: 100, height: 80 };
  assertEquals(regionOf([equalize(), crop(8)])[0], whole);
  assert(regionOf([crop(8), equalize()])[0]!.width < 12);
});
