import { OptionCheck } from "../check.ts";
import type { GpuImage, GpuImages, ImageRegion } from "../gpu/images.ts";
import { BufferPool } from "../gpu/pool.ts";
import { IdList } from "../ids.ts";
import type { LexedBlobs } from "./lex.ts";

/** Blobs to decode: a list of them, or a batch from a source. */
export type BlobList =
  | readonly Uint8Array[]
  | {
    /** Number of blobs. */
    readonly length: number;
    /**
     * One blob.
     *
     * @param index Its place.
     * @returns Its bytes; empty if there is none.
     */
    blob(index: number): Uint8Array;
    /** Their markers and segments, where they have been lexed already. */
    readonly lexed?: LexedBlobs;
  };

/**
 * How entropy-coded data is decoded: `segment` takes each restart segment (mostly a whole scan) in
 * order, many at once; `sync` cuts segments into pieces that find their places by themselves, for few
 * or large pictures; `auto` chooses by the adapter, the number of segments and their sizes. Both give
 * the same coefficients.
 */
export type EntropyPath = "auto" | "segment" | "sync";

/** Options of {@linkcode JpegDecoder}. */
export interface JpegDecoderOptions {
  /** Lends the GPU buffers; a pool of its own when left out. */
  pool?: BufferPool;
  /** Most pixels that a file's header may ask for; 2^28 when left out. */
  maxPixels?: number;
  /**
   * Most scans that a file may have, each of which is a pass over the picture; 100 when left out, which
   * is what the tools of libjpeg-turbo write at most. Photos have 1 to 12.
   */
  maxScans?: number;
  /** Whether pictures are turned as their EXIF orientation says; `apply` when left out. */
  orientation?: "apply" | "ignore";
  /** How entropy-coded data is decoded; `auto` when left out. */
  entropy?: EntropyPath;
  /** Told of each file that libjpeg-turbo would warn of. */
  onWarning?: (message: string) => void;
}

/**
 * What is needed of each picture; null where it is all of it. In place of a list, a function that is
 * told of pictures before they are decoded.
 *
 * @param images Sizes of consecutive pictures; null for a blob that cannot be decoded.
 * @param first Place of the first blob.
 * @returns A region for each.
 */
export type Regions =
  | readonly (ImageRegion | null)[]
  | ((images: readonly (GpuImage | null)[], first: number) => readonly (ImageRegion | null)[]);

/** Options of one decode. */
export interface DecodeOptions {
  /** Ids of the samples, for errors. */
  ids?: IdList;
  /** Aborts the decode: before it is submitted, or between two steps of one that takes long. */
  signal?: AbortSignal;
  /**
   * The region of each picture that is needed, in pixels of the picture as it is turned: blocks outside
   * of it are not transformed, and rows below it not even read, so that a file that is corrupt only
   * there is not reported. The picture has its whole size; pixels outside of its region are undefined.
   */
  regions?: Regions;
}

/** Options of a decode in parts. */
export interface DecodePartsOptions extends DecodeOptions {
  /** Most bytes of pixels in a part; what the device allows in one buffer when left out. */
  maxBytes?: number;
}

/** Consecutive blobs of a list, decoded. */
export interface DecodedPart {
  /** Place of the part's first blob in the list. */
  first: number;
  /** Their pictures. */
  images: GpuImages;
}

const KNOWN: Record<keyof JpegDecoderOptions, true> = {
  pool: true,
  maxPixels: true,
  maxScans: true,
  orientation: true,
  entropy: true,
  onWarning: true,
};

/**
 * Checks what a decoder is made of.
 *
 * @param device As the caller gave it.
 * @param options As the caller wrote them.
 * @throws {UsageError} If one is wrong, or there is no option of that name.
 */
export function checkDecoder(device: GPUDevice, options: JpegDecoderOptions): void {
  const check = new OptionCheck("make a JpegDecoder");
  check.device("device", device);
  check.names(options, KNOWN);
  const { pool, maxPixels = 1, maxScans = 1, orientation, entropy, onWarning } = options;
  const fits = pool === undefined || (pool instanceof BufferPool && pool.device === device);
  check.that(fits, "pool", "a BufferPool of the device", pool);
  check.that(maxPixels >= 1, "maxPixels", "at least 1", maxPixels);
  check.that(maxScans >= 1, "maxScans", "at least 1", maxScans);
  check.oneOf("orientation", orientation, ["apply", "ignore"]);
  check.oneOf("entropy", entropy, ["auto", "segment", "sync"]);
  check.callback("onWarning", onWarning);
}

const KNOWN_DECODE: Record<keyof DecodePartsOptions, true> = {
  ids: true,
  signal: true,
  regions: true,
  maxBytes: true,
};

/**
 * Checks what is to be decoded.
 *
 * @param blobs As the caller gave them.
 * @param options As the caller wrote them.
 * @throws {UsageError} If one is wrong, or there is no option of that name.
 */
export function checkDecode(blobs: BlobList, options: DecodePartsOptions): void {
  const check = new OptionCheck("decode");
  const isBatch = typeof blobs === "object" && blobs !== null && "blob" in blobs;
  check.that(isBatch || Array.isArray(blobs), "blobs", "a list of blobs, or a batch", blobs);
  if (!isBatch) {
    blobs.forEach((blob, i) =>
      check.that(blob instanceof Uint8Array, `blobs[${i}]`, "a Uint8Array", blob)
    );
  }
  check.names(options, KNOWN_DECODE);
  const { ids, signal, regions, maxBytes = 1 } = options;
  const each = `for each of ${blobs.length} blobs`;
  const areIds = ids === undefined || (ids instanceof IdList && ids.length === blobs.length);
  check.that(areIds, "ids", `an IdList with one ${each}`, ids);
  check.signal("signal", signal);
  const areRegions = regions === undefined || typeof regions === "function" ||
    (Array.isArray(regions) && regions.length === blobs.length);
  check.that(areRegions, "regions", `a list with one ${each}, or a function`, regions);
  check.that(maxBytes > 0, "maxBytes", "above 0", maxBytes);
}
