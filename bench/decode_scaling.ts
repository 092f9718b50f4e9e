/**
 * How the time of a decode grows: over the number of pictures in a batch, and over the size of one
 * picture. Drawn pictures or those of a folder, re-encoded at quality 90, 4:2:0; medians of 5. Small
 * decodes are several in flight, as the wait for their status is 11 ms at least.
 *
 * Run it by `deno task bench decode_scaling [--pictures DIR] [--chart FILE.svg]`; the last line is one
 * JSON object.
 */
import sharp, { type OverlayOptions } from "sharp";
import { JpegDecoder, requestDevice } from "../mod.ts";
import { lineChart, type Point } from "../tools/chart.ts";
import { median } from "./compare.ts";
import { encodeAll, loadPictures } from "./pictures.ts";

const BATCHES = [1, 4, 16, 64, 256, 1024];
const BATCH_SIZE = [224, 224] as const;
/** Width and height; from 0.05 to 12 megapixels. */
const SIZES = [[250, 188], [500, 375], [1000, 750], [2000, 1500], [4000, 3000]] as const;
/** Width and height of what a larger picture is put together from. */
const TILE = [500, 375] as const;
const RUNS = 5;
/** Most pixels of what is in flight, if one decode does not have more. */
const IN_FLIGHT_PIXELS = 24e6;
const OPTIONS = { quality: 90, chromaSubsampling: "4:2:0" };

const pictures = await loadPictures(undefined, 64);
console.error(`pictures: ${pictures.origin}`);
const device = await requestDevice();
using decoder = new JpegDecoder(device, { orientation: "ignore" });
await decoder.warmUp();

/** Milliseconds of one decode of some pixels, its status included. */
async function time(files: Uint8Array[], pixels: number): Promise<number> {
  const inFlight = Math.max(1, Math.floor(IN_FLIGHT_PIXELS / pixels));
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now();
    const decoded = [];
    for (let i = 0; i < inFlight; i++) decoded.push(await decoder.decode(files));
    const errors = (await Promise.all(decoded.map((images) => images.verify()))).flat();
    if (run > 0) times.push((performance.now() - start) / inFlight);
    for (const images of decoded) images[Symbol.dispose]();
    if (errors.some((error) => error)) throw errors.find((error) => error);
  }
  return median(times);
}

/** Pictures side by side, so that a large one has as much detail as a small one. */
async function mosaic(width: number, height: number): Promise<Uint8Array> {
  const [tileWidth, tileHeight] = TILE;
  const tiles: OverlayOptions[] = [];
  for (let top = 0; top < height; top += tileHeight) {
    for (let left = 0; left < width; left += tileWidth) {
      const input = await sharp(pictures.blobs[tiles.length % pictures.blobs.length])
        .resize(Math.min(tileWidth, width), Math.min(tileHeight, height), { fit: "cover" })
        .toBuffer();
      tiles.push({ input, left, top });
    }
  }
  const canvas = sharp({ create: { width, height, channels: 3, background: "black" } });
  return new Uint8Array(await canvas.composite(tiles).jpeg(OPTIONS).toBuffer());
}

const points: Point[] = [];
const rows: Record<string, number | string>[] = [];
async function measure(line: string, files: Uint8Array[], pixels: number): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  const ms = await time(files, pixels * files.length);
  points.push({ x: bytes / 1e6, y: ms, line });
  rows.push({
    line,
    count: files.length,
    megabytes: bytes / 1e6,
    ms,
    msPerMegabyte: ms * 1e6 / bytes,
  });
  console.error(
    `${line}: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB, ${ms.toFixed(1)} ms`,
  );
}

const [width, height] = BATCH_SIZE;
const small = await encodeAll(pictures, width, height, OPTIONS, 64);
for (const count of BATCHES) {
  await measure(
    `1 to 1,024 pictures of ${width}×${height}`,
    Array.from({ length: count }, (_, i) => small[i % small.length]),
    width * height,
  );
}
for (const [width, height] of SIZES) {
  const file = await mosaic(width, height);
  await measure("one picture of 0.05 to 12 megapixels", [file], width * height);
}
device.destroy();
const chart = Deno.args.indexOf("--chart");
if (chart !== -1) {
  const options = {
    title: "Time of a decode over the bytes of its files",
    x: "JPEG data (MB)",
    y: "time (ms)",
    scale: "log",
  } as const;
  await Deno.writeTextFile(Deno.args[chart + 1], await lineChart(points, options));
}
console.log(JSON.stringify({ rows }));
