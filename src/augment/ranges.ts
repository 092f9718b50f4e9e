import type { GpuImages } from "../gpu/images.ts";
import { DTYPE_BYTES, type GpuTensor } from "../gpu/tensor.ts";
import type { Range } from "./dispatch_list.ts";
import { PIXEL_BYTES, type TargetKind } from "./kernels.ts";

/** Where the images of a batch lie: decoded, between passes, and in the tensor. */
export class BatchRanges {
  readonly #images: GpuImages;
  readonly #target: GpuTensor;
  readonly #first: number;
  /** Values of one image of the tensor, of one channel. */
  readonly #pixels: number;

  /**
   * @param images The decoded images.
   * @param target The tensor.
   * @param first Place of the first image in it.
   */
  constructor(images: GpuImages, target: GpuTensor, first: number) {
    this.#images = images;
    this.#target = target;
    this.#first = first;
    const [, a, b, c] = target.shape;
    this.#pixels = target.layout === "NCHW" ? b * c : a * b;
  }

  /**
   * Where a decoded image lies.
   *
   * @param index Its place in the batch.
   * @returns The range, or null for an image that is not there.
   */
  image(index: number): Range | null {
    const image = this.#images.images[index];
    if (!image) return null;
    return {
      buffer: this.#images.buffer,
      byteOffset: image.byteOffset,
      byteLength: image.rowPitch * (image.height - 1) + image.width * PIXEL_BYTES.u8,
    };
  }

  /**
   * Where pixels of the tensor's size lie, one image after the other.
   *
   * @param buffer The buffer.
   * @param place Place of the image in it.
   * @returns The range.
   */
  pixels(buffer: GPUBuffer, place: number): Range {
    const byteLength = this.#pixels * PIXEL_BYTES.f32;
    return { buffer, byteOffset: place * byteLength, byteLength };
  }

  /**
   * Where images lie in the tensor.
   *
   * @param from The first one's place in the batch.
   * @param to That after the last one's.
   * @returns The range.
   */
  tensor(from: number, to: number): Range {
    const { buffer, byteOffset, dtype } = this.#target;
    const bytes = 3 * this.#pixels * DTYPE_BYTES[dtype];
    return {
      buffer,
      byteOffset: byteOffset + (this.#first + from) * bytes,
      byteLength: (to - from) * bytes,
    };
  }
}

/**
 * Bytes of what a kernel stores at a time.
 *
 * @param target What it writes.
 * @returns Bytes of a pixel between passes, or of one value of the tensor.
 */
export function bytesOfElement(target: TargetKind): number {
  return target.layout === "pixels" ? PIXEL_BYTES.f32 : DTYPE_BYTES[target.dtype];
}
