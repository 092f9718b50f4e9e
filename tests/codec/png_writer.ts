/** Writes PNG files of every sort, by the definitions and slowly, for what encoders do not write. */
import { crc32, deflateSync } from "node:zlib";

/** What a file has in it. */
export interface PngParts {
  width: number;
  height: number;
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  type: number;
  /** The numbers, pixel by pixel. */
  numbers: ArrayLike<number>;
  interlaced?: boolean;
  /** The filter of each row, by its number among all rows; none when left out. */
  filter?: (row: number) => number;
  palette?: readonly number[];
}

/** Numbers of a pixel by colour type. */
export const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const ADAM7 = "1 6 4 6 2 6 4 6|7 7 7 7 7 7 7 7|5 6 5 6 5 6 5 6|7 7 7 7 7 7 7 7|" +
  "3 6 4 6 3 6 4 6|7 7 7 7 7 7 7 7|5 6 5 6 5 6 5 6|7 7 7 7 7 7 7 7";
/** The pass of each pixel of 8×8, as the specification's figure has it. */
const PASS = ADAM7.split("|").map((row) => row.split(" ").map(Number));

/** One chunk. */
export function chunk(type: string, data: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** A file of some chunks. */
export function pngOf(...chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return Uint8Array.from([...signature, ...chunks.flatMap((bytes) => [...bytes])]);
}

/** The header of a file. */
export function headerOf({ width, height, depth, type, interlaced }: PngParts): Uint8Array {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set([depth, type, 0, 0, Number(interlaced ?? false)], 8);
  return chunk("IHDR", data);
}

/** The rows of a file, filtered, but not compressed. */
export function rowsOf(parts: PngParts): number[] {
  const { width, height, depth, type, numbers, interlaced, filter = () => 0 } = parts;
  const channels = CHANNELS[type];
  const pixelBytes = Math.max(1, channels * depth / 8);
  const bytes: number[] = [];
  let count = 0;
  for (let pass = 1; pass <= (interlaced ? 7 : 1); pass++) {
    let before: number[] | undefined;
    for (let y = 0; y < height; y++) {
      let bits = "";
      for (let x = 0; x < width; x++) {
        if (interlaced && PASS[y % 8][x % 8] !== pass) continue;
        for (let c = 0; c < channels; c++) {
          bits += numbers[(y * width + x) * channels + c].toString(2).padStart(depth, "0");
        }
      }
      if (bits === "") continue;
      const row = bits.match(/.{1,8}/g)!.map((byte) => parseInt(byte.padEnd(8, "0"), 2));
      const kind = filter(count++);
      bytes.push(
        kind,
        ...row.map((value, i) => {
          const left = row[i - pixelBytes] ?? 0, up = before?.[i] ?? 0;
          const corner = before?.[i - pixelBytes] ?? 0;
          return (value - predictor(kind, left, up, corner)) & 255;
        }),
      );
      before = row;
    }
  }
  return bytes;
}

/** A whole file. */
export function writePng(parts: PngParts): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(deflateSync(Uint8Array.from(rowsOf(parts))));
  const palette = parts.palette ? [chunk("PLTE", parts.palette)] : [];
  const half = data.length >> 1;
  return pngOf(
    headerOf(parts),
    ...palette,
    chunk("tEXt", [65, 0, 66]),
    chunk("IDAT", data.subarray(0, half)),
    chunk("IDAT", data.subarray(half)),
    chunk("IEND", []),
  );
}

function predictor(filter: number, left: number, up: number, corner: number): number {
  const p = left + up - corner;
  const nearest = [left, up, corner].reduce((a, b) => Math.abs(p - b) < Math.abs(p - a) ? b : a);
  return [0, left, up, Math.floor((left + up) / 2), nearest][filter];
}
