import type { Command } from "commander";
import { ListSpool } from "../dataset/list_spool.ts";
import { counted, ofClasses, size } from "./amounts.ts";
import { addListOptions, type ListFlags, listRows } from "./list_options.ts";

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
    let spool: ListSpool | undefined;
    try {
      await listRows(flags, (columns) => spool = new ListSpool(flags.out, columns));
      const { samples, classes } = await spool!.finish();
      const { size: bytes } = await Deno.stat(flags.out);
      console.log(
        `${flags.out}: ${counted(samples, "sample")}${ofClasses(classes)}, ${size(bytes)}`,
      );
    } finally {
      spool?.[Symbol.dispose]();
    }
  });
}
