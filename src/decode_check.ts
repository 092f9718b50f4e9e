import { CpuDecoder } from "./codec/cpu_decoder.ts";
import { readNpy } from "./codec/npy.ts";
import { isPng } from "./codec/png_file.ts";
import type { PictureCheck } from "./dataset/ingest.ts";
import type { SampleRecord } from "./dataset/record.ts";
import { CassetteError } from "./errors.ts";
import { IdList } from "./ids.ts";
import { JpegDecoder } from "./jpeg/decoder.ts";

/** Pictures, and bytes of them, that are decoded at once. */
const MOST_PICTURES = 64;
const MOST_BYTES = 16 << 20;

interface Waiting {
  sample: Pick<SampleRecord, "id" | "path" | "data" | "label">;
  resolve: (error: CassetteError | undefined) => void;
  reject: (error: unknown) => void;
}

/** Options of a {@linkcode DecodeCheck}. */
export interface DecodeCheckOptions {
  /** Told of pictures that are decoded, but of which libjpeg-turbo would warn. */
  onWarning?: (path: string, message: string) => void;
}

/**
 * Decodes pictures as the loader would, to find those that it could not hand out: JPEG on the GPU, many
 * at once, and PNG files and labels on the CPU. What `ingest` takes as `check`.
 *
 * @example
 * ```ts ignore
 * const device = await requestDevice();
 * using check = new DecodeCheck(device);
 * const report = await ingest(await folderInput("pictures"), writer, { check });
 * ```
 */
export class DecodeCheck implements PictureCheck, Disposable {
  readonly #decoder: JpegDecoder;
  readonly #cpu = new CpuDecoder();
  readonly #onWarning: DecodeCheckOptions["onWarning"];
  #waiting: Waiting[] = [];
  #isRunning = false;

  /**
   * Makes the check.
   *
   * @param device The device that decodes.
   * @param options Who is told of warnings.
   * @throws {UsageError} If the device is none.
   */
  constructor(device: GPUDevice, options: DecodeCheckOptions = {}) {
    this.#decoder = new JpegDecoder(device);
    this.#onWarning = options.onWarning;
  }

  /**
   * Decodes a picture, with others that are given meanwhile, and its label if that is a file.
   *
   * @param sample The sample; its bytes are needed until then.
   * @returns Why it cannot be decoded; undefined if it can.
   * @throws {DeviceLostError} If the device is lost.
   */
  check(
    sample: Pick<SampleRecord, "id" | "path" | "data" | "label">,
  ): Promise<CassetteError | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sample, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Frees what the decoder holds. */
  [Symbol.dispose](): void {
    this.#decoder[Symbol.dispose]();
    this.#cpu[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      // Those that are being read come along.
      await new Promise((resolve) => setTimeout(resolve));
      const batch = this.#take();
      try {
        await this.#decode(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { sample } of this.#waiting) {
      bytes += sample.data.length;
      if (count > 0 && (count === MOST_PICTURES || bytes > MOST_BYTES)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #readPng(file: Uint8Array): Promise<void> {
    const header = this.#cpu.header(file);
    await this.#cpu.picture(file, header, header.width);
  }

  async #decode(batch: readonly Waiting[]): Promise<void> {
    const jpegs: Waiting[] = [];
    await Promise.all(batch.map(async (waiting) => {
      const { data, label } = waiting.sample;
      const error = await failureOf(async () => {
        if (label instanceof Uint8Array) {
          if (isPng(label)) await this.#readPng(label);
          else readNpy(copyOf(label));
        }
        if (isPng(data)) await this.#readPng(data);
      });
      if (error || isPng(data)) waiting.resolve(error);
      else jpegs.push(waiting);
    }));
    if (jpegs.length === 0) return;
    const ids = new Uint8Array(16 * jpegs.length);
    jpegs.forEach(({ sample }, i) => ids.set(sample.id, 16 * i));
    const blobs = jpegs.map(({ sample }) => sample.data);
    const options = { ids: new IdList(ids) };
    for await (const { first, images } of this.#decoder.decodeParts(blobs, options)) {
      using _images = images;
      const errors = await images.verify();
      errors.forEach((error, i) => {
        const { sample, resolve } = jpegs[first + i];
        if (!error) {
          for (const message of images.warnings[i]) this.#onWarning?.(sample.path, message);
        }
        resolve(error);
      });
    }
  }
}

async function failureOf(read: () => Promise<void>): Promise<CassetteError | undefined> {
  try {
    await read();
  } catch (error) {
    if (error instanceof CassetteError) return error;
    throw error;
  }
}

/** Arrays are read where they lie, at a multiple of the size of their numbers. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
