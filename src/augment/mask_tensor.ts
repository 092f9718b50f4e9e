import { DisposedError } from "../errors.ts";
import { checkPlace, readBuffer } from "../gpu/tensor.ts";

/** Number format of a mask: unsigned bytes, or signed words of 32 bits. */
export type MaskDType = "u8" | "i32";

/** What describes the masks of a batch, beside their memory. */
export interface MaskDescriptor {
  /** Masks, rows, columns. */
  shape: readonly [number, number, number];
  /** Number format of the elements. */
  dtype: MaskDType;
}

const BYTES: Readonly<Record<MaskDType, number>> = { u8: 1, i32: 4 };

/** Masks of a batch in GPU memory: a number for each pixel, rows packed. */
export class MaskTensor implements MaskDescriptor {
  /** The device whose memory holds the elements. */
  readonly device: GPUDevice;
  /** Masks, rows, columns. */
  readonly shape: readonly [number, number, number];
  /** Number format of the elements. */
  readonly dtype: MaskDType;
  /** Where the first element lies in `buffer`, in bytes. */
  readonly byteOffset: number;
  /** Bytes of all elements. */
  readonly byteLength: number;
  readonly #buffer: GPUBuffer;
  #disposed = false;

  /**
   * Describes elements that lie in a buffer.
   *
   * @param device The device whose memory holds the elements.
   * @param buffer Buffer with usage STORAGE and COPY_SRC that reaches at least to the next multiple of
   * 4 bytes.
   * @param descriptor Shape and number format.
   * @param byteOffset Where the first element lies, in bytes; a multiple of 4 for `i32`.
   * @throws {UsageError} If the elements reach beyond the buffer, or begin within a number.
   */
  constructor(
    device: GPUDevice,
    buffer: GPUBuffer,
    descriptor: MaskDescriptor,
    byteOffset = 0,
  ) {
    this.device = device;
    this.#buffer = buffer;
    this.shape = descriptor.shape;
    this.dtype = descriptor.dtype;
    this.byteOffset = byteOffset;
    const size = descriptor.shape.reduce((product, length) => product * length, 1);
    this.byteLength = size * BYTES[descriptor.dtype];
    checkPlace(buffer, byteOffset, this.byteLength, BYTES[descriptor.dtype], "masks");
  }

  /**
   * The buffer that holds the elements.
   *
   * @throws {DisposedError} If the batch of these masks has been disposed.
   */
  get buffer(): GPUBuffer {
    if (this.#disposed) {
      throw new DisposedError("Cannot use masks as their batch must not have been disposed");
    }
    return this.#buffer;
  }

  /** Makes later use of the masks an error; called by the batch that owns the buffer. */
  invalidate(): void {
    this.#disposed = true;
  }

  /**
   * Copies the elements to the CPU.
   *
   * @returns The numbers, mask by mask, row by row.
   * @throws {DisposedError} If the batch of these masks has been disposed.
   * @throws {UsageError} If their buffer has no usage COPY_SRC.
   * @throws {DeviceLostError} If the device is lost.
   */
  async read(): Promise<Uint8Array | Int32Array> {
    const bytes = await readBuffer(this.device, this.buffer, this.byteOffset, this.byteLength);
    return this.dtype === "u8" ? new Uint8Array(bytes) : new Int32Array(bytes);
  }
}
