import { largest } from "../extremes.ts";
import { pathToFileURL } from "node:url";
import { createJimp } from "@jimp/core";
import png from "@jimp/js-png";
import { methods as print } from "@jimp/plugin-print";
import { SANS_16_WHITE } from "@jimp/plugin-print/fonts";
import { loadFont } from "@jimp/plugin-print/load-font";

/** One picture of a contact sheet. */
export interface SheetCell {
  /** RGB bytes, row by row; null for a sample that could not be loaded. */
  pixels: Uint8Array | null;
  /** One line below the picture. */
  caption: string;
  /** Whether the caption tells of a failure. */
  bad?: boolean;
}

const Jimp = createJimp({ formats: [png], plugins: [print] });

const GAP = 6;
const CAPTION = 22;
const BACKGROUND = 0x202020ff;
const BAD = 0x802020ff;

/**
 * Draws pictures of one size in rows, each with a caption.
 *
 * @param rows The pictures by row.
 * @param width Width of each picture, in pixels.
 * @param height Height of each picture, in pixels.
 * @returns A PNG file.
 */
export async function drawSheet(
  rows: readonly (readonly SheetCell[])[],
  width: number,
  height: number,
): Promise<Uint8Array> {
  const columns = largest(rows.map((row) => row.length));
  const stepX = width + GAP;
  const stepY = height + CAPTION + GAP;
  const sheet = new Jimp({
    width: GAP + columns * stepX,
    height: GAP + rows.length * stepY,
    color: BACKGROUND,
  });
  // As a URL: a bare path does not pass for one in Deno.
  const font = await loadFont(pathToFileURL(SANS_16_WHITE).href);
  rows.forEach((row, r) =>
    row.forEach(({ pixels, caption, bad }, c) => {
      const x = GAP + c * stepX;
      const y = GAP + r * stepY;
      const picture = pixels
        ? Jimp.fromBitmap({ width, height, data: toRgba(pixels) })
        : new Jimp({ width, height, color: BAD });
      sheet.composite(picture, x, y);
      if (bad) sheet.composite(new Jimp({ width, height: CAPTION, color: BAD }), x, y + height);
      const text = new Jimp({ width, height: CAPTION });
      text.print({ font, x: 1, y: 2, text: caption });
      sheet.composite(text, x, y + height);
    })
  );
  return new Uint8Array(await sheet.getBuffer("image/png"));
}

function toRgba(rgb: Uint8Array): Uint8Array {
  const rgba = new Uint8Array(rgb.length / 3 * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from];
    rgba[to + 1] = rgb[from + 1];
    rgba[to + 2] = rgb[from + 2];
  }
  return rgba;
}
