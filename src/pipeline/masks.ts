import type { CpuDecoder } from "../codec/cpu_decoder.ts";
import type { MaskLabelOptions, MaskPixels } from "../codec/mask.ts";
import { isPng } from "../codec/png_file.ts";
import { CassetteError, ShapeError } from "../errors.ts";
import { GpuImages } from "../gpu/images.ts";
import type { BufferPool } from "../gpu/pool.ts";
import { submitted } from "../gpu/scope.ts";
import { readBuffer } from "../gpu/tensor.ts";
import type { IdList } from "../ids.ts";
import type { DecodeStage } from "./stages.ts";
import { layOut, lendWords, type Sized, writeWords } from "./word_images.ts";

/** What masks are decoded with. */
export interface MaskStage {
  /** Decodes those that are JPEG files. */
  decoder: DecodeStage;
  /** Decodes those that are PNG files. */
  cpu: CpuDecoder;
  /** How pixels are meant. */
  options: MaskLabelOptions;
}

type Size = Pick<Sized, "width" | "height">;

/** Masks of consecutive samples. */
export interface DecodedMasks {
  /** One a sample; null where there is none, or it is in `errors`. */
  masks: (MaskPixels | null)[];
  /** Why a mask could not be decoded. */
  errors: (CassetteError | undefined)[];
}

/**
 * Decodes the masks of images whose sizes are known, and brings the classes of their pixels to the CPU.
 * One of another size is not decoded.
 *
 * @param files One a sample; null where there is none to decode.
 * @param images Their images; null for one that failed, whose mask is passed over.
 * @param ids Ids of the samples, for errors.
 * @param stage What decodes them, and how.
 * @param signal Ends it.
 * @returns The masks.
 * @throws The signal's reason, if it is aborted.
 */
export async function decodeMasks(
  files: readonly (Uint8Array | null)[],
  images: readonly (Size | null)[],
  ids: IdList,
  { decoder, cpu, options }: MaskStage,
  signal?: AbortSignal,
): Promise<DecodedMasks> {
  const masks: DecodedMasks["masks"] = files.map(() => null);
  const errors: DecodedMasks["errors"] = files.map(() => undefined);
  const tried = async (i: number, decode: () => Promise<MaskPixels>) => {
    try {
      masks[i] = await decode();
    } catch (error) {
      if (!(error instanceof CassetteError)) throw error;
      errors[i] = error;
    }
  };
  const wanted = files.map((file, i) => (images[i] ? file : null));
  const pngs = wanted.map((file, i) =>
    file && isPng(file) && tried(i, async () => {
      const header = cpu.header(file);
      checkSize(header, images[i]!, ids.at(i));
      const { width, height } = header;
      return { width, height, classes: await cpu.mask(file, header, options, signal) };
    })
  );
  const jpegs = wanted.flatMap((file, i) => (file && !isPng(file) ? [i] : []));
  const blobs = { length: jpegs.length, blob: (i: number) => wanted[jpegs[i]]! };
  const read = async () => {
    const parts = decoder.decodeParts(blobs, { ids: ids.pick(jpegs), signal });
    for await (const { first, images: decoded } of parts) {
      using _decoded = decoded;
      const faults = await decoded.verify();
      for (let j = 0; j < decoded.images.length; j++) {
        const i = jpegs[first + j];
        await tried(i, async () => {
          if (faults[j]) throw faults[j];
          const { byteOffset, width, height, rowPitch } = decoded.images[j]!;
          checkSize({ width, height }, images[i]!, ids.at(i));
          const length = rowPitch * height;
          const rows = await readBuffer(decoded.device, decoded.buffer, byteOffset, length);
          const size = { width, height, pitch: rowPitch };
          const classes = await cpu.words(rows, size, options, signal);
          return { width, height, classes };
        });
      }
    }
  };
  const ended = await Promise.allSettled([...pngs, read()]);
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return { masks, errors };
}

/** Throws unless a mask is as large as its image. */
function checkSize(mask: Size, image: Size, sampleId: string): void {
  if (mask.width === image.width && mask.height === image.height) return;
  throw new ShapeError(
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
