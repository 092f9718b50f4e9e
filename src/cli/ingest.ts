import { type Command, Option } from "commander";
import { resolve } from "node:path";
import { FolderWriter } from "../dataset/folder_writer.ts";
import { ingest, type IngestReport } from "../dataset/ingest.ts";
import type { DatasetWriter } from "../dataset/record.ts";
import { holds } from "../dataset/roots.ts";
import { IngestError, UsageError } from "../errors.ts";
import { reencode, type ReencodeOptions } from "../dataset/reencode.ts";
import { counted, ofClasses, size } from "./amounts.ts";
import { openCheck } from "./decode_all.ts";
import { type InputFlags, loadGetData, openInput } from "./ingest_input.ts";
import { wholeNumber } from "./numbers.ts";
import { addForce, type OutputFlags } from "./output.ts";
import { Progress } from "./progress.ts";
import { Rejects } from "./rejects.ts";
import { addSchemaOptions, openWriter, schemaOf, type SchemaOptions } from "./target.ts";
import { say, sayJson } from "./say.ts";

interface IngestFlags extends SchemaOptions, InputFlags, OutputFlags {
  json?: boolean;
  check?: boolean;
  concurrency: number;
  existing: "check" | "refuse" | "replace";
  prefix?: string;
  maxBlobBytes?: number;
  rejects?: string;
  outDir?: string;
  shorterSide?: number;
  centerCrop?: number;
  format?: "jpeg" | "png";
  quality?: number;
}

