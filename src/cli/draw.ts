import { dirname, join } from "node:path";
import type { Command } from "commander";
import { drawRecords } from "./drawings.ts";
import { wholeNumber } from "./numbers.ts";
import { addForce, checkOutput, type OutputFlags, writeOutput } from "./output.ts";
import { Progress } from "./progress.ts";

interface DrawFlags extends OutputFlags {
  out: string;
  count: number;
  seed: number;
}

/**
 * Adds `cassette draw`.
 *
 * @param program The command to add it to.
 */
export function addDraw(program: Command): void {
  const command = program.command("draw")
    .description("Draw pictures to try things with: JPEG files in a folder for each class.")
    .requiredOption("--out <dir>", "folder to write to")
    .option("--count <number>", "how many pictures", wholeNumber("count", 1), 240)
    .option("--seed <number>", "another seed gives other pictures", wholeNumber("seed", 0), 1);
  addForce(command).action(async (flags: DrawFlags) => {
    using bar = new Progress("draw", flags.count, "pictures");
    let done = 0;
    for (const { path, data } of drawRecords(flags.count, flags.seed)) {
      const file = join(flags.out, path);
      await checkOutput(file, flags);
      await Deno.mkdir(dirname(file), { recursive: true });
      await writeOutput(file, data, flags);
      bar.update(++done);
    }
  });
}
