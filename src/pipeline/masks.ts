import { checkClasses, type MaskLabelOptions, type MaskPixels } from "../codec/mask.ts";
import { CassetteError, ShapeError } from "../errors.ts";
import { type GpuImage, GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { submitted } from "../gpu/scope.ts";
import type { IdList } from "../ids.ts";
import type { DecodeStage } from "./stages.ts";
import { layOut, lendWords, writeWords } from "./word_images.ts";

/** A mask as its label was parsed: pixels, or a JPEG file that the GPU decodes. */
export type ParsedMask = MaskPixels | { jpeg: Uint8Array };

/**
 * Decodes the masks that are JPEG files, and brings the classes of their pixels to the CPU.
 *
 * @param parsed One a sample; null for one that failed. JPEG files are replaced by their pixels.
 * @param decoder What decodes them.
 * @param options How pixels are meant.
 * @param ids Ids of the samples, for errors.
 * @returns Why a mask could not be decoded, by the place of its sample.
 */
export async function decodeJpegMasks(
  parsed: (ParsedMask | null)[],
  decoder: DecodeStage,
  options: MaskLabelOptions,
  ids: IdList,
): Promise<Map<number, CassetteError>> {
  const errors = new Map<number, CassetteError>();
  const places = parsed.flatMap((mask, i) => (mask && "jpeg" in mask ? [i] : []));
  const files = places.map((i) => (parsed[i] as { jpeg: Uint8Array }).jpeg);
  const blobs = { length: files.length, blob: (i: number) => files[i] };
  for await (const { first, images } of decoder.decodeParts(blobs, { ids: ids.pick(places) })) {
    using _images = images;
    const faults = await images.verify();
    for (let i = 0; i < images.images.length; i++) {
      const place = places[first + i];
      parsed[place] = null;
      try {
        if (faults[i]) throw faults[i];
        const { width, height, channels, data } = await images.read(i);
        const classes = new Uint32Array(width * height).map((_, p) => data[p * channels]);
        checkClasses({ width, height, classes }, options);
        parsed[place] = { width, height, classes };
      } catch (error) {
        if (!(error instanceof CassetteError)) throw error;
        errors.set(place, error);
      }
    }
  }
  return errors;
}

/**
 * Says why a mask does not fit its image.
 *
 * @param mask The mask.
 * @param image The image.
 * @param sampleId Id of the sample.
 * @returns The error, or undefined if both have one size.
 */
export function maskMismatch(
  mask: MaskPixels,
  image: GpuImage,
  sampleId: string,
): ShapeError | undefined {
  if (mask.width === image.width && mask.height === image.height) return undefined;
  return new ShapeError(
    `Cannot use the mask of sample ${sampleId} as it must be as large as its image, ${image.width}×${image.height}: received ${mask.width}×${mask.height}`,
    { sampleId, option: "labels" },
  );
}

/**
 * Brings masks to the GPU, a word a pixel.
 *
 * @param masks The masks; null where there is none.
 * @param device The device.
 * @param pool Lends the buffer; it goes back on dispose.
 * @returns The masks, laid out as decoded pictures are.
 * @throws {LimitsError} If there is no memory for them.
 * @throws {GpuError} If the device refuses them otherwise.
 */
export async function uploadMasks(
  masks: readonly (MaskPixels | null)[],
  device: GPUDevice,
  pool: BufferPool,
): Promise<GpuImages> {
  const { places, end } = layOut(masks, 0);
  const buffer = await lendWords(pool, end, "masks");
  try {
    await submitted(device, "bring masks to the device", () => {
      masks.forEach((mask, i) => mask && writeWords(device, buffer, places[i]!, mask.classes));
    });
  } catch (error) {
    pool.release(buffer);
    throw error;
  }
  return new GpuImages(device, buffer, places, (buffer) => pool.release(buffer));
}
