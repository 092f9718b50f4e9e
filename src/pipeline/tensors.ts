import { type MaskDType, MaskTensor } from "../augment/mask_tensor.ts";
import { LimitsError } from "../errors.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { GpuTensor, tensorBytes, type TensorDescriptor } from "../gpu/tensor.ts";

/** Channels of the images in batches. */
const CHANNELS = 3;
/** Bytes of a mask's numbers. */
const MASK_BYTES: Readonly<Record<MaskDType, number>> = { u8: 1, i32: 4 };
/** Offsets at which WebGPU binds storage are multiples of this, unless a device allows less. */
const BINDING_ALIGNMENT = 256;

/** Width and height in pixels. */
export interface ImageSize {
  width: number;
  height: number;
}

/** Tensors of sizes of their own. */
export interface RaggedTensors<T> {
  /** A tensor of one image or mask for each sample; null for one that could not be loaded. */
  tensors: (T | null)[];
  /** The buffers in which they lie. */
  buffers: GPUBuffer[];
}

/** Images of a batch that keep sizes of their own, and their masks. */
export interface RaggedImages extends RaggedTensors<GpuTensor> {
  /** Masks at the places of their images; null where labels are no masks. They lie in `buffers` too. */
  masks: (MaskTensor | null)[] | null;
}

/** Lends the tensors of batches. */
export class TensorLender {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #output: Pick<TensorDescriptor, "dtype" | "layout">;

  /**
   * @param device The device that holds the tensors.
   * @param pool Lends the buffers.
   * @param output Form of the images' tensors.
   */
  constructor(
    device: GPUDevice,
    pool: BufferPool,
    output: Pick<TensorDescriptor, "dtype" | "layout">,
  ) {
    this.#device = device;
    this.#pool = pool;
    this.#output = output;
  }

