import { type CassetteError, DisposedError, UsageError } from "../errors.ts";
import { readBuffer } from "./tensor.ts";

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

/** A rectangle of whole pixels of an image. */
export interface ImageRegion {
  /** First column. */
  x: number;
  /** First row. */
  y: number;
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
}

/** A picture on the CPU, as {@linkcode GpuImages.read} gives it. */
export interface CpuImage {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** 1 for grey, 3 for R, G, B. */
  channels: 1 | 3;
  /** Rows from top to bottom, packed: `width * height * channels` bytes. */
  data: Uint8Array<ArrayBuffer>;
}

/** What a decoder knows of its pictures, beside where they lie. */
export interface ImageReport {
  /** Why each place holds no picture, as far as the CPU knows; undefined for one that does. */
  errors: readonly (CassetteError | undefined)[];
  /** What was odd about each picture that was decoded all the same. */
  warnings: readonly (readonly string[])[];
  /** Asks the GPU which pictures could not be decoded whole. */
  verify: () => Promise<(CassetteError | undefined)[]>;
}

/**
 * Decoded pictures of many sizes in one GPU buffer.
 *
 * A picture may be larger than one storage binding of the device
 * (`maxStorageBufferBindingSize`): its rows lie one after the other all the same, and whoever reads it
 * binds windows of them. The augmentation does not, and refuses such a picture with a `LimitsError`.
 *
 * A place whose blob could not be decoded holds null; {@linkcode GpuImages.errors} says why. Errors
 * that only the GPU can see are known after {@linkcode GpuImages.verify}; until then such a picture
 * has its place, with any pixels in it.
 */
export class GpuImages implements Disposable {
  /** The device whose memory holds the pictures. */
  readonly device: GPUDevice;
  /** Where each picture lies, by the place of its blob; null for one without a picture. */
  readonly images: readonly (GpuImage | null)[];
  /** Why each place holds no picture, as far as the CPU knows; undefined for one that does. */
  readonly errors: readonly (CassetteError | undefined)[];
  /**
   * What was odd about each picture that was decoded all the same; mostly empty lists. What only the GPU
   * can see is added by {@linkcode GpuImages.verify}.
   */
  readonly warnings: readonly (readonly string[])[];
  readonly #verify?: () => Promise<(CassetteError | undefined)[]>;
  readonly #buffer: GPUBuffer;
  readonly #release: (buffer: GPUBuffer) => void;
  #verified?: Promise<(CassetteError | undefined)[]>;
  #disposed = false;

  /**
   * Describes pictures that lie in a buffer.
   *
   * @param device The device whose memory holds the pictures.
   * @param buffer The buffer in which they lie.
   * @param images Where each lies.
   * @param release Takes the buffer back.
   * @param report What the decoder knows; left out, all pictures are whole.
   */
  constructor(
    device: GPUDevice,
    buffer: GPUBuffer,
    images: readonly (GpuImage | null)[],
    release: (buffer: GPUBuffer) => void,
    report?: ImageReport,
  ) {
    this.device = device;
    this.images = images;
    this.errors = report?.errors ?? new Array(images.length).fill(undefined);
    this.warnings = report?.warnings ?? images.map(() => []);
    this.#verify = report?.verify;
    this.#buffer = buffer;
    this.#release = release;
  }

  /**
   * The buffer in which all pictures lie.
   *
   * @throws {DisposedError} If the pictures have been disposed.
   */
  get buffer(): GPUBuffer {
    if (this.#disposed) {
      throw new DisposedError("Cannot use images as they must not have been disposed");
    }
    return this.#buffer;
  }

  /**
   * Waits for the GPU and gives all errors, its own and those known before.
   *
   * Waiting for the GPU costs milliseconds: ask for several batches at once, with `Promise.all`.
   * Works after dispose too.
   *
   * @returns Per place, why its blob could not be decoded; undefined for a whole picture.
   * @throws {DeviceLostError} If the device is lost.
   * @throws {LimitsError} If the device had too little memory.
   */
  verify(): Promise<(CassetteError | undefined)[]> {
    return this.#verified ??= this.#verify?.() ?? Promise.resolve([...this.errors]);
  }

  /**
   * Copies one picture to the CPU; for tests, pictures and consumers without a GPU.
   *
   * @param index Its place.
   * @returns Its pixels, packed.
   * @throws {CassetteError} The error that the place has instead of a picture.
   * @throws {UsageError} If there is no such place.
   * @throws {DisposedError} If the pictures have been disposed.
   */
  async read(index: number): Promise<CpuImage> {
    const image = this.images[index];
    if (!image) {
      throw this.errors[index] ?? new UsageError(
        `Cannot read a picture as its index must be from 0 to ${
          this.images.length - 1
        } and hold one: received ${index}`,
      );
    }
    const { width, height, channels, rowPitch, byteOffset } = image;
    const bytes = new Uint8Array(
      await readBuffer(this.device, this.buffer, byteOffset, rowPitch * height),
    );
    const data = new Uint8Array(width * height * channels);
    let to = 0;
    for (let y = 0; y < height; y++) {
      const end = y * rowPitch + width * 4;
      for (let from = y * rowPitch; from < end; from += 4) {
        data[to++] = bytes[from];
        if (channels === 1) continue;
        data[to++] = bytes[from + 1];
        data[to++] = bytes[from + 2];
      }
    }
    return { width, height, channels, data };
  }

  /**
   * The same pictures less some that shall not be used.
   *
   * @param places Their places; they hold null.
   * @returns A view that owns nothing; valid as long as these pictures are.
   */
  without(places: readonly number[]): GpuImages {
    const images = this.images.map((image, place) => (places.includes(place) ? null : image));
    const { device, buffer, errors, warnings } = this;
    const report = { errors, warnings, verify: () => this.verify() };
    return new GpuImages(device, buffer, images, () => {}, report);
  }

  /** Gives the buffer back; safe once all work that reads it has been submitted. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#release(this.#buffer);
  }
}
