import { isPng, readPng } from "../codec/png.ts";
import { type PixelWords, pngPixels } from "../codec/png_pixels.ts";
import { CassetteError, LimitsError } from "../errors.ts";
import { blamed, isRefusal } from "../gpu/blame.ts";
import { GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { submitted } from "../gpu/scope.ts";
import { fittingRanges, partOf, pngSize } from "./fitting.ts";
import type { Blobs, DecodeStage } from "./stages.ts";
import { layOut, lendWords, writeWords } from "./word_images.ts";

/**
 * Decodes batches in which JPEG and PNG files are mixed: JPEG on the GPU, PNG on the CPU.
 *
 * A batch without PNG files passes through as it is.
 */
export class MixedDecoder implements DecodeStage {
  readonly #jpeg: DecodeStage;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;

  /**
   * @param jpeg The decoder for all else.
   * @param device The device that holds the pictures.
   * @param pool Lends the buffers.
   */
  constructor(jpeg: DecodeStage, device: GPUDevice, pool: BufferPool) {
    this.#jpeg = jpeg;
    this.#device = device;
    this.#pool = pool;
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
        yield { first: first + from, images: await this.#join(part, files.slice(from, to), id) };
      }
    }
  }

  /** Puts the pictures of the PNG files behind those that the GPU has decoded. */
  async #join(
    images: GpuImages,
    files: (Uint8Array | null)[],
    id: (i: number) => string,
  ): Promise<GpuImages> {
    const errors = files.map((file, i) => (file ? undefined : images.errors[i]));
    const decoded = files.map((file, i): PixelWords | null => {
      if (!file) return null;
      try {
        return pngPixels(readPng(file));
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
    const { places, end } = layOut(decoded, jpegBytes);
    const most = this.#device.limits.maxBufferSize;
    places.forEach((place, i) => {
      if (!place || place.byteOffset + place.rowPitch * place.height <= most) return;
      const limit = new LimitsError(
        `Cannot read a PNG file as its pixels must fit a buffer of ${most} bytes: received ${end}`,
      );
      errors[i] = named(limit, id(i));
      places[i] = null;
    });
    const bytes = Math.min(end, most);
    const buffer = await lendWords(this.#pool, bytes, "pictures, PNG among them");
    try {
      await submitted(this.#device, "join pictures", () => {
        if (jpegBytes > 0) {
          const encoder = this.#device.createCommandEncoder({ label: "join pictures" });
          encoder.copyBufferToBuffer(images.buffer, jpegBegin, buffer, 0, jpegBytes);
          this.#device.queue.submit([encoder.finish()]);
        }
        places.forEach((place, i) =>
          place && writeWords(this.#device, buffer, place, decoded[i]!.words)
        );
      });
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

/** The same error, with the sample in its message. */
function named(error: CassetteError, sampleId: string): CassetteError {
  const ErrorClass = error.constructor as new (
    message: string,
    details: { sampleId: string; cause: unknown },
  ) => CassetteError;
  const what = error.message.replace("Cannot read a PNG file", `Cannot decode sample ${sampleId}`);
  return new ErrorClass(what, { sampleId, cause: error });
}
