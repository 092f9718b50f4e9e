import { type Command, InvalidArgumentError } from "commander";
import { randomFlip, randomResizedCrop } from "../augment/mod.ts";
import { requestDevice } from "../gpu/device.ts";
import { Permutation } from "../order/permutation.ts";
import { counted } from "./amounts.ts";
import { drawSheet } from "./contact_sheet.ts";
import { wholeNumber } from "./numbers.ts";
import { loadRows } from "./sheet_rows.ts";
import { openList } from "./list_options.ts";
import { addForce, checkOutput, type OutputFlags, writeOutput } from "./output.ts";
import { addTargetOptions, openSource, type TargetOptions } from "./target.ts";
import { say } from "./say.ts";

interface SheetFlags extends TargetOptions, OutputFlags {
  out: string;
  samples: number;
  variants: number;
  size: number;
  seed: number;
  masks?: number;
  maskColors?: [number, number, number][];
}

const COLOR = /^[0-9a-f]{6}$/i;

/** Reads colours such as `000000,ff0000`. */
function colors(text: string): [number, number, number][] {
  return text.split(",").map((color) => {
    if (!COLOR.test(color)) {
      throw new InvalidArgumentError(
        `mask-colors must be colours such as 000000,ff0000: received "${color}"`,
      );
    }
    const word = parseInt(color, 16);
    return [word >> 16, word >> 8 & 255, word & 255];
  });
}

/**
 * Adds `cassette sheet`.
 *
 * @param program The command to add it to.
 */
export function addSheet(program: Command): void {
  const command = program.command("sheet")
    .description("Draw a contact sheet: samples as they are, and as the loader augments them.")
    .option("--out <file>", "PNG file to write", "sheet.png")
    .option("--samples <number>", "samples to show, one a row", wholeNumber("samples", 1), 8)
    .option("--variants <number>", "augmented pictures of each", wholeNumber("variants", 1), 5)
    .option("--size <pixels>", "side of the pictures", wholeNumber("size", 16), 160)
    .option("--seed <number>", "which samples, and how augmented", wholeNumber("seed", 0), 0)
    .option(
      "--masks <classes>",
      "labels are masks of so many classes, to be laid over",
      wholeNumber("masks", 1),
    )
    .option(
      "--mask-colors <list>",
      "labels are masks in colours: those of the classes, in order, such as 000000,ff0000",
      colors,
    );
  addForce(addTargetOptions(command)).action(async (flags: SheetFlags) => {
    await checkOutput(flags.out, flags, [flags.sqlite]);
    const { maskColors } = flags;
    const masks = maskColors
      ? { classes: Math.max(maskColors.length, flags.masks ?? 0), colors: maskColors }
      : flags.masks && { classes: flags.masks };
    const list = await openList(flags);
    const order = new Permutation(list.ids.length, flags.seed, 0);
    const chosen = Array.from(
      { length: Math.min(flags.samples, list.ids.length) },
      (_, i) => order.at(i),
    );
    await using source = await openSource(flags);
    const device = await requestDevice();
    try {
      const rows = await loadRows({
        source,
        device,
        ids: list.ids.pick(chosen),
        captions: chosen.map((i) =>
          masks ? `sample ${i}` : list.classes.get(list.labels[i]) || `label ${list.labels[i]}`
        ),
        augment: [randomResizedCrop(flags.size), randomFlip()],
        size: flags.size,
        variants: flags.variants,
        seed: flags.seed,
        masks: masks || undefined,
      });
      await writeOutput(flags.out, await drawSheet(rows, flags.size, flags.size), flags);
    } finally {
      device.destroy();
    }
    say(
      `${flags.out}: ${counted(chosen.length, "sample")}, ${
        counted(flags.variants, "variant")
      } each`,
    );
  });
}
