import { DisposedError } from "../errors.ts";

/** Where one decoded picture lies in the buffer of its {@linkcode GpuImages}. */
export interface GpuImage {
  /** Where its first row begins, in bytes; a multiple of 256. */
  byteOffset: number;
  /** Columns, in pixels, after orientation. */
  width: number;
  /** Rows, in pixels, after orientation. */
  height: number;
  /** From one row to the next, in bytes; a multiple of 64. */
  rowPitch: number;
  /** 1 for grey, 3 for colour. A pixel takes 4 bytes either way: R, G, B, 255; R = G = B for grey. */
  channels: 1 | 3;
}

/**
 * Decoded pictures of many sizes in one GPU buffer.
 *
 * A place whose blob could not be decoded holds null; {@linkcode GpuImages.errors} says why. Errors
 * that only the GPU can see are known after {@linkcode GpuImages.verify}.
 */
export class GpuImages implements Disposable {
  /** The device whose memory holds the pictures. */
  readonly device: GPUDevice;
  /** Where each picture lies, by the place of its blob; null for one without a picture. */
  readonly images: readonly (GpuImage | null)[];
  readonly #buffer: GPUBuffer;
  readonly #release: (buffer: GPUBuffer) => void;
  #disposed = false;

  /**
   * @param device The device whose memory holds the pictures.
   * @param buffer The buffer in which they lie.
   * @param images Where each lies.
   * @param release Takes the buffer back.
   */
  constructor(
    device: GPUDevice,
    buffer: GPUBuffer,
    images: readonly (GpuImage | null)[],
    release: (buffer: GPUBuffer) => void,
  ) {
    this.device = device;
    this.images = images;
    this.#buffer = buffer;
    this.#release = release;
  }

  /** The buffer in which all pictures lie. */
  get buffer(): GPUBuffer {
    if (this.#disposed) {
      throw new DisposedError("Cannot use images as they must not have been disposed");
    }
    return this.#buffer;
  }

  /** Gives the buffer back; safe once all work that reads it has been submitted. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release(this.#buffer);
  }
}
