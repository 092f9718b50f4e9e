import { LimitsError, UnsupportedFormatError } from "../errors.ts";
import { type CpuFault, cpuProgram, type CpuTask } from "./cpu_task.ts";
import type { MaskLabelOptions } from "./mask_classes.ts";
import { type PngHeader, pngPasses } from "./png_decode.ts";
import { readPngHeader } from "./png_file.ts";
import { WorkerPool, type WorkerTask } from "./worker_pool.ts";

/** Options of a {@linkcode CpuDecoder}. */
export interface CpuDecoderOptions {
  /** Most pixels that a header may announce; 2^28 when left out. */
  maxPixels?: number;
  /** Most threads; as many as cores, and at most 8, when left out. */
  workers?: number;
  /** Most bytes that all files under way may need; one that needs more is decoded alone. */
  bytes?: number;
}

const MOST_WORKERS = 8;
const MOST_BYTES = 2 ** 28;
const WORD = 4;

/**
 * Decodes PNG files, and the masks of JPEG files that the GPU has decoded, beside the JavaScript thread.
 *
 * What a file takes is known from its header: its rows inflated, which are at most 8 bytes a pixel, 4
 * bytes a pixel for the picture, and twice the file.
 */
export class CpuDecoder implements Disposable {
  readonly #maxPixels: number | undefined;
  readonly #pool: WorkerPool;

  /** @param options How it is bounded. */
  constructor(options: CpuDecoderOptions = {}) {
    const cores = navigator.hardwareConcurrency ?? 1;
    const { maxPixels, workers = Math.min(cores, MOST_WORKERS), bytes = MOST_BYTES } = options;
    this.#maxPixels = maxPixels;
    this.#pool = new WorkerPool(cpuProgram(), { workers, bytes });
  }

  /** Threads that are alive. */
  get workers(): number {
    return this.#pool.size;
  }

  /**
   * Reads a PNG file's header, and checks that it may be decoded.
   *
   * @param file The whole file.
   * @returns What it says.
   * @throws {UnsupportedFormatError} If it makes no sense.
   * @throws {LimitsError} If it has too many pixels.
   */
  header(file: Uint8Array): PngHeader {
    return readPngHeader(file, this.#maxPixels);
  }

  /**
   * Decodes a PNG file into 8-bit pixels.
   *
   * @param file The whole file; it is copied once a thread is free.
   * @param header What its header says.
   * @param pitch Words from one row of the picture to the next.
   * @param signal Ends it.
   * @returns Its pixels: a word each, R in the lowest byte, then G, B and 255.
   * @throws {UnsupportedFormatError} If it is damaged.
   * @throws {LimitsError} If there is no memory for it.
   */
  picture(
    file: Uint8Array,
    header: PngHeader,
    pitch: number,
    signal?: AbortSignal,
  ): Promise<Uint32Array<ArrayBuffer>> {
    const bytes = rowBytes(header) + WORD * pitch * header.height + 2 * file.length;
    return this.#run(bytes, signal, () => {
      const own = file.slice().buffer;
      return task({ kind: "picture", file: own, header, pitch }, own);
    });
  }

  /**
   * Decodes a mask from a PNG file: grey values or palette indices are classes; colours are by `colors`.
   *
   * @param file The whole file; it is copied once a thread is free.
   * @param header What its header says.
   * @param options How its pixels are meant.
   * @param signal Ends it.
   * @returns The class of each pixel.
   * @throws {UnsupportedFormatError} If it is damaged, or a pixel is no class.
   * @throws {LimitsError} If there is no memory for it.
   */
  mask(
    file: Uint8Array,
    header: PngHeader,
    options: MaskLabelOptions,
    signal?: AbortSignal,
  ): Promise<Uint32Array<ArrayBuffer>> {
    if (header.channels > 2 && !options.colors) {
      throw new UnsupportedFormatError(
        "Cannot read a mask as its pixels must be grey or of a palette, or colors be given: received RGB",
      );
    }
    const bytes = rowBytes(header) + WORD * header.width * header.height + 2 * file.length;
    return this.#run(bytes, signal, () => {
      const own = file.slice().buffer;
      return task({ kind: "mask", file: own, header, options }, own);
    });
  }

  /**
   * Takes the classes out of a mask that the GPU has decoded.
   *
   * @param bytes Its rows of words, whose lowest byte is the class; handed over.
   * @param size Its size in pixels, and bytes from one row to the next.
   * @param options How its pixels are meant.
   * @param signal Ends it.
   * @returns The class of each pixel.
   * @throws {UnsupportedFormatError} If a pixel is no class.
   */
  words(
    bytes: ArrayBuffer,
    { width, height, pitch }: { width: number; height: number; pitch: number },
    options: MaskLabelOptions,
    signal?: AbortSignal,
  ): Promise<Uint32Array<ArrayBuffer>> {
    const needed = bytes.byteLength + WORD * width * height;
    return this.#run(needed, signal, () => {
      return task({ kind: "words", bytes, width, height, pitch, options }, bytes);
    });
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  async #run(
    bytes: number,
    signal: AbortSignal | undefined,
    make: () => WorkerTask,
  ): Promise<Uint32Array<ArrayBuffer>> {
    const answer = await this.#pool.run<ArrayBuffer, CpuFault>(make, bytes, signal);
    if (answer.fault) throw errorOf(answer.fault, bytes);
    return new Uint32Array(answer.result);
  }
}

/** Says what a thread failed of. */
function errorOf(fault: CpuFault, bytes: number): LimitsError | UnsupportedFormatError {
  const { name, message, expected, received, mask, limit } = fault;
  if (expected !== undefined) {
    const what = mask ? "Cannot read a mask as its" : "Cannot read a PNG file as it must";
    const text = `${what} ${expected}: received ${received}`;
    return limit ? new LimitsError(text) : new UnsupportedFormatError(text);
  }
  const text =
    `Cannot read a PNG file as there must be memory for ${bytes} bytes: received ${message}`;
  if (name === "RangeError") return new LimitsError(text);
  return new UnsupportedFormatError(
    `Cannot read a PNG file as it must be such that it can be decoded: received ${message}`,
  );
}

function task(message: CpuTask, buffer: ArrayBuffer): WorkerTask {
  return { message, transfer: [buffer] };
}

/** Bytes of all rows of a file, inflated. */
function rowBytes(header: PngHeader): number {
  return pngPasses(header).reduce((sum, { rows, bytes }) => sum + rows * (1 + bytes), 0);
}
