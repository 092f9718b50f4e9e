/**
 * How the time of a decode grows: over the number of pictures in a batch, and over their size. Drawn
 * pictures or those of a folder, re-encoded at quality 90, 4:2:0; medians of 5.
 *
 * Run it by `deno task bench decode_scaling [--pictures DIR] [--chart FILE.svg]`; the last line is one
 * JSON object.
 */
import { JpegDecoder, requestDevice } from "../mod.ts";
import { lineChart, type Point } from "../tools/chart.ts";
import { median } from "./compare.ts";
import { encodeAll, loadPictures } from "./pictures.ts";

const BATCHES = [1, 4, 16, 64, 256, 1024];
const BATCH_SIZE = [224, 224] as const;
/** Width and height; from 0.05 to 12 megapixels. */
const SIZES = [[258, 194], [500, 375], [1000, 750], [2000, 1500], [4000, 3000]] as const;
/** Pictures of each size together: so many that all sizes have about as many pixels. */
const PIXELS = 12e6;
const RUNS = 5;
const OPTIONS = { quality: 90, chromaSubsampling: "4:2:0" };

const pictures = await loadPictures(undefined, 64);
console.error(`pictures: ${pictures.origin}`);
const device = await requestDevice();
using decoder = new JpegDecoder(device, { orientation: "ignore" });
await decoder.warmUp();

/** Milliseconds of one decode, its status included. */
async function time(files: Uint8Array[]): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const start = performance.now();
    using images = await decoder.decode(files);
    const errors = await images.verify();
    if (run > 0) times.push(performance.now() - start);
    if (errors.some((error) => error)) throw errors.find((error) => error);
  }
  return median(times);
}

const points: Point[] = [];
const rows: Record<string, number | string>[] = [];
async function measure(line: string, files: Uint8Array[]): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.length, 0);
  const ms = await time(files);
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
    `batches of ${width}×${height}`,
    Array.from({ length: count }, (_, i) => small[i % small.length]),
  );
}
for (const [width, height] of SIZES) {
  const count = Math.max(1, Math.round(PIXELS / (width * height)));
  const files = await encodeAll(pictures, width, height, OPTIONS, Math.min(count, 64));
  await measure(
    "one batch of 12 megapixels, of pictures from 0.05 to 12",
    Array.from({ length: count }, (_, i) => files[i % files.length]),
  );
}
device.destroy();
const chart = Deno.args.indexOf("--chart");
if (chart !== -1) {
  const options = { title: "Decode", x: "JPEG data (MB)", y: "time (ms)", scale: "log" } as const;
  await Deno.writeTextFile(Deno.args[chart + 1], await lineChart(points, options));
}
console.log(JSON.stringify({ rows }));
