import type { Command } from "commander";
import { randomFlip, randomResizedCrop } from "../augment/mod.ts";
import { requestDevice } from "../gpu/device.ts";
import { Permutation } from "../order/permutation.ts";
import { drawSheet } from "./contact_sheet.ts";
import { wholeNumber } from "./numbers.ts";
import { loadRows } from "./sheet_rows.ts";
import { openList } from "./list_options.ts";
import { addTargetOptions, openSource, type TargetOptions } from "./target.ts";

interface SheetFlags extends TargetOptions {
  out: string;
  samples: number;
  variants: number;
  size: number;
  seed: number;
  masks?: number;
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
    );
  addTargetOptions(command).action(async (flags: SheetFlags) => {
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
          flags.masks === undefined
            ? list.classes.get(list.labels[i]) || `label ${list.labels[i]}`
            : `sample ${i}`
        ),
        augment: [randomResizedCrop(flags.size), randomFlip()],
        size: flags.size,
        variants: flags.variants,
        seed: flags.seed,
        maskClasses: flags.masks,
      });
      await Deno.writeFile(flags.out, await drawSheet(rows, flags.size, flags.size));
    } finally {
      device.destroy();
    }
    console.log(`${flags.out}: ${chosen.length} samples, ${flags.variants} variants each`);
  });
}
