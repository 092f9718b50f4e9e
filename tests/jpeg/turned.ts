import type { Picture } from "./support.ts";

/** What a viewer shows (EXIF 2.32, figure of tag 274), pixel by pixel. */
export function turned(picture: Picture, orientation: number): Picture {
  const { width: w, height: h, channels, data } = picture;
  const swap = orientation >= 5;
  const width = swap ? h : w;
  const height = swap ? w : h;
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = [
        [x, y],
        [w - 1 - x, y],
        [w - 1 - x, h - 1 - y],
        [x, h - 1 - y],
        [y, x],
        [y, h - 1 - x],
        [w - 1 - y, h - 1 - x],
        [w - 1 - y, x],
      ][orientation - 1];
      for (let c = 0; c < channels; c++) {
        out[(y * width + x) * channels + c] = data[(sy * w + sx) * channels + c];
      }
    }
  }
  return { width, height, channels, data: out };
}
