import type { PngImage } from "./png.ts";

/** Pixels of a picture as the GPU has them: a word each, R in the lowest byte, then G, B and 255. */
export interface PixelWords {
  /** Columns, in pixels. */
  width: number;
  /** Rows, in pixels. */
  height: number;
  /** 1 for grey, 3 for colour. */
  channels: 1 | 3;
  /** The pixels, row by row. */
  words: Uint32Array<ArrayBuffer>;
}

const OPAQUE = 0xff000000;

/**
 * Turns a decoded PNG file into 8-bit pixels. Transparency is left out, as image loaders for training do.
 *
 * @param png The decoded file.
 * @returns Its pixels; numbers of other depths are scaled so that the largest is 255.
 */
export function pngPixels({ width, height, channels, depth, data, palette }: PngImage): PixelWords {
  const words = new Uint32Array(width * height);
  if (palette) {
    const colors = palette.map(([r, g, b]) => (OPAQUE | b << 16 | g << 8 | r) >>> 0);
    for (let i = 0; i < words.length; i++) words[i] = colors[data[i]] ?? OPAQUE;
    return { width, height, channels: 3, words };
  }
  const scale = 255 / (2 ** depth - 1);
  const byte = (at: number) => depth === 8 ? data[at] : Math.round(data[at] * scale);
  const colour = channels >= 3;
  for (let i = 0, at = 0; i < words.length; i++, at += channels) {
    const r = byte(at);
    const g = colour ? byte(at + 1) : r;
    const b = colour ? byte(at + 2) : r;
    words[i] = (OPAQUE | b << 16 | g << 8 | r) >>> 0;
  }
  return { width, height, channels: colour ? 3 : 1, words };
}
