import type { Command } from "commander";
import { Augmenter } from "../augment/mod.ts";
import { requestDevice } from "../gpu/device.ts";
import { readOperators } from "./operators.ts";
import { sayLines } from "./say.ts";

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
      const operators = await readOperators(augment);
      const device = await requestDevice();
      try {
        using augmenter = new Augmenter(device, operators, { layout, dtype }, { fuse });
        sayLines(augmenter.describe());
      } finally {
        device.destroy();
      }
    });
}
