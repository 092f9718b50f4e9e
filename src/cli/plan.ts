import type { Command } from "commander";
import {
  Augmenter,
  IMAGENET,
  normalize,
  type Operator,
  randomFlip,
  randomResizedCrop,
} from "../augment/mod.ts";
import { UsageError } from "../errors.ts";
import { requestDevice } from "../gpu/device.ts";

interface PlanFlags {
  augment?: string;
  layout: "NCHW" | "NHWC";
  dtype: "f32" | "f16" | "u8";
  fuse: boolean;
}

/**
 * Adds `cassette plan`.
 *
 * @param program The command to add it to.
 */
export function addPlan(program: Command): void {
  program.command("plan")
    .description("Print the passes that a list of operators takes on the GPU, one a line.")
    .option("--augment <file>", "JSON list of operators; classic ImageNet training when left out")
    .option("--layout <name>", "NCHW or NHWC", "NCHW")
    .option("--dtype <name>", "f32, f16 or u8", "f32")
    .option("--no-fuse", "a pass for each operator")
    .action(async ({ augment, layout, dtype, fuse }: PlanFlags) => {
      const operators = augment === undefined
        ? [randomResizedCrop(224), randomFlip(), normalize(IMAGENET)]
        : await readOperators(augment);
      const device = await requestDevice();
      try {
        using augmenter = new Augmenter(device, operators, { layout, dtype }, { fuse });
        console.log(augmenter.describe());
      } finally {
        device.destroy();
      }
    });
}

async function readOperators(path: string): Promise<Operator[]> {
  let value: unknown;
  try {
    value = JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new UsageError(
      `Cannot read operators as --augment must be a file of JSON: received ${path} (${
        (cause as Error).message
      })`,
      { option: "augment", cause },
    );
  }
  if (Array.isArray(value)) return value;
  throw new UsageError(
    `Cannot read operators as ${path} must hold a list of { name, parameters }: received ${typeof value}`,
    { option: "augment" },
  );
}
