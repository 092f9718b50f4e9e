import type { Command } from "commander";
import { writeList } from "../dataset/list_file.ts";
import { addListOptions, type ListFlags, openList } from "./list_options.ts";

interface Flags extends ListFlags {
  out: string;
}

/**
 * Adds `cassette list`.
 *
 * @param program The command to add it to.
 */
export function addList(program: Command): void {
  const command = program.command("list")
    .description("List ids, labels and columns of a data set into one compact file.")
    .requiredOption("--out <file>", "file to write");
  addListOptions(command).action(async (flags: Flags) => {
    const list = await openList(flags);
    await writeList(flags.out, list);
    const { size } = await Deno.stat(flags.out);
    console.log(
      `${flags.out}: ${list.ids.length} samples of ${list.classes.size} classes, ${
        (size / 2 ** 20).toFixed(1)
      } MiB`,
    );
  });
}
