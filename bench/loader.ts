/**
 * The whole loader against `npm:sharp`, and against its own decoder and augmenter on blobs in memory;
 * what of these two the augmentation takes; what is won by decoding only what a crop needs; and the
 * tight loop without decoding, Cassandra against files.
 *
 * Run it by `deno task bench:loader [--pictures DIR] [--only compute|files]`.
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
  type LoaderOptions,
  normalize,
  pathId,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  resize,
  SqliteSource,
  type TensorData,
} from "../mod.ts";
import { compare, type Comparison, report } from "./compare.ts";
import { loadPictures } from "./pictures.ts";
import { compareTightLoops } from "./tight_loop.ts";

const BATCH = 32;
const SIZE = 224;
/** Crops of little area, of which decoding less makes the most. */
const SMALL = [randomResizedCrop(SIZE, { randomArea: [0.1, 0.5] })];
const AUGMENT = [randomResizedCrop(SIZE), randomFlip(), normalize(IMAGENET)];
const PIXELS = SIZE * SIZE;
const planes = new Float32Array(3 * PIXELS);

const { blobs, origin } = await loadPictures();
console.error(`pictures: ${origin}`);
const only = Deno.args.includes("--only") ? Deno.args[Deno.args.indexOf("--only") + 1] : undefined;
const comparisons: Record<string, Comparison | Comparison[]> = {};
const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
const tensorSize = { shape: [BATCH, 3, SIZE, SIZE], dtype: "f32", layout: "NCHW" } as const;
if (only !== "files") await compareLoaders();
if (only !== "compute") comparisons.cassandra_vs_files = await compareTightLoops(blobs);
report(comparisons);

async function compareLoaders(): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".sqlite" });
  const ids = fillSqlite(path);
  const device = await requestDevice();
  const target = device.createBuffer({ label: "bench", size: BATCH * 3 * PIXELS * 4, usage });
  try {
    await using source = await SqliteSource.open({ path });
    using decoder = new JpegDecoder(device);
    using augmenter = new Augmenter(device, AUGMENT);
    using small = new Augmenter(device, SMALL);
    const bench = { device, decoder, target };
    const options = { source, device, ids, batchSize: BATCH, augment: AUGMENT };
    await using loader = new Loader({ ...options, shuffle: true });
    await loader.warmUp();
    const loading = { name: "loader", run: () => loadEpoch(loader, device) };
    const decode = { name: "decode", run: () => decodeEpoch(bench, augmenter, true) };
    const both = {
      name: "decode and augment",
      run: () => decodeEpoch(bench, augmenter, true, augmenter),
    };
    comparisons.loader_vs_sharp = await compare(
      loading,
      { name: "sharp", run: sharpEpoch },
      "images/s",
      await agreesWithSharp({ ...options, ids: ids.pick([0]) }),
    );
    await using inOrder = new Loader(options);
    comparisons.loader_vs_decode_augment = await compare(
      loading,
      both,
      "images/s",
      await firstOf(inOrder) === await firstOfBatch(bench, augmenter, true),
    );
    comparisons.augment_share_cost = share(await compare(decode, both, "images/s"));
    comparisons.roi_speedup = await compare(
      { name: "decode of regions", run: () => decodeEpoch(bench, small, true) },
      { name: "decode of all", run: () => decodeEpoch(bench, small, false) },
      "images/s",
      await firstOfBatch(bench, small, true) === await firstOfBatch(bench, small, false),
    );
  } finally {
    target.destroy();
    device.destroy();
    await Deno.remove(path);
  }
}

/** From the rate without augmentation ÷ the rate with it to what of the time it takes. */
function share(comparison: Comparison): Comparison {
  return { ...comparison, ratio: comparison.ratio && 1 - 1 / comparison.ratio };
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

async function loadEpoch(loader: Loader, device: GPUDevice): Promise<number> {
  let count = 0;
  for await (using batch of loader) count += batch.length;
  await device.queue.onSubmittedWorkDone();
  return count;
}

interface Bench {
  device: GPUDevice;
  decoder: JpegDecoder;
  target: GPUBuffer;
}

/**
 * What the loader does after fetching: decodes all pictures, or what the crops of an augmenter need of
 * them, and augments them where there is something to do so with.
 */
async function decodeEpoch(
  { device, decoder, target }: Bench,
  cropper: Augmenter,
  regions: boolean,
  augmenter?: Augmenter,
  count = blobs.length,
): Promise<number> {
  for (let first = 0; first < count; first += BATCH) {
    const part = blobs.slice(first, first + BATCH);
    const keys = { seed: 0, epoch: 0, positions: part.map((_, i) => first + i) };
    using images = await decoder.decode(part, {
      regions: regions ? (images) => cropper.regions(images, keys) : undefined,
    });
    await augmenter?.apply(images, keys, new GpuTensor(device, target, tensorSize));
  }
  await device.queue.onSubmittedWorkDone();
  return count;
}

/** What the first batch comes out as. */
async function firstOfBatch(bench: Bench, augmenter: Augmenter, regions: boolean) {
  await decodeEpoch(bench, augmenter, regions, augmenter, Math.min(BATCH, blobs.length));
  return hash(await new GpuTensor(bench.device, bench.target, tensorSize).read());
}

/** The same from the loader. */
async function firstOf(loader: Loader) {
  for await (using batch of loader) return hash(await batch.images.read());
}

async function hash(data: TensorData): Promise<string> {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
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
async function agreesWithSharp(options: LoaderOptions<Int32Array>): Promise<boolean> {
  await using loader = new Loader({
    ...options,
    batchSize: 1,
    augment: [resize({ width: SIZE, height: SIZE, mode: "notSmaller" }), centerCrop(SIZE)],
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
