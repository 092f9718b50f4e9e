import { largest } from "../extremes.ts";
import { OptionCheck } from "../check.ts";
import { type CassetteError, DisposedError, LimitsError, UsageError } from "../errors.ts";
import { IdleBuffers } from "./idle_buffers.ts";
import { faultError, type GpuFault, inScopes } from "./scope.ts";

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
 * Bytes that may lie idle for each that was lent at once: a stream of batches of varying sizes uses
 * some buffers in one batch and some in the next. With 1, batches of photos go on making half a
 * buffer each, and three where random policies augment them; with 2, they soon make none.
 */
const IDLE_SHARE = 2;
/** Bytes that may lie idle however little is lent. */
const LEAST_IDLE = 2 ** 24;
/** Loans after which the most that was lent at once is forgotten: some dozens of batches. */
const MEMORY = 512;

/**
 * Lends GPU buffers and takes them back, so that a steady stream allocates nothing.
 *
 * A buffer may be released as soon as the work that uses it has been *submitted*: whoever gets it
 * next can only write to it with later work of the same queue.
 *
 * Buffers that lie idle take at most twice the bytes that were lent at once lately, or 16 MiB: those
 * that have been idle for longest are destroyed.
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
  readonly #idle = new IdleBuffers();
  /** Of buffers that were made just now, when the device has told whether it has them. */
  readonly #pending = new Map<GPUBuffer, Promise<void>>();
  /** Why buffers cannot be used: work that uses them is not done. */
  readonly #failures = new WeakMap<GPUBuffer, CassetteError>();
  readonly #stats: PoolStats = { allocations: 0, bytes: 0, lent: 0 };
  /** Most bytes that were lent at once, since the last loan that was a multiple, and before. */
  #peaks: [number, number] = [0, 0];
  #loans = 0;
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
   * @returns A buffer with any content; {@linkcode BufferPool.failure} tells if there was no memory for
   * it.
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
    let buffer = this.#idle.take(usage, bytes);
    if (!buffer) {
      buffer = this.#make({ size: bytes, usage, label });
      this.#stats.allocations++;
      this.#stats.bytes += bytes;
    } else {
      buffer.label = label;
    }
    this.#lent.add(buffer);
    this.#stats.lent += bytes;
    if (++this.#loans % MEMORY === 0) this.#peaks = [0, this.#peaks[0]];
    this.#peaks[0] = Math.max(this.#peaks[0], this.#stats.lent);
    return buffer;
  }

  /**
   * Lends a buffer that the device has memory for, if need be in place of idle ones.
   *
   * @param size Bytes needed; the buffer may be up to a quarter larger.
   * @param usage `GPUBufferUsage` flags.
   * @param label Name for errors and traces.
   * @returns A buffer with any content.
   * @throws {LimitsError} If no buffer of the device is that large, or there is no memory for it.
   * @throws {GpuError} If the device refuses it otherwise.
   * @throws {UsageError} If the size is no number of bytes.
   * @throws {DisposedError} If the pool has been disposed.
   */
  async lend(size: number, usage: GPUBufferUsageFlags, label: string): Promise<GPUBuffer> {
    for (let last = false;; last = true) {
      const buffer = this.acquire(size, usage, label);
      const failure = await this.failure([buffer]);
      if (!failure) return buffer;
      this.release(buffer);
      if (last || !(failure instanceof LimitsError)) throw failure;
      await this.trim();
    }
  }

  /**
   * Takes a buffer back, once the work that uses it has been submitted.
   *
   * @param buffer A buffer from {@linkcode BufferPool.acquire}.
   * @throws {UsageError} If it is not lent: it would be lent to two at once.
   */
  release(buffer: GPUBuffer): void {
    this.#back(buffer, "take a buffer back");
    if (this.#disposed || this.#failures.has(buffer)) {
      this.#destroy(buffer);
      return;
    }
    this.#idle.add(buffer);
    const most = Math.max(LEAST_IDLE, IDLE_SHARE * largest(this.#peaks));
    while (this.#idle.bytes > most) this.#destroy(this.#idle.oldest()!);
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
   * Tells if the device had no memory for a buffer, or refused it. It says so later than it makes one,
   * though without waiting for other work.
   *
   * @param buffers The buffers; those of others are never at fault.
   * @returns Why one of them cannot be used; undefined if all can.
   */
  async failure(buffers: Iterable<GPUBuffer>): Promise<CassetteError | undefined> {
    for (const buffer of buffers) {
      await this.#pending.get(buffer);
      const failure = this.#failures.get(buffer);
      if (failure) return failure;
    }
  }

  /**
   * Destroys the buffers that are idle, and waits for the device to have their memory back.
   *
   * @returns When it has.
   */
  async trim(): Promise<void> {
    for (let buffer = this.#idle.oldest(); buffer; buffer = this.#idle.oldest()) {
      this.#destroy(buffer);
    }
    // Of a lost device, whoever waits for its work is told.
    await this.device.queue.onSubmittedWorkDone().catch(() => {});
  }

  /**
   * What the pool has counted.
   *
   * @returns A copy of the counters.
   */
  stats(): PoolStats {
    return { ...this.#stats };
  }

  /** Destroys the idle buffers now, and each lent one when it comes back. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (let buffer = this.#idle.oldest(); buffer; buffer = this.#idle.oldest()) {
      this.#destroy(buffer);
    }
  }

  #make(descriptor: GPUBufferDescriptor & { label: string }): GPUBuffer {
    const { value: buffer, fault } = inScopes(
      this.device,
      () => this.device.createBuffer(descriptor),
    );
    const told = fault.then((found) => {
      this.#pending.delete(buffer);
      if (found) this.#lacks(buffer, descriptor.label, found);
    });
    this.#pending.set(buffer, told);
    return buffer;
  }

  #lacks(buffer: GPUBuffer, label: string, fault: GpuFault): void {
    const failure = fault.kind === "out-of-memory"
      ? new LimitsError(
        `Cannot lend ${label} as the device must have memory for ${buffer.size} bytes more: received "${fault.words}"`,
        { option: "batchSize" },
      )
      : faultError(fault, `lend ${label}`);
    this.#failures.set(buffer, failure);
    if (this.#idle.remove(buffer)) this.#destroy(buffer);
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
