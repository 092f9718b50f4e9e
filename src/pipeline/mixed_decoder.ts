import type { CpuDecoder } from "../codec/cpu_decoder.ts";
import type { PngHeader } from "../codec/png_decode.ts";
import { isPng } from "../codec/png_file.ts";
import { CassetteError, LimitsError } from "../errors.ts";
import { blamed, isRefusal } from "../gpu/blame.ts";
import { type GpuImage, GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { submitted } from "../gpu/scope.ts";
import { fittingRanges, partOf, pngSize } from "./fitting.ts";
import type { Blobs, DecodeStage } from "./stages.ts";
import { layOut, lendWords, type Sized } from "./word_images.ts";

const WORD = 4;

/**
 * Decodes batches in which JPEG and PNG files are mixed: JPEG on the GPU, PNG on the CPU, beside the
 * JavaScript thread.
 *
 * A batch without PNG files passes through as it is.
 */
export class MixedDecoder implements DecodeStage {
  readonly #jpeg: DecodeStage;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #cpu: CpuDecoder;

  /**
   * @param jpeg The decoder for all else.
   * @param device The device that holds the pictures.
   * @param pool Lends the buffers.
   * @param cpu Decodes PNG files.
   */
  constructor(jpeg: DecodeStage, device: GPUDevice, pool: BufferPool, cpu: CpuDecoder) {
    this.#jpeg = jpeg;
    this.#device = device;
    this.#pool = pool;
    this.#cpu = cpu;
  }

  async *decodeParts(
    blobs: Blobs,
    options: Parameters<DecodeStage["decodeParts"]>[1],
  ): AsyncGenerator<{ first: number; images: GpuImages }> {
    for await (const { first, images } of this.#jpeg.decodeParts(blobs, options)) {
      const pngs = images.images.map((_, i) => isPng(blobs.blob(first + i)));
      if (!pngs.includes(true)) {
        yield { first, images };
        continue;
      }
      using _images = images;
      const files = pngs.map((png, i) => (png ? blobs.blob(first + i) : null));
      const sizes = files.map((file) => file && pngSize(file));
      const most = this.#device.limits.maxBufferSize;
      for (const [from, to] of fittingRanges(images.images, sizes, most)) {
        const id = (i: number) => options.ids.at(first + from + i);
        const part = partOf(images, from, to);
        const joined = await this.#join(part, files.slice(from, to), id, options.signal);
        yield { first: first + from, images: joined };
      }
    }
  }

  /** Puts the pictures of the PNG files behind those that the GPU has decoded. */
  async #join(
    images: GpuImages,
    files: (Uint8Array | null)[],
    id: (i: number) => string,
    signal?: AbortSignal,
  ): Promise<GpuImages> {
    const errors = files.map((file, i) => (file ? undefined : images.errors[i]));
    const headers = files.map((file, i): PngHeader | null => {
      if (!file) return null;
      try {
        return this.#cpu.header(file);
      } catch (error) {
        if (!(error instanceof CassetteError)) throw error;
        errors[i] = named(error, id(i));
        return null;
      }
    });
    const jpegs = images.images.filter((image) => image !== null);
    const jpegBegin = jpegs[0]?.byteOffset ?? 0;
    const jpegBytes = jpegs.reduce(
      (end, image) => Math.max(end, image.byteOffset + image.rowPitch * image.height - jpegBegin),
      0,
    );
    const { places, end } = layOut(headers.map(sizeOf), jpegBytes);
    const { limits } = this.#device;
    places.forEach((place, i) => {
      const error = place && tooLarge(place, end, limits);
      if (!error) return;
      errors[i] = named(error, id(i));
      places[i] = null;
    });
    const bytes = Math.min(end, limits.maxBufferSize);
    const buffer = await lendWords(this.#pool, bytes, "pictures, PNG among them");
    try {
      await submitted(this.#device, "join pictures", () => {
        if (jpegBytes > 0) {
          const encoder = this.#device.createCommandEncoder({ label: "join pictures" });
          encoder.copyBufferToBuffer(images.buffer, jpegBegin, buffer, 0, jpegBytes);
          this.#device.queue.submit([encoder.finish()]);
        }
      });
      // Each is written as soon as it is there, so that their pixels do not pile up.
      const written = await Promise.allSettled(places.map(async (place, i) => {
        if (!place) return;
        try {
          const pitch = place.rowPitch / WORD;
          const words = await this.#cpu.picture(files[i]!, headers[i]!, pitch, signal);
          await submitted(this.#device, "bring a picture to the device", () => {
            this.#device.queue.writeBuffer(buffer, place.byteOffset, words);
          });
        } catch (error) {
          if (!(error instanceof CassetteError) || isRefusal(error)) throw error;
          errors[i] = named(error, id(i));
          places[i] = null;
        }
      }));
      for (const one of written) if (one.status === "rejected") throw one.reason;
    } catch (error) {
      if (!isRefusal(error)) {
        this.#pool.release(buffer);
        throw error;
      }
      images.images.forEach((image, i) => {
        if (image || places[i]) errors[i] ??= blamed(error, `decode sample ${id(i)}`, id(i));
      });
    }
    const all = images.images.map((image, i) => {
      if (errors[i]) return null;
      return files[i] ? places[i] : image && { ...image, byteOffset: image.byteOffset - jpegBegin };
    });
    return new GpuImages(this.#device, buffer, all, (buffer) => this.#pool.release(buffer), {
      errors,
      warnings: images.warnings,
      verify: async () =>
        (await images.verify()).map((found, i) => files[i] ? errors[i] : errors[i] ?? found),
    });
  }
}

/** The size of the picture of a PNG file, and how many channels it has on the GPU. */
function sizeOf(header: PngHeader | null): Sized | null {
  if (!header) return null;
  const { width, height, channels, indexed } = header;
  return { width, height, channels: indexed || channels > 2 ? 3 : 1 };
}

/** Says which limit of the device a picture exceeds; nothing is decoded for it. */
function tooLarge(
  { byteOffset, width, height, rowPitch }: GpuImage,
  end: number,
  { maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits,
): LimitsError | undefined {
  const bytes = rowPitch * height;
  if (bytes > maxStorageBufferBindingSize) {
    return new LimitsError(
      `Cannot read a PNG file as its ${width}×${height} pixels must take at most ${maxStorageBufferBindingSize} bytes, the device's maxStorageBufferBindingSize: received ${bytes}`,
    );
  }
  if (byteOffset + bytes <= maxBufferSize) return undefined;
  return new LimitsError(
    `Cannot read a PNG file as its pixels must fit a buffer of ${maxBufferSize} bytes: received ${end}`,
  );
}

/** The same error, with the sample in its message. */
function named(error: CassetteError, sampleId: string): CassetteError {
  const ErrorClass = error.constructor as new (
    message: string,
    details: { sampleId: string; option?: string; cause: unknown },
  ) => CassetteError;
  const what = error.message.replace("Cannot read a PNG file", `Cannot decode sample ${sampleId}`);
  return new ErrorClass(what, { sampleId, option: error.option, cause: error });
}
