import type { Command } from "commander";
import { ListSpool } from "../dataset/list_spool.ts";
import { counted, ofClasses, size } from "./amounts.ts";
import { addListOptions, type ListFlags, listRows } from "./list_options.ts";
import { addForce, checkOutput, type OutputFlags } from "./output.ts";
import { say } from "./say.ts";

interface Flags extends ListFlags, OutputFlags {
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
  addForce(addListOptions(command)).action(async (flags: Flags) => {
    await checkOutput(flags.out, flags, [flags.sqlite]);
    let spool: ListSpool | undefined;
    try {
      await listRows(flags, (columns) => spool = new ListSpool(flags.out, columns, flags));
      const { samples, classes } = await spool!.finish();
      const { size: bytes } = await Deno.stat(flags.out);
      say(
        `${flags.out}: ${counted(samples, "sample")}${ofClasses(classes)}, ${size(bytes)}`,
      );
    } finally {
      spool?.[Symbol.dispose]();
    }
  });
}
