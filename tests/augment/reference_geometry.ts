/** Geometric operators in plain double precision, from their definitions. */
import { draw, type Picture } from "./reference.ts";

/** What lies beyond the border: a colour, or the outermost pixels. */
export type Beyond = number[] | "edge";

function get(picture: Picture, x: number, y: number, c: number, beyond: Beyond): number {
  const { width, height, data } = picture;
  if (beyond !== "edge" && (x < 0 || y < 0 || x >= width || y >= height)) return beyond[c];
  const column = x < 0 ? 0 : x >= width ? width - 1 : x;
  const row = y < 0 ? 0 : y >= height ? height - 1 : y;
  return data[3 * (row * width + column) + c];
}

export function pad(
  picture: Picture,
  left: number,
  top: number,
  right: number,
  bottom: number,
  beyond: Beyond,
): Picture {
  const { width, height } = picture;
  return draw(
    width + left + right,
    height + top + bottom,
    (x, y, c) => get(picture, x - left, y - top, c, beyond),
  );
}

/** Fills columns x0 ≤ x < x1 of rows y0 ≤ y < y1. */
export function erase(
  picture: Picture,
  [x0, y0, x1, y1]: [number, number, number, number],
  fill: number[],
): Picture {
  return draw(
    picture.width,
    picture.height,
    (x, y, c) => x >= x0 && x < x1 && y >= y0 && y < y1 ? fill[c] : get(picture, x, y, c, "edge"),
  );
}

/** From where in the source, in pixels from its corner, a point of the result comes. */
export type Origin = (x: number, y: number) => [number, number];

/** Where a rotation by degrees, counter-clockwise about the centres, takes its pixels from. */
export function rotated(picture: Picture, degrees: number, width: number, height: number): Origin {
  const angle = degrees / 180 * Math.PI;
  return (x, y) => {
    // Up is positive here, as in a textbook.
    const right = x - width / 2, up = height / 2 - y;
    const backRight = right * Math.cos(angle) + up * Math.sin(angle);
    const backUp = -right * Math.sin(angle) + up * Math.cos(angle);
    return [picture.width / 2 + backRight, picture.height / 2 - backUp];
  };
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x));
const catmullRom = (x: number): number => {
  const d = Math.abs(x);
  if (d <= 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
  return d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
};

/** Takes every pixel from where `origin` says, with a filter along the axes of the source. */
export function warp(
  picture: Picture,
  origin: Origin,
  width: number,
  height: number,
  filter: "nearest" | "linear" | "cubic",
  beyond: Beyond,
  stretch: [number, number] = [1, 1],
): Picture {
  const [weight, lobe] = filter === "cubic" ? [catmullRom, 2] : [triangle, 1];
  const out = new Float64Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = origin(x + 0.5, y + 0.5);
      const i = 3 * (y * width + x);
      if (filter === "nearest") {
        for (let c = 0; c < 3; c++) {
          out[i + c] = get(picture, Math.floor(sx), Math.floor(sy), c, beyond);
        }
        continue;
      }
      let total = 0;
      const reachX = lobe * stretch[0], reachY = lobe * stretch[1];
      for (let py = Math.floor(sy - 0.5 - reachY); py <= sy - 0.5 + reachY + 1; py++) {
        for (let px = Math.floor(sx - 0.5 - reachX); px <= sx - 0.5 + reachX + 1; px++) {
          const w = weight((px + 0.5 - sx) / stretch[0]) * weight((py + 0.5 - sy) / stretch[1]);
          if (w === 0) continue;
          total += w;
          for (let c = 0; c < 3; c++) out[i + c] += w * get(picture, px, py, c, beyond);
        }
      }
      for (let c = 0; c < 3; c++) out[i + c] /= total;
    }
  }
  return { width, height, data: out };
}

/** Index of a signal that is mirrored at its outermost elements, which are there once. */
function mirror(i: number, size: number): number {
  if (size === 1) return 0;
  let k = i;
  while (k < 0 || k >= size) k = k < 0 ? -k : 2 * (size - 1) - k;
  return k;
}

export function gaussianBlur(picture: Picture, sigma: number, radius: number): Picture {
  const weights: number[] = [];
  for (let k = -radius; k <= radius; k++) weights.push(Math.exp(-((k / sigma) ** 2) / 2));
  const sum = weights.reduce((a, b) => a + b);
  const { width, height } = picture;
  const across = draw(width, height, (x, y, c) => {
    let value = 0;
    weights.forEach((w, k) =>
      value += w * get(picture, mirror(x + k - radius, width), y, c, "edge")
    );
    return value / sum;
  });
  return draw(width, height, (x, y, c) => {
    let value = 0;
    weights.forEach((w, k) =>
      value += w * get(across, x, mirror(y + k - radius, height), c, "edge")
    );
    return value / sum;
  });
}

export function sharpness(picture: Picture, factor: number): Picture {
  const { width, height } = picture;
  const kernel = [1, 1, 1, 1, 5, 1, 1, 1, 1];
  return draw(width, height, (x, y, c) => {
    const own = get(picture, x, y, c, "edge");
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return own;
    const smooth = kernel.reduce(
      (sum, w, k) =>
        sum + w / 13 * get(picture, x + k % 3 - 1, y + Math.floor(k / 3) - 1, c, "edge"),
      0,
    );
    return smooth + factor * (own - smooth);
  });
}
