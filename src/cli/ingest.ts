import type { Command } from "commander";
import { ingestFolder } from "../dataset/ingest.ts";
import { Progress } from "./progress.ts";
import { addTargetOptions, openWriter, type TargetOptions } from "./target.ts";

interface IngestFlags extends TargetOptions {
  json?: boolean;
}

/**
 * Adds `cassette ingest`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addIngest(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("ingest")
    .description("Write a folder of pictures, one folder for each class, into tables.")
    .argument("<dir>", "folder with a folder of .jpg, .jpeg or .png files for each class")
    .option("--json", "print the outcome as one JSON object");
  addTargetOptions(command).action(async (dir: string, flags: IngestFlags) => {
    await using writer = await openWriter(flags);
    let bar: Progress | undefined;
    const report = await ingestFolder(dir, writer, {
      onProgress: ({ done, total }) => {
        bar ??= new Progress(`ingest into ${writer.name}`, total, "files");
        bar.update(done);
      },
    }).finally(() => bar?.[Symbol.dispose]());
    for (const { path, reason } of report.rejected) {
      console.error(`${path}: ${reason.name}: ${reason.message}`);
    }
    const { written, bytes, classes, rejected } = report;
    if (flags.json) {
      const paths = rejected.map(({ path }) => path);
      console.log(JSON.stringify({ written, bytes, classes, rejected: paths }));
    } else {
      console.log(
        `${written} pictures (${
          (bytes / 2 ** 20).toFixed(1)
        } MiB) of ${classes.length} classes in ${writer.name}` +
          (rejected.length > 0 ? `, ${rejected.length} files left out` : ""),
      );
    }
    done(rejected.length > 0);
  });
}
