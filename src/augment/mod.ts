/**
 * Augmentation: operators as plain data, and what carries them out on the GPU.
 *
 * @module
 */
export { Augmenter, type AugmenterOptions, type AugmentOutput } from "./augmenter.ts";
export { centerCrop, crop, type CropOptions } from "./crop.ts";
export { flip, type FlipOptions, randomFlip, type RandomFlipOptions } from "./flip.ts";
export type { Interpolation, ResampleOptions } from "./geometry.ts";
export { IMAGENET, normalize, type NormalizeOptions } from "./normalize.ts";
export type { Json, Operator, SampleKeys, Size } from "./operator.ts";
export type { AugmentFault, Sized } from "./placer.ts";
export { randomResizedCrop, type RandomResizedCropOptions } from "./random_resized_crop.ts";
export { resize, type ResizeMode, type ResizeOptions } from "./resize.ts";
