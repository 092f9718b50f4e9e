/**
 * The decoder against `npm:jpeg-js`, `npm:sharp` and one thread of libjpeg-turbo: 64 pictures of
 * 224×224 at quality 75 and of 500×375 at quality 90, each in 4:2:0 and 4:4:4; the ratio of a size is
 * the worse of the two (libjpeg-turbo: of 4:2:0 only). Progressive files of 500×375 against sharp.
 *
 * Run it by `deno task bench:decode [--pictures DIR]`.
 */
import jpegjs from "jpeg-js";
import sharp from "sharp";
import { JpegDecoder, requestDevice } from "../mod.ts";
import { compare, type Comparison, report, type Side } from "./compare.ts";
import { encodeAll, loadPictures } from "./pictures.ts";
import { Turbo } from "./turbo.ts";

const COUNT = 64;
/** Batches in flight at once: their status is asked for together. */
const BATCHES = 8;
const SIZES = [
  { name: "224", width: 224, height: 224, quality: 75 },
  { name: "500", width: 500, height: 375, quality: 90 },
];
/**
 * jpeg-js repeats chroma samples and transforms in another precision: over all bytes it may differ
 * by this much on average.
 */
const JPEG_JS_MEAN = 4;

const pictures = await loadPictures(undefined, COUNT);
console.error(`pictures: ${pictures.origin}`);
const device = await requestDevice();
using decoder = new JpegDecoder(device, { orientation: "ignore" });
await decoder.warmUp();
const turbo = await Turbo.open();
if (typeof turbo === "string") {
  console.error(
    `turbo_224 and turbo_500 are left out, as libjpeg-turbo's headers and a C compiler are needed (Debian: apt-get install libjpeg62-turbo-dev gcc): ${turbo}`,
  );
}
const comparisons: Record<string, Comparison[]> = {};
for (const { name, width, height, quality } of SIZES) {
  for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
    const files = await encodeAll(pictures, width, height, { quality, chromaSubsampling }, COUNT);
    const agree = await check(files);
    console.error(`${COUNT} pictures of ${width}×${height}, ${chromaSubsampling}`);
    (comparisons[`jpegjs_${name}`] ??= []).push(
      await compare(ours(files), jpegJs(files), "images/s", agree.jpegJs),
    );
    (comparisons[`sharp_${name}`] ??= []).push(
      await compare(ours(files), sharpRaw(files), "images/s", agree.sharp),
    );
    if (chromaSubsampling === "4:2:0" && typeof turbo !== "string") {
      (comparisons[`turbo_${name}`] ??= []).push(
        await compare(
          ours(files),
          turbo.side(files, BATCHES),
          "images/s",
          await sameAsTurbo(files),
        ),
      );
    }
  }
}
const [{ width, height, quality }] = SIZES.slice(-1);
const progressive = await encodeAll(
  pictures,
  width,
  height,
  { quality, chromaSubsampling: "4:2:0", progressive: true },
  COUNT,
);
console.error(`${COUNT} progressive pictures of ${width}×${height}, 4:2:0`);
comparisons.progressive_vs_sharp = [
  await compare(
    ours(progressive),
    sharpRaw(progressive),
    "images/s",
    (await check(progressive)).sharp,
  ),
];
if (typeof turbo !== "string") turbo[Symbol.dispose]();
device.destroy();
report(comparisons);

function ours(files: Uint8Array[]): Side {
  return {
    name: "cassette",
    run: async () => {
      const submitted = [];
      for (let i = 0; i < BATCHES; i++) {
        using images = await decoder.decode(files);
        submitted.push(images);
      }
      // Only now, as asking for the status of one waits for the GPU.
      for (const errors of await Promise.all(submitted.map((images) => images.verify()))) {
        if (errors.some((error) => error)) throw errors.find((error) => error);
      }
      return files.length * BATCHES;
    },
  };
}

function jpegJs(files: Uint8Array[]): Side {
  return {
    name: "jpeg-js",
    run: () => {
      for (const file of files) jpegjs.decode(file, { useTArray: true });
      return Promise.resolve(files.length);
    },
  };
}

function sharpRaw(files: Uint8Array[]): Side {
  return {
    name: "sharp",
    run: async () => {
      await Promise.all(files.map((file) => sharp(file).raw().toBuffer()));
      return files.length;
    },
  };
}

/** Whether our pictures are equal to libjpeg-turbo's. */
async function sameAsTurbo(files: Uint8Array[]): Promise<boolean> {
  if (typeof turbo === "string") return false;
  using images = await decoder.decode(files);
  for (const [i, file] of files.entries()) {
    const { data } = await images.read(i);
    const reference = await turbo.pixels(file, data.length);
    if (!data.some((byte, at) => byte !== reference[at])) continue;
    console.error(`picture ${i} differs from libjpeg-turbo's`);
    return false;
  }
  return true;
}

/** Whether our pictures are equal to sharp's (libjpeg-turbo's), and near enough to jpeg-js's. */
async function check(files: Uint8Array[]): Promise<{ sharp: boolean; jpegJs: boolean }> {
  using images = await decoder.decode(files);
  const agree = { sharp: true, jpegJs: true };
  for (const [i, file] of files.entries()) {
    const { data } = await images.read(i);
    const reference = await sharp(file).raw().toBuffer();
    if (reference.length !== data.length || reference.some((byte, at) => byte !== data[at])) {
      console.error(`picture ${i} differs from sharp's`);
      agree.sharp = false;
    }
    const { data: other } = jpegjs.decode(file, { useTArray: true, formatAsRGBA: false });
    let sum = 0;
    for (let at = 0; at < data.length; at++) sum += Math.abs(data[at] - other[at]);
    if (!(sum / data.length <= JPEG_JS_MEAN)) {
      console.error(`picture ${i} differs from jpeg-js's by ${sum / data.length} on average`);
      agree.jpegJs = false;
    }
  }
  return agree;
}
