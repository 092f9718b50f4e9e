/**
 * Turns numbers of pixels into classes. Workers get the text of these functions: each uses nothing but
 * its arguments and the functions beside it, which {@linkcode MASK_FUNCTIONS} lists.
 */

/** How the pixels of masks are meant. */
export interface MaskLabelOptions {
  /** Number of classes: pixels are 0 to `classes - 1`, or `ignore`. */
  classes: number;
  /** Class of each colour, by its place, for masks in colour: `[[0, 0, 0], [255, 0, 0]]`. */
  colors?: readonly (readonly [number, number, number])[];
  /**
   * A number that is allowed beside the classes, and that is given to what lies beyond an image, and to
   * all of a sample that failed or only fills the batch. None when left out: then 0 lies beyond an
   * image, and such a sample is 255, or -1 where that is a class.
   */
  ignore?: number;
}

/**
 * Ends with what is wrong with a mask.
 *
 * @param expected What it must have.
 * @param received What it has.
 * @param index Place of the pixel.
 * @param width Pixels of a row.
 */
function maskFault(
  expected: string,
  received: string | number,
  index: number,
  width: number,
): never {
  const where = ` at column ${index % width}, row ${Math.floor(index / width)}`;
  throw Object.assign(new Error(expected), {
    expected,
    received: `${received}${where}`,
    mask: true,
  });
}

/**
 * Puts the class of each colour in its place.
 *
 * @param pixels Colours, `0xRRGGBB`; changed.
 * @param width Pixels of a row.
 * @param colors Colours by class.
 */
export function colorsToClasses(
  pixels: Uint32Array,
  width: number,
  colors: NonNullable<MaskLabelOptions["colors"]>,
): void {
  const classes = new Map(colors.map(([r, g, b], i) => [r << 16 | g << 8 | b, i]));
  let last = -1;
  let known = 0;
  for (let i = 0; i < pixels.length; i++) {
    const color = pixels[i];
    if (color !== last) {
      const found = classes.get(color);
      if (found === undefined) {
        const hex = `#${color.toString(16).padStart(6, "0")}`;
        maskFault("colours must be in colors", hex, i, width);
      }
      last = color;
      known = found!;
    }
    pixels[i] = known;
  }
}

/**
 * Ends unless each pixel is a class.
 *
 * @param pixels The classes.
 * @param width Pixels of a row.
 * @param options How they are meant.
 */
export function checkClasses(
  pixels: Uint32Array,
  width: number,
  { classes, ignore }: MaskLabelOptions,
): void {
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] < classes || pixels[i] === ignore) continue;
    maskFault(`pixels must be below ${classes}`, pixels[i], i, width);
  }
}

/**
 * Takes the first byte of each pixel, which has four.
 *
 * @param bytes Rows.
 * @param width Pixels of a row.
 * @param height Rows.
 * @param pitch Bytes from one row to the next.
 * @returns The bytes, without gaps.
 */
export function firstBytes(
  bytes: Uint8Array,
  width: number,
  height: number,
  pitch: number,
): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = y * pitch; x < width; x++, at += 4) out[to++] = bytes[at];
  }
  return out;
}

/** The functions above, for whoever takes their text. */
export const MASK_FUNCTIONS = [maskFault, colorsToClasses, checkClasses, firstBytes] as const;
