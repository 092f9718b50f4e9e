import { OptionCheck } from "../check.ts";
import { DisposedError, UsageError } from "../errors.ts";
import { mapped } from "./mapped.ts";
import { submitted } from "./scope.ts";

/** Number format of a tensor's elements: IEEE 754 binary32, binary16, or unsigned bytes. */
export type DType = "f32" | "f16" | "u8";

/** Order of a tensor's dimensions: images, channels, rows, columns. */
export type Layout = "NCHW" | "NHWC";

/** What {@linkcode GpuTensor.read} gives for each number format. */
export type TensorData = Float32Array | Float16Array | Uint8Array;

const WORD = 4;

/** Bytes of one element of each number format. */
export const DTYPE_BYTES: Readonly<Record<DType, number>> = { f32: 4, f16: 2, u8: 1 };

/** What describes a tensor, beside its memory. */
export interface TensorDescriptor {
  /** Sizes by dimension, in the order that `layout` says. */
  shape: readonly [number, number, number, number];
  /** Number format of the elements. */
  dtype: DType;
  /** Order of the dimensions. */
  layout: Layout;
}

/**
 * Bytes of a tensor's elements.
 *
 * @param descriptor Its shape and number format.
 * @returns The product of the sizes and the bytes of an element.
 */
export function tensorBytes(descriptor: TensorDescriptor): number {
  return descriptor.shape.reduce((product, size) => product * size, DTYPE_BYTES[descriptor.dtype]);
}

/**
 * A batch of images in GPU memory, as a training step takes it.
 *
 * Rows are packed: there is no padding between elements.
 */
export class GpuTensor implements TensorDescriptor {
  /** The device whose memory holds the elements. */
  readonly device: GPUDevice;
  /** Where the first element lies in `buffer`, in bytes. */
  readonly byteOffset: number;
  /** Bytes of all elements. */
  readonly byteLength: number;
  /** Sizes by dimension, in the order that `layout` says. */
  readonly shape: readonly [number, number, number, number];
  /** Number format of the elements. */
  readonly dtype: DType;
  /** Order of the dimensions. */
  readonly layout: Layout;
  readonly #buffer: GPUBuffer;
  #disposed = false;

  /**
   * Describes elements that lie in a buffer.
   *
   * @param device The device whose memory holds the elements.
   * @param buffer Buffer with usage STORAGE and COPY_SRC; may be longer than the elements.
   * @param descriptor Shape, number format and order of dimensions.
   * @param byteOffset Where the first element lies, in bytes; a multiple of an element's.
   * @throws {UsageError} If the descriptor is wrong, or the elements reach beyond the buffer.
   */
  constructor(
    device: GPUDevice,
    buffer: GPUBuffer,
    descriptor: TensorDescriptor,
    byteOffset = 0,
  ) {
    checkDescriptor(descriptor);
    this.device = device;
    this.#buffer = buffer;
    this.shape = descriptor.shape;
    this.dtype = descriptor.dtype;
    this.layout = descriptor.layout;
    this.byteOffset = byteOffset;
    this.byteLength = tensorBytes(descriptor);
    checkPlace(buffer, byteOffset, this.byteLength, DTYPE_BYTES[descriptor.dtype], "a tensor");
  }

  /**
   * The buffer that holds the elements.
   *
   * @throws {DisposedError} If the batch of this tensor has been disposed.
   */
  get buffer(): GPUBuffer {
    if (this.#disposed) {
      throw new DisposedError("Cannot use a tensor as its batch must not have been disposed");
    }
    return this.#buffer;
  }

  /**
   * Copies the elements to the CPU; for tests, pictures and consumers without a GPU.
   *
   * @returns The elements in the order of `layout`.
   * @throws {DisposedError} If the batch of this tensor has been disposed.
   * @throws {UsageError} If its buffer has no usage COPY_SRC, or its elements are f16 and the
   *   JavaScript engine has no `Float16Array`.
   * @throws {DeviceLostError} If the device is lost.
   */
  async read(): Promise<TensorData> {
    if (this.dtype === "f16" && typeof Float16Array === "undefined") {
      throw new UsageError(
        "Cannot read a tensor of f16 as this JavaScript engine has no Float16Array: take f32 or u8",
        { option: "dtype" },
      );
    }
    const bytes = await readBuffer(this.device, this.buffer, this.byteOffset, this.byteLength);
    if (this.dtype === "f32") return new Float32Array(bytes);
    if (this.dtype === "f16") return new Float16Array(bytes);
    return new Uint8Array(bytes);
  }

