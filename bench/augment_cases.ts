/** Operators, and the same in the Python of their peers, for augment_peers.ts. */
import {
  affine,
  autoContrast,
  brightness,
  colorTwist,
  contrast,
  crop,
  equalize,
  erase,
  flip,
  gaussianBlur,
  grayscale,
  hue,
  type Interpolation,
  invert,
  normalize,
  type Operator,
  pad,
  posterize,
  resize,
  type ResizeOptions,
  rotate,
  saturation,
  sharpness,
  solarize,
} from "../mod.ts";

/** What is compared: the operators, and the same in Python, of `im`. */
export type Case = [name: string, operators: Operator[], python: string];

/** In Pillow. */
const PILLOW: Case[] = [
  ["equalize", [equalize()], "ImageOps.equalize(im)"],
  ["autoContrast", [autoContrast()], "ImageOps.autocontrast(im)"],
  ["posterize", [posterize(3)], "ImageOps.posterize(im, 3)"],
  ["solarize", [solarize(100)], "ImageOps.solarize(im, 100)"],
  ["invert", [invert()], "ImageOps.invert(im)"],
  ["grayscale", [grayscale()], "im.convert('L').convert('RGB')"],
  ["saturation", [saturation(1.7)], "ImageEnhance.Color(im).enhance(1.7)"],
  [
    "contrast (mean)",
    [contrast(1.4, { contrastCenter: "mean" })],
    "ImageEnhance.Contrast(im).enhance(1.4)",
  ],
  ["brightness", [brightness(0.6)], "ImageEnhance.Brightness(im).enhance(0.6)"],
  ["sharpness", [sharpness(2.5)], "ImageEnhance.Sharpness(im).enhance(2.5)"],
];

const filters: [Interpolation, string][] = [
  ["nearest", "NN"],
  ["linear", "LINEAR"],
  ["cubic", "CUBIC"],
  ["lanczos3", "LANCZOS3"],
  ["gaussian", "GAUSSIAN"],
];
const resized = (name: string, options: ResizeOptions, python: string): Case => [
  `resize ${name}`,
  [resize(options)],
  `fn.resize(im, ${python})`,
];

