import { OptionCheck } from "../check.ts";
import { DisposedError, LimitsError, UsageError } from "../errors.ts";

/** What a pool counts. */
export interface PoolStats {
  /** Buffers made since the pool was made. */
  allocations: number;
  /** Bytes of all buffers that exist now, lent or free. */
  bytes: number;
  /** Bytes of the buffers that are lent now. */
  lent: number;
}

const SMALLEST = 4096;

/**
 * Lends GPU buffers and takes them back, so that a steady stream allocates nothing.
 *
 * A buffer may be released as soon as the work that uses it has been *submitted*: whoever gets it
 * next can only write to it with later work of the same queue.
 *
 * @example
 * ```ts
 * import { BufferPool, requestDevice } from "@cassette/loader";
 * import { assert } from "@std/assert";
 *
 * const device = await requestDevice();
 * using pool = new BufferPool(device);
 * const buffer = pool.acquire(1 << 20, GPUBufferUsage.STORAGE, "scratch");
 * pool.release(buffer);
 * assert(pool.acquire(1 << 20, GPUBufferUsage.STORAGE, "scratch again") === buffer);
 * device.destroy();
 * ```
 */
export class BufferPool implements Disposable {
  /** The device that makes the buffers. */
  readonly device: GPUDevice;
  readonly #lent = new Set<GPUBuffer>();
  readonly #free = new Map<string, GPUBuffer[]>();
  /** Buffers that there was no memory for: work that uses them is not done. */
  readonly #unusable = new WeakSet<GPUBuffer>();
  readonly #stats: PoolStats = { allocations: 0, bytes: 0, lent: 0 };
  #failure: LimitsError | undefined;
  #disposed = false;

  /**
   * Makes an empty pool.
   *
   * @param device The device that makes the buffers.
   * @throws {UsageError} If it is no device.
   */
  constructor(device: GPUDevice) {
    new OptionCheck("make a BufferPool").device("device", device);
    this.device = device;
  }

  /**
   * Lends a buffer.
   *
   * @param size Bytes needed; the buffer may be up to a quarter larger.
   * @param usage `GPUBufferUsage` flags.
   * @param label Name for errors and traces.
   * @returns A buffer with any content; {@linkcode BufferPool.check} tells if there was no memory for it.
   * @throws {LimitsError} If no buffer of the device is that large.
   * @throws {UsageError} If the size is no number of bytes.
   * @throws {DisposedError} If the pool has been disposed.
   */
  acquire(size: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    if (this.#disposed) {
      throw new DisposedError(`Cannot lend ${label} as the BufferPool must not have been disposed`);
    }
    const most = this.device.limits.maxBufferSize;
    if (!(size >= 0)) {
      throw new UsageError(`Cannot lend ${label} as its size must be bytes: received ${size}`, {
        option: "size",
      });
    }
    if (size > most) {
      throw new LimitsError(
        `Cannot lend ${label} as a buffer must have at most ${most} bytes: received ${size}`,
      );
    }
    const bytes = Math.min(sizeClass(size), most);
    const free = this.#free.get(`${usage}/${bytes}`);
    let buffer = free?.pop();
    if (!buffer) {
      buffer = this.#make({ size: bytes, usage, label });
      this.#stats.allocations++;
      this.#stats.bytes += bytes;
    } else {
      buffer.label = label;
    }
    this.#lent.add(buffer);
    this.#stats.lent += bytes;
    return buffer;
  }

  /**
   * Takes a buffer back, once the work that uses it has been submitted.
   *
   * @param buffer A buffer from {@linkcode BufferPool.acquire}.
   * @throws {UsageError} If it is not lent: it would be lent to two at once.
   */
  release(buffer: GPUBuffer): void {
    this.#back(buffer, "take a buffer back");
    if (this.#disposed || this.#unusable.has(buffer)) {
      this.#destroy(buffer);
      return;
    }
    const key = `${buffer.usage}/${buffer.size}`;
    const free = this.#free.get(key);
    if (free) free.push(buffer);
    else this.#free.set(key, [buffer]);
  }

  /**
   * Gives a lent buffer up for good: its holder destroys it.
   *
   * @param buffer A buffer from {@linkcode BufferPool.acquire}.
   * @throws {UsageError} If it is not lent.
   */
  forget(buffer: GPUBuffer): void {
    this.#back(buffer, "give a buffer up");
    this.#stats.bytes -= buffer.size;
  }

  /**
   * Tells if the device had no memory for a buffer, which it says later than it makes one: soon, and
   * before any work with it is done.
   *
   * @throws {LimitsError} If so; once.
   */
  check(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  /**
   * What the pool has counted.
   *
   * @returns A copy of the counters.
   */
  stats(): PoolStats {
    return { ...this.#stats };
  }

  /** Destroys the free buffers now, and each lent one when it comes back. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const free of this.#free.values()) {
      free.forEach((buffer) => this.#destroy(buffer));
    }
    this.#free.clear();
  }

  #make(descriptor: GPUBufferDescriptor & { label: string }): GPUBuffer {
    this.device.pushErrorScope("out-of-memory");
    let buffer: GPUBuffer | undefined;
    try {
      return buffer = this.device.createBuffer(descriptor);
    } finally {
      this.device.popErrorScope().then((error) => {
        if (error && buffer) this.#lacks(buffer, descriptor.label, error);
      }, () => {
        // The device is lost, which whoever waits for its work is told.
      });
    }
  }

  #lacks(buffer: GPUBuffer, label: string, error: GPUError): void {
    this.#unusable.add(buffer);
    this.#failure ??= new LimitsError(
      `Cannot lend ${label} as the device must have memory for ${buffer.size} bytes more: received "${error.message}"`,
      { option: "batchSize" },
    );
    for (const free of this.#free.values()) {
      const place = free.indexOf(buffer);
      if (place === -1) continue;
      free.splice(place, 1);
      this.#destroy(buffer);
    }
  }

  #destroy(buffer: GPUBuffer): void {
    this.#stats.bytes -= buffer.size;
    buffer.destroy();
  }

  #back(buffer: GPUBuffer, task: string): void {
    if (!this.#lent.delete(buffer)) {
      throw new UsageError(
        `Cannot ${task} as it must be lent by this BufferPool: received one that is not`,
        { option: "buffer" },
      );
    }
    this.#stats.lent -= buffer.size;
  }
}

/** Rounds up to four steps per power of two, so that batches of similar sizes share buffers. */
function sizeClass(size: number): number {
  if (size <= SMALLEST) return SMALLEST;
  const step = 2 ** (Math.floor(Math.log2(size - 1)) - 2);
  return Math.ceil(size / step) * step;
}
