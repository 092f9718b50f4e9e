import type { Command } from "commander";
import { IMAGENET, normalize, randomFlip, randomResizedCrop } from "../augment/mod.ts";
import { ingestFolder } from "../dataset/ingest.ts";
import type { SampleList } from "../dataset/list_builder.ts";
import type { DatasetWriter } from "../dataset/record.ts";
import { requestDevice } from "../gpu/device.ts";
import { Loader } from "../loader.ts";
import type { BlobSource } from "../source/source.ts";
import { drawSheet } from "./contact_sheet.ts";
import { checkEmpty, demoOutputs } from "./demo_folder.ts";
import { drawRecords } from "./drawings.ts";
import { Progress } from "./progress.ts";
import { loadRows } from "./sheet_rows.ts";
import { stageLines } from "./stage_lines.ts";
import { measureStages } from "./stage_rates.ts";
import { openList } from "./list_options.ts";
import { addForce, type OutputFlags, writeOutput } from "./output.ts";
import { addTargetOptions, openSource, openWriter, type TargetOptions } from "./target.ts";
import { say, warn } from "./say.ts";

const DRAWN = 192;
const EPOCHS = 3;
const BATCH = 32;
const SIZE = 224;
const SHEET = { rows: 6, variants: 5, size: 160 };
const SEED = 7;

interface DemoFlags extends TargetOptions, OutputFlags {
  pictures?: string;
  out: string;
}

/**
 * Adds `cassette demo`.
 *
 * @param program The command to add it to.
 */
export function addDemo(program: Command): void {
  const command = program.command("demo")
    .description("Fill a table with pictures, load them on the GPU, and draw a contact sheet.")
    .option("--pictures <dir>", "take the pictures of a folder; drawn ones when left out")
    .option("--out <dir>", "folder for the database and the contact sheet", "cassette-demo");
  addForce(addTargetOptions(command)).action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
  const inTables = flags.cassandra !== undefined || flags.cloudBundle !== undefined;
  const outputs = await demoOutputs(flags.out, flags.sqlite, inTables, flags);
  const target = { ...flags, sqlite: outputs.sqlite };
  {
    await using writer = await openWriter(target);
    await writer.createTables();
    await checkEmpty(writer, flags);
    await fill(writer, flags.pictures);
  }
  const list = await openList(target);
  const device = await requestDevice();
  try {
    say(`GPU: ${device.adapterInfo.description || device.adapterInfo.vendor}`);
    await using source = await openSource(target);
    await loadEpochs(source, device, list);
    for (const { stage, rate } of await measureStages(source, device, list.ids, AUGMENT, BATCH)) {
      say(`  ${stage.padEnd(8)} alone: ${Math.round(rate)} images/s`);
    }
    await writeOutput(outputs.sheet, await drawSamples(source, device, list), outputs);
    say(`contact sheet: ${outputs.sheet}`);
  } finally {
    device.destroy();
  }
}

const AUGMENT = [randomResizedCrop(SIZE), randomFlip(), normalize(IMAGENET)];

async function fill(writer: DatasetWriter, pictures: string | undefined): Promise<void> {
  let bar: Progress | undefined;
  const show = (done: number, total: number) => {
    bar ??= new Progress(`fill ${writer.name}`, total, "pictures");
    bar.update(done);
  };
  try {
    if (pictures !== undefined) {
      const { rejected } = await ingestFolder(pictures, writer, {
        onProgress: ({ done, total }) => show(done, total),
      });
      for (const { reason } of rejected) warn(`left out: ${reason.message}`);
      return;
    }
    let done = 0;
    for (const record of drawRecords(DRAWN)) {
      await writer.write(record);
      show(++done, DRAWN);
    }
    await writer.flush();
  } finally {
    bar?.[Symbol.dispose]();
  }
}

async function loadEpochs(source: BlobSource, device: GPUDevice, list: SampleList): Promise<void> {
  await using loader = new Loader({
    source,
    device,
    ids: list.ids,
    batchSize: BATCH,
    seed: SEED,
    shuffle: true,
    epochs: EPOCHS,
    augment: AUGMENT,
    onCorrupt: "mask",
  });
  await loader.warmUp();
  const seen = Array.from({ length: EPOCHS }, () => new Set<string>());
  const failures = new Map<string, string>();
  let samples = 0;
  const start = performance.now();
  {
    using bar = new Progress(`load ${EPOCHS} epochs`, EPOCHS * loader.size, "images");
    for await (using batch of loader) {
      for (const id of batch.ids) seen[batch.epoch].add(id);
      for (const { id, reason } of batch.errors) failures.set(id, reason.message);
      bar.update(samples += batch.length);
    }
  }
  await device.queue.onSubmittedWorkDone();
  const rate = samples / (performance.now() - start) * 1000;
  for (const message of failures.values()) warn(`masked: ${message}`);
  say(`loaded: ${samples} images of ${SIZE}×${SIZE}, ${Math.round(rate)} images/s`);
  const whole = seen.every((ids) => ids.size === list.ids.length) &&
    samples === EPOCHS * list.ids.length;
  say(`  every id once in each of ${EPOCHS} epochs: ${whole ? "yes" : "NO"}`);
  for (const line of stageLines(loader.stats().stages)) say(line);
}

async function drawSamples(
  source: BlobSource,
  device: GPUDevice,
  { ids, labels, classes }: SampleList,
): Promise<Uint8Array> {
  const count = Math.min(SHEET.rows, ids.length);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor(i * ids.length / count));
  const { size, variants } = SHEET;
  const rows = await loadRows({
    source,
    device,
    ids: ids.pick(chosen),
    captions: chosen.map((i) => classes.get(labels[i]) || `label ${labels[i]}`),
    augment: [randomResizedCrop(size), randomFlip()],
    size,
    variants,
    seed: SEED,
  });
  return await drawSheet(rows, size, size);
}
