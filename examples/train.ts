/**
 * A small net learns to tell the classes of a data set apart, all of it on the GPU.
 *
 * After `deno task demo`:
 * `deno run -A examples/train.ts --sqlite cassette-demo/demo.sqlite --epochs 12`
 *
 * With `--checkpoint FILE` it saves where it stands after each batch, and goes on from there when it
 * is started again. With `--chart FILE` it draws loss and accuracy as SVG.
 */
import { parseArgs } from "node:util";
import {
  IMAGENET,
  intLabels,
  listSqlite,
  Loader,
  type LoaderState,
  normalize,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  resize,
  SqliteSource,
} from "../mod.ts";
import { lineChart, type Point } from "../tools/chart.ts";
import { type SavedTensor, SmallNet, useDevice } from "./net.ts";

interface Checkpoint {
  state: LoaderState;
  net: SavedTensor[];
  /** Of each step. */
  losses: number[];
  /** On samples that were not trained on, after each epoch. */
  accuracies: { step: number; accuracy: number }[];
}

const { values: flags } = parseArgs({
  options: {
    sqlite: { type: "string", default: "cassette-demo/demo.sqlite" },
    epochs: { type: "string", default: "12" },
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "Infinity" },
    checkpoint: { type: "string" },
    chart: { type: "string" },
  },
});
const SIDE = 32;
const BATCH = 32;
const seed = Number(flags.seed);
const output = { layout: "NHWC", dtype: "f32" } as const;

const { ids, labels, classes } = listSqlite(flags.sqlite);
// The last byte of an id is as good as a coin: one sample in five is kept for validation.
const places = Array.from(labels, (_, i) => i);
const unseen = (i: number) => ids.bytes[i * 16 + 15] % 5 === 0;
const device = await requestDevice();
await useDevice(device);
const source = await SqliteSource.open({ path: flags.sqlite });
const net = new SmallNet(SIDE, classes.size, seed);
const saved = flags.checkpoint ? await readCheckpoint(flags.checkpoint) : undefined;
if (saved) await net.load(saved.net);
const losses = saved?.losses ?? [];
const accuracies = saved?.accuracies ?? [];
{
  await using training = new Loader({
    source,
    device,
    ids: ids.pick(places.filter((i) => !unseen(i))),
    batchSize: BATCH,
    shuffle: true,
    seed,
    epochs: Number(flags.epochs),
    lastBatch: "drop",
    labels: intLabels(),
    augment: [
      randomResizedCrop(SIDE, { randomArea: [0.4, 1] }),
      randomFlip(),
      normalize(IMAGENET),
    ],
    output,
    resume: saved?.state,
  });
  await using validation = new Loader({
    source,
    device,
    ids: ids.pick(places.filter(unseen)),
    batchSize: BATCH,
    labels: intLabels(),
    augment: [resize(SIDE), normalize(IMAGENET)],
    output,
  });
  for await (using batch of training) {
    losses.push(await net.step(batch.images, batch.labels, classes.size));
    if (losses.length % training.batchesPerEpoch === 0) {
      const epoch = losses.slice(-training.batchesPerEpoch);
      const mean = epoch.reduce((sum, loss) => sum + loss, 0) / epoch.length;
      const accuracy = await measure(validation);
      accuracies.push({ step: losses.length, accuracy });
      console.log(
        `epoch ${batch.epoch}: loss ${mean.toFixed(3)}, accuracy on unseen ${accuracy.toFixed(3)}`,
      );
    }
    if (flags.checkpoint) await writeCheckpoint(flags.checkpoint, batch.state!);
    if (losses.length >= Number(flags.steps)) break;
  }
  console.log(`step ${losses.length}: loss ${losses.at(-1)?.toFixed(6)}`);
}
if (flags.chart) {
  const points: Point[] = [
    ...losses.map((loss, i) => ({ x: i + 1, y: loss, line: "loss (cross-entropy)" })),
    ...accuracies.map(({ step, accuracy }) => ({
      x: step,
      y: accuracy,
      line: "accuracy on unseen samples",
    })),
  ];
  const axes = { title: "Training", x: "step", y: "loss, accuracy" };
  await Deno.writeTextFile(flags.chart, await lineChart(points, axes));
}
await source[Symbol.asyncDispose]();
device.destroy();

async function measure(loader: Loader<Int32Array>): Promise<number> {
  let right = 0;
  for await (using batch of loader) {
    const found = await net.classify(batch.images);
    right += found.filter((label, i) => label === batch.labels[i]).length;
  }
  return right / loader.size;
}

async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Written whole or not at all: a run that is ended meanwhile must find the old one. */
async function writeCheckpoint(path: string, state: LoaderState): Promise<void> {
  const checkpoint: Checkpoint = { state, net: await net.save(), losses, accuracies };
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(checkpoint));
  await Deno.rename(`${path}.new`, path);
}
