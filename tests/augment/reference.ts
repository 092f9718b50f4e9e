/**
 * Augmentation in plain double precision, written from the formulas and sharing no code with the
 * library: images are arrays of [r, g, b], every operator makes a new image.
 */

/** An image of three channels, row by row. */
export interface Picture {
  width: number;
  height: number;
  /** r, g, b of each pixel. */
  data: Float64Array;
}

/** Makes a picture from a function of column, row and channel. */
export function draw(
  width: number,
  height: number,
  value: (x: number, y: number, channel: number) => number,
): Picture {
  const data = new Float64Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[i++] = value(x, y, c);
    }
  }
  return { width, height, data };
}

/** One channel of one pixel; beyond the border the outermost pixels go on. */
function at(picture: Picture, x: number, y: number, c: number): number {
  const cx = Math.min(Math.max(x, 0), picture.width - 1);
  const cy = Math.min(Math.max(y, 0), picture.height - 1);
  return picture.data[(cy * picture.width + cx) * 3 + c];
}

export function crop(picture: Picture, x0: number, y0: number, w: number, h: number): Picture {
  return draw(w, h, (x, y, c) => at(picture, x0 + x, y0 + y, c));
}

export function flip(picture: Picture, horizontal: boolean, vertical: boolean): Picture {
  const { width, height } = picture;
  return draw(
    width,
    height,
    (x, y, c) => at(picture, horizontal ? width - 1 - x : x, vertical ? height - 1 - y : y, c),
  );
}

export function normalize(picture: Picture, mean: number[], std: number[]): Picture {
  const { width, height } = picture;
  return draw(width, height, (x, y, c) => (at(picture, x, y, c) - mean[c]) / std[c]);
}

const sinc = (x: number): number => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);

const KERNELS: Record<string, { radius: number; weight: (x: number) => number }> = {
  linear: { radius: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  cubic: {
    radius: 2,
    weight(x) {
      const d = Math.abs(x), a = -0.5;
      if (d < 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
      if (d < 2) return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
      return 0;
    },
  },
  lanczos3: { radius: 3, weight: (x) => Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0 },
  gaussian: { radius: 1, weight: (x) => Math.abs(x) < 0.999 ? Math.exp(-4 * x * x) : 0 },
};

/** Pixels and weights that make one pixel of a resized line. */
function taps(
  filter: string,
  antialias: boolean,
  start: number,
  span: number,
  size: number,
  x: number,
): { first: number; weights: number[] } {
  const scale = span / size;
  // Multiplied first, so that a place that is a whole number comes out as one.
  const place = start + (x + 0.5) * span / size;
  if (filter === "nearest") return { first: Math.floor(place), weights: [1] };
  const { radius, weight } = KERNELS[filter === "triangular" ? "linear" : filter];
  const stretch = antialias && scale > 1 ? scale : 1;
  const centre = place - 0.5;
  const first = Math.ceil(centre - radius * stretch);
  const weights: number[] = [];
  for (let k = first; k <= centre + radius * stretch; k++) {
    weights.push(weight((k - centre) / stretch));
  }
  const sum = weights.reduce((a, b) => a + b, 0);
  return { first, weights: weights.map((w) => w / sum) };
}

/** Resamples the rectangle at (x0, y0) of spanX × spanY pixels to w × h. */
export function resample(
  picture: Picture,
  [x0, y0, spanX, spanY]: [number, number, number, number],
  w: number,
  h: number,
  filter = "linear",
  antialias = true,
): Picture {
  const columns = Array.from({ length: w }, (_, x) => taps(filter, antialias, x0, spanX, w, x));
  const rows = Array.from({ length: h }, (_, y) => taps(filter, antialias, y0, spanY, h, y));
  const across = draw(w, picture.height, (x, y, c) => {
    let sum = 0;
    columns[x].weights.forEach((weight, k) =>
      sum += weight * at(picture, columns[x].first + k, y, c)
    );
    return sum;
  });
  return draw(w, h, (x, y, c) => {
    let sum = 0;
    rows[y].weights.forEach((weight, k) => sum += weight * at(across, x, rows[y].first + k, c));
    return sum;
  });
}

/** Rounds half to even and clamps to 0–255. */
export function toBytes(data: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(data, (value) => {
    const clamped = Math.min(255, Math.max(0, value));
    const floor = Math.floor(clamped);
    const half = clamped - floor === 0.5;
    return half ? floor + (floor % 2) : Math.round(clamped);
  });
}

/** The same elements by channel, row and column instead of row, column and channel. */
export function planes(picture: Picture): Float64Array {
  const { width, height, data } = picture;
  const result = new Float64Array(data.length);
  for (let c = 0, i = 0; c < 3; c++) {
    for (let p = 0; p < width * height; p++) result[i++] = data[p * 3 + c];
  }
  return result;
}
