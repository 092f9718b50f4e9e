import { basename, extname, join } from "node:path";
import { type Command, Option } from "commander";
import { type CassetteError, UsageError } from "../errors.ts";
import { requestDevice } from "../gpu/device.ts";
import type { GpuImages } from "../gpu/images.ts";
import { readBuffer } from "../gpu/tensor.ts";
import { JpegDecoder } from "../jpeg/decoder.ts";
import { addForce, checkOutput, type OutputFlags, writeOutput } from "./output.ts";
import { warn } from "./say.ts";

/** Bytes of files that are read and decoded at once. */
const GROUP_BYTES = 16 << 20;

interface DecodeFlags extends OutputFlags {
  out: string;
  list?: string;
  orientation: "apply" | "ignore";
}

/**
 * Adds `cassette decode`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addDecode(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("decode")
    .description("Decode JPEG files on the GPU into PPM files (PGM data for grey), as djpeg does.")
    .argument("[file...]", "JPEG files")
    .requiredOption("--out <dir>", "folder to write to; a/x.jpg becomes x.ppm there")
    .option("--list <file>", "read the files' names from a file, one a line")
    .addOption(
      new Option("--orientation <mode>", "EXIF orientation: apply or ignore it")
        .choices(["apply", "ignore"]).default("apply"),
    );
  addForce(command)
    .action(async (files: string[], flags: DecodeFlags) => {
      const inputs = [...files, ...flags.list ? await readList(flags.list) : []];
      const outputs = outputNames(inputs, flags.out);
      await makeFolder(flags.out);
      for (const [input, output] of outputs) await checkOutput(output, flags, [input]);
      const device = await requestDevice();
      try {
        using decoder = new JpegDecoder(device, {
          orientation: flags.orientation,
        });
        let failed = false;
        for await (const group of readGroups(inputs)) {
          for (const { file, error } of group.unreadable) {
            failed = true;
            warn(`${file}: ${error.name}: ${error.message}`);
          }
          if (await decodeGroup(decoder, group, outputs, flags)) failed = true;
        }
        done(failed);
      } finally {
        device.destroy();
      }
    });
}

interface Group {
  files: string[];
  blobs: Uint8Array[];
  unreadable: { file: string; error: Error }[];
}

async function readList(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).split(/\r?\n/).filter((line) => line !== "");
  } catch (cause) {
    throw new UsageError(
      `Cannot decode as --list must be a readable file: received ${path} (${
        (cause as Error).message
      })`,
      { option: "list", cause },
    );
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (cause) {
    throw new UsageError(
      `Cannot decode as --out must be a folder that may be written: received ${path} (${
        (cause as Error).message
      })`,
      { option: "out", cause },
    );
  }
}

function outputNames(inputs: string[], folder: string): Map<string, string> {
  if (inputs.length === 0) {
    throw new UsageError("Cannot decode as files must be named: received none", { option: "file" });
  }
  const outputs = new Map<string, string>();
  const sources = new Map<string, string>();
  for (const input of inputs) {
    const output = join(folder, `${basename(input, extname(input))}.ppm`);
    const other = sources.get(output);
    if (other !== undefined) {
      throw new UsageError(
        `Cannot decode as each file must have an output name of its own: received ${other} and ${input} for ${output}`,
        { option: "out" },
      );
    }
    sources.set(output, input);
    outputs.set(input, output);
  }
  return outputs;
}

async function* readGroups(inputs: string[]): AsyncGenerator<Group> {
  let group: Group = { files: [], blobs: [], unreadable: [] };
  let bytes = 0;
  for (const file of inputs) {
    try {
      const blob = await Deno.readFile(file);
      group.files.push(file);
      group.blobs.push(blob);
      bytes += blob.length;
    } catch (error) {
      group.unreadable.push({ file, error: error as Error });
    }
    if (bytes < GROUP_BYTES) continue;
    yield group;
    group = { files: [], blobs: [], unreadable: [] };
    bytes = 0;
  }
  yield group;
}

/** Decodes and writes a group of files; tells whether one failed. */
async function decodeGroup(
  decoder: JpegDecoder,
  { files, blobs }: Group,
  outputs: Map<string, string>,
  flags: OutputFlags,
): Promise<boolean> {
  let failed = false;
  if (files.length === 0) return failed;
  for await (const { first, images } of decoder.decodeParts(blobs)) {
    using _images = images;
    const errors: readonly (CassetteError | undefined)[] = await images.verify();
    const pixels = images.images.some((image) => image)
      ? new Uint8Array(await readBuffer(images.device, images.buffer))
      : new Uint8Array(0);
    for (let i = 0; i < images.images.length; i++) {
      const file = files[first + i];
      const error = errors[i];
      if (error) {
        failed = true;
        warn(`${file}: ${error.name}: ${error.message}`);
      } else {
        for (const warning of images.warnings[i]) warn(`${file}: warning: ${warning}`);
        await writeOutput(outputs.get(file)!, toPpm(images, i, pixels), flags);
      }
    }
  }
  return failed;
}

function toPpm({ images }: GpuImages, index: number, pixels: Uint8Array): Uint8Array {
  const { byteOffset, width, height, rowPitch, channels } = images[index]!;
  const header = new TextEncoder().encode(`P${channels === 1 ? 5 : 6}\n${width} ${height}\n255\n`);
  const ppm = new Uint8Array(header.length + width * height * channels);
  ppm.set(header);
  let at = header.length;
  for (let y = 0; y < height; y++) {
    const row = byteOffset + y * rowPitch;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) ppm[at++] = pixels[row + x * 4 + c];
    }
  }
  return ppm;
}