  /**
   * Lends a tensor for images.
   *
   * @param count How many images.
   * @param size Size of each.
   * @returns The tensor, with any content.
   * @throws {LimitsError} If it does not fit a buffer, or there is no memory for it.
   */
  async images(count: number, { width, height }: ImageSize): Promise<GpuTensor> {
    const shape = this.#shape(count, { width, height });
    const descriptor = { shape, ...this.#output };
    const buffer = await this.#buffer(
      tensorBytes(descriptor),
      `${shape.join("×")} in ${descriptor.dtype}`,
    );
    return new GpuTensor(this.#device, buffer, descriptor);
  }

  /**
   * Lends a tensor for each image, in as few buffers as hold them.
   *
   * @param sizes Size of each; null for one that is not there.
   * @returns Tensors of one image, with any content, and the buffers in which they lie.
   * @throws {LimitsError} If one does not fit a buffer, or there is no memory for them.
   */
  ragged(sizes: readonly (ImageSize | null)[]): Promise<RaggedTensors<GpuTensor>> {
    return this.#each(
      sizes,
      (size) => tensorBytes({ shape: this.#shape(1, size), ...this.#output }),
      "images",
      (buffer, size, place) => {
        const descriptor = { shape: this.#shape(1, size), ...this.#output };
        return new GpuTensor(this.#device, buffer, descriptor, place);
      },
    );
  }

  /**
   * Lends a tensor for each mask, in as few buffers as hold them.
   *
   * @param sizes Size of each; null for one that is not there.
   * @param largest Largest number in them.
   * @returns Tensors of one mask, with any content, and the buffers in which they lie.
   * @throws {LimitsError} If one does not fit a buffer, or there is no memory for them.
   */
  raggedMasks(
    sizes: readonly (ImageSize | null)[],
    largest: number,
  ): Promise<RaggedTensors<MaskTensor>> {
    const dtype = maskType(largest);
    return this.#each(
      sizes,
      ({ width, height }) => width * height * MASK_BYTES[dtype],
      "masks",
      (buffer, { width, height }, place) =>
        new MaskTensor(this.#device, buffer, { shape: [1, height, width], dtype }, place),
    );
  }

  /**
   * Lends a tensor for masks.
   *
   * @param count How many masks.
   * @param size Size of each.
   * @param largest Largest number in them.
   * @returns The tensor, with any content: bytes if they hold the numbers, else words.
   * @throws {LimitsError} If it does not fit a buffer, or there is no memory for it.
   */
  async masks(count: number, { width, height }: ImageSize, largest: number): Promise<MaskTensor> {
    const dtype = maskType(largest);
    const shape = [count, height, width] as const;
    const bytes = count * height * width * MASK_BYTES[dtype];
    const buffer = await this.#buffer(bytes, `${shape.join("×")} in ${dtype}`);
    return new MaskTensor(this.#device, buffer, { shape, dtype });
  }

  /**
   * Lends a tensor for images of the size of others.
   *
   * @param images The others.
   * @param count How many images.
   * @returns The tensor, with any content.
   */
  imagesLike({ shape, layout }: GpuTensor, count: number): Promise<GpuTensor> {
    const [height, width] = layout === "NCHW" ? [shape[2], shape[3]] : [shape[1], shape[2]];
    return this.images(count, { width, height });
  }

  /**
   * Lends a tensor for masks of the size and format of others.
   *
   * @param masks The others.
   * @param count How many masks.
   * @returns The tensor, with any content.
   */
  masksLike({ shape: [, height, width], dtype }: MaskTensor, count: number): Promise<MaskTensor> {
    return this.masks(count, { width, height }, dtype === "u8" ? 0 : 256);
  }

  /**
   * Takes tensors back, once the work that uses them has been submitted.
   *
   * @param tensors The tensors; null for none.
   */
  release(...tensors: ({ buffer: GPUBuffer } | null)[]): void {
    for (const tensor of tensors) if (tensor) this.#pool.release(tensor.buffer);
  }

  /**
   * Takes tensors of their own sizes back.
   *
   * @param ragged The tensors; null for none.
   */
  releaseRagged(ragged: RaggedTensors<unknown> | null): void {
    for (const buffer of ragged?.buffers ?? []) this.#pool.release(buffer);
  }

  /** Puts tensors of one image or mask one after the other, into as few buffers as hold them. */
  async #each<T>(
    sizes: readonly (ImageSize | null)[],
    bytesOf: (size: ImageSize) => number,
    what: string,
    make: (buffer: GPUBuffer, size: ImageSize, place: number) => T,
  ): Promise<RaggedTensors<T>> {
    const most = this.#device.limits.maxBufferSize;
    const tensors: (T | null)[] = sizes.map(() => null);
    const buffers: GPUBuffer[] = [];
    try {
      for (let from = 0; from < sizes.length;) {
        const places: number[] = [];
        let [to, end] = [from, 0];
        for (; to < sizes.length; to++) {
          const size = sizes[to];
          const bytes = size ? align(bytesOf(size)) : 0;
          if (end > 0 && end + bytes > most) break;
          places.push(end);
          end += bytes;
        }
        if (end > 0) {
          const buffer = await this.#buffer(end, `${to - from} ${what} of their own sizes`);
          buffers.push(buffer);
          for (let i = from; i < to; i++) {
            const size = sizes[i];
            if (size) tensors[i] = make(buffer, size, places[i - from]);
          }
        }
        from = to;
      }
      return { tensors, buffers };
    } catch (error) {
      this.releaseRagged({ tensors, buffers });
      throw error;
    }
  }

  #shape(count: number, { width, height }: ImageSize): TensorDescriptor["shape"] {
    return this.#output.layout === "NCHW"
      ? [count, CHANNELS, height, width]
      : [count, height, width, CHANNELS];
  }

  async #buffer(bytes: number, what: string): Promise<GPUBuffer> {
    const most = this.#device.limits.maxBufferSize;
    if (bytes > most) {
      throw new LimitsError(
        `Cannot make a batch of ${what} as it must be at most ${most} bytes: received ${bytes}`,
        { option: "batchSize" },
      );
    }
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    return await this.#pool.lend(bytes, STORAGE | COPY_SRC | COPY_DST, "batch");
  }
}

/** The format that holds the numbers of masks. */
function maskType(largest: number): MaskDType {
  return largest < 256 ? "u8" : "i32";
}

function align(bytes: number): number {
  return Math.ceil(bytes / BINDING_ALIGNMENT) * BINDING_ALIGNMENT;
}