/**
 * Adds `cassette ingest`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addIngest(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("ingest")
    .description("Write pictures with their labels into tables; again, to go on after an end.")
    .argument(
      "[inputs...]",
      "folders with a folder for each class, a .csv manifest, or .tar (WebDataset) or .parquet files",
    )
    .option("--stdin", "take records from standard input, a JSON object on each line")
    .option("--masks <dir>", "folder of .png masks that mirrors the pictures': the labels")
    .option("--mask-suffix <text>", "what a mask's name has before .png, such as _seg", "")
    .option("--labels <path>", "folder of .npy or .json files, or one .json file: the labels")
    .option("--classes <file>", "names of the classes, a line each, in the order of their numbers")
    .option("--root <dir>", "folder that paths are relative to; the one that holds all inputs")
    .option("--prefix <path>", "folder that is put before each path, such as train")
    .option(
      "--max-blob-bytes <number>",
      "most bytes of a picture (67108864)",
      wholeNumber("max-blob-bytes", 1),
    )
    .option("--path-columns <regex>", "its named groups, found in paths, fill columns of your own")
    .option("--path-field <name>", "field of a manifest: path of the picture (path)")
    .option("--label-field <name>", "manifest, Parquet: label (label); tar: extension of the label")
    .option("--class-field <name>", "field of a manifest: name of the class (class)")
    .option("--label-file-field <name>", "field of a manifest: mask or .npy file (label_file)")
    .option("--image-field <name>", "column of a Parquet file: the picture (image)")
    .option("--get-data <module>", "module whose default export reads the picture of a path")
    .option("--shorter-side <pixels>", "resize the shorter side", wholeNumber("shorter-side", 1))
    .option("--center-crop <pixels>", "cut a square from the centre", wholeNumber("center-crop", 1))
    .addOption(new Option("--format <name>", "encode again").choices(["jpeg", "png"]))
    .option(
      "--quality <number>",
      "encode again, as JPEG of this quality",
      wholeNumber("quality", 1),
    )
    .option("--out-dir <dir>", "write into a folder, in place of tables")
    .option("--concurrency <number>", "records at once", wholeNumber("concurrency", 1), 64)
    .addOption(
      new Option(
        "--existing <what>",
        "records that are there: leave those that are the same, and replace or refuse the others; or replace all",
      ).choices(["check", "refuse", "replace"]).default("check"),
    )
    .option("--check", "decode each picture, and leave out those that cannot be")
    .option("--rejects <file>", "JSON lines for what was left out; beside the data when not given")
    .option("--json", "print the outcome as one JSON object");
  addForce(addSchemaOptions(command)).action(async (inputs: string[], flags: IngestFlags) => {
    if (flags.masks !== undefined || flags.labels !== undefined) flags.labelType = "blob";
    const report = await run(inputs, flags);
    if (flags.json || flags.stdin) {
      const { rejected, ...rest } = report;
      sayJson({ ...rest, rejected: rejected.map(({ path }) => path) });
    } else say(summary(report));
    // A worker's work is done when it told what it left out: its exit code would end the job.
    done(report.rejectedCount > 0 && !flags.stdin);
  });
}

function summary(report: IngestReport): string {
  const { written, replaced, unchanged, bytes, classes, rejectedCount } = report;
  const endings = Object.entries(report.passedOver).sort(([, a], [, b]) => b - a)
    .map(([ending, count]) => `${count} ${ending}`);
  return [
    `${counted(written, "picture")} (${size(bytes)})${ofClasses(classes.filter(Boolean).length)}`,
    ...(replaced > 0 ? [`${replaced} replaced`] : []),
    ...(unchanged > 0 ? [`${unchanged} were there already`] : []),
    ...(rejectedCount > 0 ? [`${rejectedCount} left out`] : []),
    ...(endings.length > 0 ? [`passed over: ${endings.join(", ")}`] : []),
  ].join(", ");
}

async function run(inputs: string[], flags: IngestFlags): Promise<IngestReport> {
  const { outDir, sqlite, cassandra, cloudBundle } = flags;
  if (outDir !== undefined && (sqlite ?? cassandra ?? cloudBundle) !== undefined) {
    throw new UsageError(
      `Cannot ingest as --out-dir must be given in place of tables: received both`,
      { option: "out-dir" },
    );
  }
  const schema = schemaOf(flags);
  const input = await openInput(inputs, flags, schema);
  const getData = await loadGetData(flags.getData);
  if (outDir !== undefined) await checkOutDir(outDir, inputs);
  const controller = new AbortController();
  const interrupt = () => {
    // Where the end has to wait, as for standard input, a second signal ends the process.
    Deno.removeSignalListener("SIGINT", interrupt);
    controller.abort(
      new IngestError("Cannot go on as ingest must not be interrupted: ingest again to go on"),
    );
  };
  Deno.addSignalListener("SIGINT", interrupt);
  let bar: Progress | undefined;
  using check = flags.check ? await openCheck() : undefined;
  await using rejects = await Rejects.open(rejectsFile(flags), flags);
  try {
    await using writer: DatasetWriter = flags.outDir === undefined
      ? await openWriter(flags, flags.concurrency)
      : new FolderWriter(flags.outDir, schema, { force: flags.force });
    const report = await ingest(input, writer, {
      concurrency: flags.concurrency,
      existing: flags.existing,
      check,
      prefix: flags.prefix,
      maxBlobBytes: flags.maxBlobBytes,
      reencode: reencodeOf(flags),
      getData,
      signal: controller.signal,
      onReject: (item) => rejects.add(item),
      onProgress: ({ done, total, unit }) => {
        if (flags.stdin) return;
        bar ??= new Progress(`ingest into ${writer.name}`, total, unit);
        bar.update(done);
      },
    });
    rejects.end();
    return { ...report, rejected: rejects.first.toSorted((a, b) => a.index - b.index) };
  } finally {
    bar?.[Symbol.dispose]();
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

/** A folder that is written within one that is read would be read in turn, or replace what is read. */
async function checkOutDir(outDir: string, inputs: string[]): Promise<void> {
  const real = (path: string) => Deno.realPath(path).catch(() => resolve(path));
  const [out, ...whole] = await Promise.all([outDir, ...inputs].map(real));
  const within = whole.findIndex((input) => holds(input, out));
  if (within < 0) return;
  throw new UsageError(
    `Cannot ingest as --out-dir must lie outside of ${
      inputs[within]
    }, which is read: received ${outDir}`,
    { option: "out-dir" },
  );
}

function reencodeOf(flags: IngestFlags) {
  const { shorterSide, centerCrop, format, quality } = flags;
  const options: ReencodeOptions = { shorterSide, centerCrop, format, quality };
  return Object.values(options).some((value) => value !== undefined)
    ? reencode(options)
    : undefined;
}

/** Where left-out items are told; a worker, of which there may be many, tells them in its outcome. */
function rejectsFile(flags: IngestFlags): string | undefined {
  if (flags.rejects !== undefined || flags.stdin) return flags.rejects;
  return `${flags.outDir ?? flags.sqlite ?? flags.keyspace}.rejected.jsonl`;
}
