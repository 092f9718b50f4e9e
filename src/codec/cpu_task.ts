/** What the threads of a `CpuDecoder` do, and their program. */
import {
  checkClasses,
  colorsToClasses,
  firstBytes,
  MASK_FUNCTIONS,
  type MaskLabelOptions,
} from "./mask_classes.ts";
import { decodePng, PNG_FUNCTIONS, type PngHeader, type Zlib } from "./png_decode.ts";

/** What a task failed of. */
export interface CpuFault {
  /** Name and message of what was thrown. */
  name: string;
  message: string;
  /** What the file must have or be; undefined where the failure is none of a file. */
  expected?: string;
  /** What it has or is. */
  received?: string | number;
  /** Whether it is a sound PNG file whose pixels are no mask. */
  mask?: boolean;
  /** Whether it is sound, but exceeds a bound. */
  limit?: boolean;
}

/** One picture, or one mask. Deno copies a view byte by byte, and hands a buffer over at once. */
export type CpuTask =
  | { kind: "picture"; file: ArrayBuffer; header: PngHeader; pitch: number }
  | { kind: "mask"; file: ArrayBuffer; header: PngHeader; options: MaskLabelOptions }
  | {
    /** A mask that the GPU has decoded, in words whose lowest byte is a pixel. */
    kind: "words";
    bytes: ArrayBuffer;
    width: number;
    height: number;
    pitch: number;
    options: MaskLabelOptions;
  };

/**
 * Does one task.
 *
 * @param task The task.
 * @param zlib Inflates.
 * @returns A word for each pixel.
 */
function doTask(task: CpuTask, zlib: Zlib): Uint32Array<ArrayBuffer> {
  if (task.kind === "picture") {
    const { file, header, pitch } = task;
    return decodePng(new Uint8Array(file), header, "colors", pitch, zlib);
  }
  const { options } = task;
  const width = task.kind === "mask" ? task.header.width : task.width;
  const pixels = task.kind === "mask"
    ? decodePng(new Uint8Array(task.file), task.header, "numbers", width, zlib)
    : firstBytes(new Uint8Array(task.bytes), width, task.height, task.pitch);
  if (task.kind === "mask" && task.header.channels > 2) {
    colorsToClasses(pixels, width, options.colors!);
  }
  checkClasses(pixels, width, options);
  return pixels;
}

/**
 * The text of a module that answers each {@linkcode CpuTask} of its parent with its pixels, or with a
 * fault.
 *
 * @returns The text.
 */
export function cpuProgram(): string {
  const functions = [...PNG_FUNCTIONS, ...MASK_FUNCTIONS, doTask];
  return `import * as zlib from "node:zlib";
import { parentPort } from "node:worker_threads";
${functions.map(String).join("\n")}
parentPort.on("message", (task) => {
  try {
    const result = ${doTask.name}(task, zlib).buffer;
    parentPort.postMessage({ result }, [result]);
  } catch (error) {
    const { name, message, expected, received, mask, limit } = error;
    parentPort.postMessage({ fault: { name, message, expected, received, mask, limit } });
  }
});`;
}
