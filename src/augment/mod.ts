/**
 * Augmentation: operators as plain data, and what carries them out on the GPU.
 *
 * @module
 */
export { affine, type AffineOptions, type PerAxis } from "./affine.ts";
export { Augmenter } from "./augmenter.ts";
export type {
  AugmenterOptions,
  AugmentOutput,
  MaskOptions,
  WarmUpOptions,
} from "./augmenter_options.ts";
export { autoAugment } from "./auto_augment.ts";
export type { BatchMix, SampleMix } from "./batch_mix.ts";
export {
  brightness,
  type BrightnessOptions,
  contrast,
  type ContrastOptions,
} from "./brightness_contrast.ts";
export { oneOf, type OneOfOptions, sometimes } from "./choice.ts";
export { colorTwist, type ColorTwistOptions, hue, saturation } from "./color_twist.ts";
export { centerCrop, crop, type CropOptions } from "./crop.ts";
export type { Color, Drawn } from "./drawn.ts";
export { autoContrast, equalize } from "./equalize.ts";
export { erase, type EraseOptions, randomErasing, type RandomErasingOptions } from "./erase.ts";
export { flip, type FlipOptions, randomFlip, type RandomFlipOptions } from "./flip.ts";
export { gaussianBlur, type GaussianBlurOptions } from "./gaussian_blur.ts";
export { gaussianNoise, type GaussianNoiseOptions } from "./gaussian_noise.ts";
export type { Interpolation, ResampleOptions } from "./geometry.ts";
export { grayscale, invert } from "./grayscale.ts";
export { type MaskDescriptor, type MaskDType, MaskTensor } from "./mask_tensor.ts";
export { cutmix, type MixOptions, mixup } from "./mixup.ts";
export { IMAGENET, normalize, type NormalizeOptions } from "./normalize.ts";
export type { Json, Operator, SampleKeys, Size } from "./operator.ts";
export { pad, type PadOptions } from "./pad.ts";
export type { AugmentFault, Sized } from "./placer.ts";
export type { PolicyOptions } from "./policy.ts";
export { posterize, solarize } from "./posterize.ts";
export {
  randAugment,
  type RandAugmentOptions,
  trivialAugmentWide,
  type TrivialAugmentWideOptions,
} from "./rand_augment.ts";
export { randomCrop } from "./random_crop.ts";
export { randomResizedCrop, type RandomResizedCropOptions } from "./random_resized_crop.ts";
export { type Point, resize, type ResizeMode, type ResizeOptions } from "./resize.ts";
export { rotate, type RotateOptions } from "./rotate.ts";
export { sharpness } from "./sharpness.ts";
export { wgslOp, type WgslOpOptions } from "./wgsl_op.ts";
