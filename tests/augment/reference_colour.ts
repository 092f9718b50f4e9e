/** Colour operators in plain double precision, from their definitions. */
import { type Picture, toBytes } from "./reference.ts";

type Rgb = [number, number, number];

function map(picture: Picture, change: (rgb: Rgb, pixel: number) => number[]): Picture {
  const { width, height, data } = picture;
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out.set(change([data[i], data[i + 1], data[i + 2]], i / 3), i);
  }
  return { width, height, data: out };
}

const luma = ([r, g, b]: Rgb): number => 0.299 * r + 0.587 * g + 0.114 * b;

export const brightness = (picture: Picture, factor: number, shift = 0): Picture =>
  map(picture, (rgb) => rgb.map((v) => v * factor + shift * 255));

export const contrast = (picture: Picture, factor: number, center = 128): Picture =>
  map(picture, (rgb) => rgb.map((v) => center + (v - center) * factor));

/** The whole number nearest to the mean luma of the bytes, each rounded as Pillow does. */
export function meanLuma(picture: Picture): number {
  const bytes = toBytes(picture.data);
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    sum += Math.floor(
      (19595 * bytes[i] + 38470 * bytes[i + 1] + 7471 * bytes[i + 2] + 32768) / 65536,
    );
  }
  return Math.floor(sum / (bytes.length / 3) + 0.5);
}

/** Away from the pixel's own grey. */
export const saturation = (picture: Picture, factor: number): Picture =>
  map(picture, (rgb) => rgb.map((v) => luma(rgb) + factor * (v - luma(rgb))));

/** Solves three equations by Cramer's rule. */
function solve(rows: number[][], right: number[]): number[] {
  const det = ([a, b, c]: number[][]): number =>
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0]);
  return [0, 1, 2].map((k) =>
    det(rows.map((row, i) => row.map((v, j) => j === k ? right[i] : v))) / det(rows)
  );
}

const YIQ = [[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]];

/** In YIQ: chroma turned and scaled; then contrast about 128, then brightness. */
export function colorTwist(
  picture: Picture,
  { brightness = 1, contrast = 1, hue = 0, saturation = 1 },
): Picture {
  const turn = hue / 180 * Math.PI;
  return map(picture, (rgb) => {
    const [y, i, q] = YIQ.map((row) => row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]);
    const turned = [
      y,
      saturation * (i * Math.cos(turn) + q * Math.sin(turn)),
      saturation * (q * Math.cos(turn) - i * Math.sin(turn)),
    ];
    return solve(YIQ, turned).map((v) => brightness * (128 + contrast * (v - 128)));
  });
}

export const grayscale = (picture: Picture): Picture =>
  map(picture, (rgb) => [luma(rgb), luma(rgb), luma(rgb)]);

export const invert = (picture: Picture): Picture => map(picture, (rgb) => rgb.map((v) => 255 - v));

export const posterize = (picture: Picture, bits: number): Picture =>
  map(picture, (rgb) => Array.from(toBytes(rgb), (v) => v & (0xff00 >> bits)));

export const solarize = (picture: Picture, threshold: number): Picture =>
  map(picture, (rgb) => Array.from(toBytes(rgb), (v) => v < threshold ? v : 255 - v));

function perChannel(picture: Picture, table: (histogram: number[]) => number[]): Picture {
  const bytes = toBytes(picture.data);
  const tables = [0, 1, 2].map((c) => {
    const histogram = new Array<number>(256).fill(0);
    for (let i = c; i < bytes.length; i += 3) histogram[bytes[i]]++;
    return table(histogram);
  });
  return map(picture, (_, pixel) => [0, 1, 2].map((c) => tables[c][bytes[3 * pixel + c]]));
}

/** As the documentation of Pillow's ImageOps.equalize has it in code. */
export const equalize = (picture: Picture): Picture =>
  perChannel(picture, (histogram) => {
    const used = histogram.filter((count) => count > 0);
    const pixels = used.reduce((a, b) => a + b, 0);
    const step = Math.trunc((pixels - used[used.length - 1]) / 255);
    let sum = Math.trunc(step / 2);
    return histogram.map((count, level) => {
      const value = step === 0 ? level : Math.min(255, Math.trunc(sum / step));
      sum += count;
      return value;
    });
  });

export const autoContrast = (picture: Picture): Picture =>
  perChannel(picture, (histogram) => {
    const low = histogram.findIndex((count) => count > 0);
    const high = histogram.findLastIndex((count) => count > 0);
    return histogram.map((_, v) =>
      low === high ? v : Math.min(255, Math.max(0, (v - low) * 255 / (high - low)))
    );
  });

/** pcg4d of Jarzynski and Olano, with BigInt in place of wrapping words. */
function pcg4d(seed: number[]): number[] {
  const word = (v: bigint): bigint => v & 0xffffffffn;
  let [x, y, z, w] = seed.map((v) => word(BigInt(v) * 1664525n + 1013904223n));
  const stir = (): void => {
    x = word(x + y * w);
    y = word(y + z * x);
    z = word(z + x * y);
    w = word(w + y * z);
  };
  stir();
  [x, y, z, w] = [x, y, z, w].map((v) => v ^ (v >> 16n));
  stir();
  return [x, y, z, w].map(Number);
}

export function gaussianNoise(
  picture: Picture,
  mean: number,
  stddev: number,
  seeds: [number, number],
): Picture {
  return map(picture, (rgb, pixel) => {
    const x = pixel % picture.width, y = Math.floor(pixel / picture.width);
    const u = pcg4d([x, y, ...seeds]).map((word) => ((word >>> 9) + 0.5) / 2 ** 23);
    const first = Math.sqrt(-2 * Math.log(u[0])), second = Math.sqrt(-2 * Math.log(u[1]));
    const normal = [
      first * Math.cos(2 * Math.PI * u[2]),
      first * Math.sin(2 * Math.PI * u[2]),
      second * Math.cos(2 * Math.PI * u[3]),
    ];
    return rgb.map((v, c) => v + mean + stddev * normal[c]);
  });
}

export function mix(own: Picture, partner: Picture, weight: number): Picture {
  return map(
    own,
    (rgb, pixel) => rgb.map((v, c) => v * weight + partner.data[3 * pixel + c] * (1 - weight)),
  );
}