/** In DALI. */
const DALI: Case[] = [
  ...filters.flatMap(([interpolation, type]) => [
    resized(
      `smaller, ${interpolation}`,
      { width: 224, height: 150, interpolation },
      `resize_x=224, resize_y=150, interp_type=types.INTERP_${type}`,
    ),
    resized(
      `larger, ${interpolation}`,
      { width: 700, height: 801, interpolation },
      `resize_x=700, resize_y=801, interp_type=types.INTERP_${type}`,
    ),
  ]),
  resized(
    "without antialias",
    { width: 224, height: 150, antialias: false },
    "resize_x=224, resize_y=150, antialias=False",
  ),
  resized(
    "minFilter, magFilter",
    { width: 224, height: 700, minFilter: "cubic", magFilter: "nearest" },
    "resize_x=224, resize_y=700, min_filter=types.INTERP_CUBIC, mag_filter=types.INTERP_NN",
  ),
  resized("shorter", { shorter: 200 }, "resize_shorter=200"),
  resized("longer", { longer: 203, maxSize: 150 }, "resize_longer=203, max_size=150"),
  resized("width alone", { width: 201 }, "resize_x=201"),
  resized(
    "stretch",
    { width: 201, mode: "stretch" },
    "resize_x=201, mode='stretch'",
  ),
  resized(
    "notLarger, whole scale",
    { width: 210, height: 197, mode: "notLarger", subpixelScale: false },
    "size=(197, 210), mode='not_larger', subpixel_scale=False",
  ),
  resized(
    "notSmaller",
    { width: 210, height: 197, mode: "notSmaller", maxSize: 240 },
    "size=(197, 210), mode='not_smaller', max_size=240",
  ),
  resized("below 0", { width: -211, height: 100 }, "resize_x=-211, resize_y=100"),
  resized(
    "roi",
    { width: 100, height: 90, roiStart: { x: 40.5, y: 30 }, roiEnd: { x: 200, y: 111.25 } },
    "size=(90, 100), roi_start=(30, 40.5), roi_end=(111.25, 200)",
  ),
  resized(
    "roi, mirrored",
    {
      shorter: 150.5,
      roiStart: { x: 0.9, y: 0.2 },
      roiEnd: { x: 0.15, y: 0.8 },
      roiRelative: true,
      interpolation: "cubic",
    },
    "resize_shorter=150.5, roi_start=(0.2, 0.9), roi_end=(0.8, 0.15), roi_relative=True, " +
      "interp_type=types.INTERP_CUBIC",
  ),
  resized(
    "roi, beyond the border",
    {
      width: 100,
      height: 100,
      roiStart: { x: -0.2, y: 0.5 },
      roiEnd: { x: 0.5, y: 1.3 },
      roiRelative: true,
    },
    "size=(100, 100), roi_start=(0.5, -0.2), roi_end=(1.3, 0.5), roi_relative=True",
  ),
  ["flip", [flip({ vertical: true })], "fn.flip(im, vertical=1)"],
  [
    "crop",
    [crop({ width: 101, height: 80 }, { x: 0.3, y: 0.8 })],
    "fn.crop(im, crop=(80, 101), crop_pos_x=0.3, crop_pos_y=0.8)",
  ],
  ["pad", [pad({ align: 64, fillValue: 9 })], "fn.pad(im, axes=(0, 1), align=64, fill_value=9)"],
  ["rotate", [rotate(33)], "fn.rotate(im, angle=33)"],
  [
    "rotate, keepSize",
    [rotate(-100, { keepSize: true, fillValue: 50 })],
    "fn.rotate(im, angle=-100, keep_size=True, fill_value=50)",
  ],
  [
    "rotate, nearest",
    [rotate(33, { interpolation: "nearest", fillValue: 50 })],
    "fn.rotate(im, angle=33, interp_type=types.INTERP_NN, fill_value=50)",
  ],
  [
    "affine",
    [affine({
      angle: 25,
      scale: { x: 1.2, y: 0.9 },
      shear: { x: 0.2, y: 0.1 },
      translate: { x: 5, y: -8 },
      center: [100, 90],
      fillValue: 10,
      antialias: false,
    })],
    `fn.warp_affine(im, inverse_map=False, fill_value=10, matrix=fn.transforms.translation(
      fn.transforms.rotation(fn.transforms.shear(fn.transforms.scale(
        scale=(1.2, 0.9), center=(100, 90)), shear=(0.2, 0.1), center=(100, 90)),
        angle=-25, center=(100, 90)), offset=(5, -8)))`,
  ],
  [
    "brightness",
    [brightness(1.3, { brightnessShift: -0.1 })],
    "fn.brightness(im, brightness=1.3, brightness_shift=-0.1)",
  ],
  ["contrast", [contrast(1.7)], "fn.contrast(im, contrast=1.7)"],
  [
    "contrast, brightness",
    [contrast(1.4, { contrastCenter: 60 }), brightness(0.9)],
    "fn.brightness_contrast(im, contrast=1.4, contrast_center=60, brightness=0.9)",
  ],
  ["saturation", [saturation(1.8)], "fn.saturation(im, saturation=1.8)"],
  ["hue", [hue(35)], "fn.hue(im, hue=35)"],
  [
    "colorTwist",
    [colorTwist({ brightness: 1.1, contrast: 0.7, hue: -50, saturation: 1.4 })],
    "fn.color_twist(im, brightness=1.1, contrast=0.7, hue=-50, saturation=1.4)",
  ],
  [
    "grayscale",
    [grayscale()],
    "fn.cat(*3 * [fn.color_space_conversion(im, image_type=types.RGB, output_type=types.GRAY)], axis=2)",
  ],
  ["gaussianBlur, sigma", [gaussianBlur({ sigma: 1.3 })], "fn.gaussian_blur(im, sigma=1.3)"],
  [
    "gaussianBlur, windowSize",
    [gaussianBlur({ windowSize: 11 })],
    "fn.gaussian_blur(im, window_size=11)",
  ],
  [
    "erase",
    [erase({ x: 20, y: 30, width: 50, height: 40, fillValue: [1, 2, 3] })],
    "fn.erase(im, anchor=(30, 20), shape=(40, 50), fill_value=(1, 2, 3))",
  ],
  [
    "crop, flip, normalize",
    [
      crop(128),
      flip(),
      normalize({ mean: [120, 110, 90], std: [60, 50, 40], scale: 50, shift: 99 }),
    ],
    `fn.crop_mirror_normalize(im, crop=(128, 128), mirror=1, mean=(120, 110, 90), std=(60, 50, 40),
      scale=50, shift=99, dtype=types.UINT8, output_layout="HWC")`,
  ],
];

/** The cases by the peer that has them. */
export const PEERS: Readonly<Record<"DALI" | "Pillow", readonly Case[]>> = { DALI, Pillow: PILLOW };
