import type { Sharp } from "sharp";
import { OptionCheck } from "../check.ts";
import { ShapeError, UnsupportedFormatError, UsageError } from "../errors.ts";
import type { ItemContents } from "./input.ts";
import type { SampleRecord } from "./record.ts";

/** Options of {@linkcode reencode}. */
export interface ReencodeOptions {
  /** Length of the shorter side, in pixels; smaller pictures are enlarged. As it is when left out. */
  shorterSide?: number;
  /** Side of a square that is cut from the centre after that, in pixels; no cut when left out. */
  centerCrop?: number;
  /** Format of the pictures; `jpeg` when left out. Masks are always PNG. */
  format?: "jpeg" | "png";
  /** Quality of JPEG, 1 to 100; 90 when left out. */
  quality?: number;
}

/** Something that is done to each picture before it is stored. */
export interface Reencode {
  /** What is done, as a text: another recipe makes other records. */
  readonly recipe: string;
  /**
   * Does it.
   *
   * @param record Picture and label as they were read.
   * @returns Picture and label as they shall be stored.
   */
  apply(record: SampleRecord): Promise<ItemContents>;
}

const KNOWN: Record<keyof ReencodeOptions, true> = {
  shorterSide: true,
  centerCrop: true,
  format: true,
  quality: true,
};

const PNG = [0x89, 0x50, 0x4e, 0x47];
const PNG_COLOUR_TYPE = 25;
const PALETTE = 3;

/**
 * Re-encodes pictures with `npm:sharp` (libvips), which is loaded when the first one comes; a mask
 * goes through the same geometry with nearest sampling.
 *
 * @param options Size, format and quality.
 * @returns What `ingest` takes as `reencode`.
 * @throws {UsageError} If an option is out of its range.
 */
export function reencode(options: ReencodeOptions): Reencode {
  new OptionCheck("re-encode").names(options, KNOWN);
  const { shorterSide, centerCrop, format = "jpeg", quality = 90 } = options;
  if (format === "png" && options.quality !== undefined) {
    throw new UsageError(
      `Cannot re-encode as quality must be left out where format is "png": received ${quality}`,
      { option: "quality" },
    );
  }
  check("shorterSide", shorterSide, 1, 65_500);
  check("centerCrop", centerCrop, 1, 65_500);
  check("quality", quality, 1, 100);
  if (format !== "jpeg" && format !== "png") {
    throw new UsageError(
      `Cannot re-encode as format must be "jpeg" or "png": received "${format}"`,
      { option: "format" },
    );
  }
  const recipe = JSON.stringify([
    shorterSide ?? null,
    centerCrop ?? null,
    format,
    ...(format === "jpeg" ? [quality] : []),
  ]);
  return {
    recipe,
    async apply({ path, data, label }) {
      const { default: sharp } = await import("sharp");
      // One picture a thread: many are under way at once already.
      const open = (bytes: Uint8Array) => sharp(bytes, { failOn: "error" });
      const picture = open(data).autoOrient();
      const size = (await open(data).metadata()).autoOrient;
      const shaped = shape(picture, size, options, "cubic");
      const encoded = format === "png"
        ? shaped.png()
        // Transparent parts have no colour of their own; black is what most viewers begin with.
        : shaped.flatten({ background: "#000" }).jpeg({ quality });
      const made: ItemContents = { data: new Uint8Array(await encoded.toBuffer()) };
      if (label instanceof Uint8Array && PNG.every((byte, i) => label[i] === byte)) {
        made.label = await reencodeMask(path, label, size, options, open);
      }
      return made;
    },
  };
}

async function reencodeMask(
  path: string,
  mask: Uint8Array,
  size: Size,
  options: ReencodeOptions,
  open: (bytes: Uint8Array) => Sharp,
): Promise<Uint8Array> {
  // libvips gives the colours of a palette, and the numbers, which are the classes, are gone.
  if (mask[PNG_COLOUR_TYPE] === PALETTE) {
    throw new UnsupportedFormatError(
      `Cannot re-encode the mask of ${path} as it must be grey or RGB: received a palette`,
    );
  }
  const { width, height, depth, channels } = await open(mask).metadata();
  if (width !== size.width || height !== size.height) {
    throw new ShapeError(
      `Cannot re-encode the mask of ${path} as it must be as large as its picture, ${size.width}×${size.height}: received ${width}×${height}`,
    );
  }
  const shaped = shape(open(mask), size, options, "nearest");
  const grey = channels < 3 ? shaped.toColourspace(depth === "ushort" ? "grey16" : "b-w") : shaped;
  return new Uint8Array(await grey.png({ palette: false }).toBuffer());
}

interface Size {
  width: number;
  height: number;
}

function shape(
  image: Sharp,
  { width, height }: Size,
  { shorterSide, centerCrop }: ReencodeOptions,
  kernel: "cubic" | "nearest",
): Sharp {
  if (shorterSide !== undefined) {
    const scale = shorterSide / Math.min(width, height);
    width = Math.max(shorterSide, Math.round(width * scale));
    height = Math.max(shorterSide, Math.round(height * scale));
    image = image.resize(width, height, { kernel, fit: "fill", fastShrinkOnLoad: false });
  }
  if (centerCrop === undefined) return image;
  if (centerCrop > Math.min(width, height)) {
    throw new ShapeError(
      `Cannot crop a picture as its sides must be at least centerCrop, ${centerCrop}: received ${width}×${height}`,
    );
  }
  return image.extract({
    left: Math.floor((width - centerCrop) / 2),
    top: Math.floor((height - centerCrop) / 2),
    width: centerCrop,
    height: centerCrop,
  });
}

function check(option: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UsageError(
    `Cannot re-encode as ${option} must be a whole number from ${least} to ${most}: received ${value}`,
    { option },
  );
}