  /** Makes later use of the tensor an error; called by the batch that owns the buffer. */
  invalidate(): void {
    this.#disposed = true;
  }
}

/**
 * Copies a range of a buffer to the CPU.
 *
 * @param device The device that made the buffer.
 * @param buffer Buffer with usage COPY_SRC.
 * @param byteOffset Where to begin, in bytes.
 * @param byteLength How much to copy, in bytes.
 * @returns A copy of exactly that range.
 * @throws {UsageError} If the buffer has no usage COPY_SRC, or the words that hold the range reach
 * beyond it.
 * @throws {DeviceLostError} If the device is lost.
 * @throws {LimitsError} If the device has no memory for the copy.
 * @throws {GpuError} If the device refuses it otherwise.
 */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  byteOffset = 0,
  byteLength = buffer.size - byteOffset,
): Promise<ArrayBuffer> {
  const first = Math.floor(byteOffset / WORD) * WORD;
  const skip = byteOffset - first;
  const size = Math.max(WORD, Math.ceil((skip + byteLength) / WORD) * WORD);
  checkRange(buffer, first, size, "read a buffer");
  if ((buffer.usage & GPUBufferUsage.COPY_SRC) === 0) {
    throw new UsageError("Cannot read a buffer as its usage must have COPY_SRC: received none", {
      option: "buffer",
    });
  }
  const task = `read ${buffer.label || "a buffer"}`;
  let staging: GPUBuffer | undefined;
  try {
    const made = await submitted(device, task, () => {
      const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
      staging = device.createBuffer({ label: "read back", size, usage });
      const encoder = device.createCommandEncoder({ label: "read back" });
      encoder.copyBufferToBuffer(buffer, first, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      return staging;
    });
    return (await mapped(device, made, task)).slice(skip, skip + byteLength);
  } finally {
    staging?.destroy();
  }
}

const check = new OptionCheck("describe a tensor");

function checkDescriptor({ shape, dtype, layout }: TensorDescriptor): void {
  const isShape = Array.isArray(shape) && shape.length === 4 &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  check.that(isShape, "shape", "four whole numbers", shape);
  check.that(Object.hasOwn(DTYPE_BYTES, dtype), "dtype", '"f32" or "f16" or "u8"', dtype);
  check.that(layout === "NCHW" || layout === "NHWC", "layout", '"NCHW" or "NHWC"', layout);
}

/**
 * Checks that elements lie within their buffer, where kernels can reach them.
 *
 * @param buffer The buffer.
 * @param first Where they begin, in bytes.
 * @param bytes How long they are.
 * @param elementBytes Bytes of one.
 * @param what What they are, in words.
 * @throws {UsageError} If they do not.
 */
export function checkPlace(
  buffer: GPUBuffer,
  first: number,
  bytes: number,
  elementBytes: number,
  what: string,
): void {
  checkRange(buffer, first, bytes, `describe ${what}`);
  if (first % elementBytes === 0) return;
  throw new UsageError(
    `Cannot describe ${what} as byteOffset must be a multiple of ${elementBytes}: received ${first}`,
    { option: "byteOffset" },
  );
}

/** Checks that a range of bytes lies within a buffer. */
function checkRange(buffer: GPUBuffer, first: number, bytes: number, task: string): void {
  if (Number.isSafeInteger(first) && first >= 0 && first + bytes <= buffer.size) return;
  throw new UsageError(
    `Cannot ${task} as its bytes must be among the ${buffer.size} of the buffer: received ${bytes} from ${first} on`,
    { option: "byteOffset" },
  );
}
