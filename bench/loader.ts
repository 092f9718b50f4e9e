/**
 * The whole loader against `npm:sharp`, and against its own decoder and augmenter on blobs in memory.
 *
 * Run it by `deno task bench:loader [--pictures DIR]`.
 */
import { DatabaseSync } from "node:sqlite";
import sharp from "sharp";
import {
  Augmenter,
  centerCrop,
  GpuTensor,
  IdList,
  IMAGENET,
  JpegDecoder,
  Loader,
  normalize,
  pathId,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  resize,
  SqliteSource,
} from "../mod.ts";
import { compare, report } from "./compare.ts";
import { loadPictures } from "./pictures.ts";

const BATCH = 32;
const SIZE = 224;
const AUGMENT = [randomResizedCrop(SIZE), randomFlip(), normalize(IMAGENET)];
const PIXELS = SIZE * SIZE;
const planes = new Float32Array(3 * PIXELS);

const { blobs, origin } = await loadPictures();
console.error(`pictures: ${origin}`);
const path = await Deno.makeTempFile({ suffix: ".sqlite" });
const ids = fillSqlite(path);
const device = await requestDevice();
const source = await SqliteSource.open({ path });
const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
const tensorSize = { shape: [BATCH, 3, SIZE, SIZE], dtype: "f32", layout: "NCHW" } as const;
const target = device.createBuffer({ label: "bench", size: BATCH * 3 * PIXELS * 4, usage });
try {
  using decoder = new JpegDecoder(device);
  using augmenter = new Augmenter(device, AUGMENT);
  await using loader = new Loader({
    source,
    device,
    ids,
    batchSize: BATCH,
    shuffle: true,
    augment: AUGMENT,
  });
  await loader.warmUp();
  const loading = { name: "loader", run: () => loadEpoch(loader) };
  const agree = await agreesWithSharp();
  report({
    loader_vs_sharp: await compare(
      loading,
      { name: "sharp", run: sharpEpoch },
      "images/s",
      agree,
    ),
    loader_vs_decode_augment: await compare(
      loading,
      { name: "decode and augment", run: () => computeEpoch(decoder, augmenter) },
      "images/s",
    ),
    decode_vs_decode_augment: await compare(
      { name: "decode", run: () => computeEpoch(decoder) },
      { name: "decode and augment", run: () => computeEpoch(decoder, augmenter) },
      "images/s",
    ),
  });
} finally {
  target.destroy();
  await source[Symbol.asyncDispose]();
  device.destroy();
  await Deno.remove(path);
}

function fillSqlite(path: string): IdList {
  using db = new DatabaseSync(path);
  db.exec("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB); BEGIN");
  const insert = db.prepare("INSERT INTO data VALUES (?, ?, ?)");
  const bytes = new Uint8Array(blobs.length * 16);
  blobs.forEach((blob, i) => {
    const id = pathId(`${i}.jpg`);
    bytes.set(id, i * 16);
    insert.run(id, i, blob);
  });
  db.exec("COMMIT");
  return new IdList(bytes);
}

async function loadEpoch(loader: Loader): Promise<number> {
  let count = 0;
  for await (using batch of loader) count += batch.length;
  await device.queue.onSubmittedWorkDone();
  return count;
}

/** What the loader does after fetching: decode, and augment where there is an augmenter. */
async function computeEpoch(decoder: JpegDecoder, augmenter?: Augmenter): Promise<number> {
  for (let first = 0; first < blobs.length; first += BATCH) {
    const part = blobs.slice(first, first + BATCH);
    using images = await decoder.decode(part);
    const keys = { seed: 0, epoch: 0, positions: part.map((_, i) => first + i) };
    const tensor = new GpuTensor(device, target, tensorSize);
    await augmenter?.apply(images, keys, tensor);
  }
  await device.queue.onSubmittedWorkDone();
  return blobs.length;
}

/** The same in sharp, on its own threads: crop of random area, resize, flip, normalise to planes. */
async function sharpEpoch(): Promise<number> {
  let at = 0;
  const worker = async () => {
    while (at < blobs.length) {
      const blob = blobs[at++];
      const picture = sharp(blob);
      const { width, height } = await picture.metadata();
      const area = 0.08 + Math.random() * 0.92;
      const w = Math.max(1, Math.round(width! * Math.sqrt(area)));
      const h = Math.max(1, Math.round(height! * Math.sqrt(area)));
      const left = Math.floor(Math.random() * (width! - w + 1));
      const top = Math.floor(Math.random() * (height! - h + 1));
      picture.extract({ left, top, width: w, height: h }).resize(SIZE, SIZE, {
        fit: "fill",
        kernel: "linear",
      }).flop(Math.random() < 0.5).toColourspace("srgb").removeAlpha();
      toPlanes(await picture.raw().toBuffer());
    }
  };
  await Promise.all(Array.from({ length: 2 * navigator.hardwareConcurrency }, worker));
  return blobs.length;
}

function toPlanes(rgb: Uint8Array): void {
  for (let c = 0; c < 3; c++) {
    const scale = 1 / IMAGENET.std[c];
    const shift = -IMAGENET.mean[c] * scale;
    for (let i = 0, from = c, to = c * PIXELS; i < PIXELS; i++, from += 3) {
      planes[to++] = rgb[from] * scale + shift;
    }
  }
}

/** Whether both make the same of a picture where no chance is in play: a resize of its middle. */
async function agreesWithSharp(): Promise<boolean> {
  const plain = [resize({ width: SIZE, height: SIZE, mode: "notSmaller" }), centerCrop(SIZE)];
  await using loader = new Loader({
    source,
    device,
    ids: ids.pick([0]),
    batchSize: 1,
    augment: plain,
    output: { layout: "NHWC", dtype: "u8" },
  });
  for await (using batch of loader) {
    const ours = await batch.images.read();
    const theirs = await sharp(blobs[0]).rotate().resize(SIZE, SIZE, {
      fit: "cover",
      kernel: "linear",
    }).toColourspace("srgb").removeAlpha().raw().toBuffer();
    let sum = 0;
    for (let i = 0; i < ours.length; i++) sum += Math.abs(ours[i] - theirs[i]);
    // sharp shrinks while it decodes, so pixels differ a little; another crop would differ a lot.
    console.error(`mean difference from sharp: ${(sum / ours.length).toFixed(2)} of 255`);
    return sum / ours.length < 4;
  }
  return false;
}
