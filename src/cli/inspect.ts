import type { Command } from "commander";
import { NoAdapterError, UsageError } from "../errors.ts";
import { requestDevice } from "../gpu/device.ts";
import { inspectJpeg, type JpegReport, type ScanReport } from "../jpeg/inspect.ts";
import type { Tuning } from "../jpeg/stage.ts";
import { tuningFor } from "../jpeg/tuning.ts";
import { inspectClasses } from "./inspect_classes.ts";
import { addTargetOptions, type TargetOptions } from "./target.ts";
import { say, sayJson, warn } from "./say.ts";

const PATHS = { segment: "by segment", sync: "by self-synchronisation" } as const;

/**
 * Adds `cassette inspect`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addInspect(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("inspect")
    .description(
      "Say what a JPEG file consists of, and how it would be decoded; or which classes a data set has.",
    )
    .argument("[file...]", "JPEG files; none where a data set is named")
    .option("--json", "print one JSON object per file or data set, a line each");
  addTargetOptions(command)
    .action(async (files: string[], flags: TargetOptions & { json?: boolean }) => {
      const { sqlite, cassandra, cloudBundle } = flags;
      const target = sqlite ?? cassandra ?? cloudBundle;
      if ((files.length > 0) === (target !== undefined)) {
        throw new UsageError(
          `Cannot inspect as JPEG files or a data set must be named: received ${
            target === undefined ? "neither" : "both"
          }`,
          { option: "file" },
        );
      }
      if (target !== undefined) return await inspectClasses(flags);
      const tuning = await findTuning();
      let failed = false;
      for (const file of files) {
        let bytes: Uint8Array;
        try {
          bytes = await Deno.readFile(file);
        } catch (error) {
          failed = true;
          warn(`${file}: ${(error as Error).name}: ${(error as Error).message}`);
          continue;
        }
        const report = inspectJpeg(bytes, tuning);
        if (report.error !== undefined) failed = true;
        if (flags.json) sayJson({ file, ...report });
        else {for (const line of [file, ...describe(report).map((text) => `  ${text}`)]) {
            say(line);
          }}
      }
      done(failed);
    });
}

/** What suits the machine's device; without one, the decode paths are left out. */
async function findTuning(): Promise<Tuning | undefined> {
  try {
    const device = await requestDevice();
    const tuning = tuningFor(device);
    device.destroy();
    return tuning;
  } catch (error) {
    if (!(error instanceof NoAdapterError)) throw error;
  }
}

function describe(report: JpegReport): string[] {
  const { bytes, end, frame, tables, scans, markers, warnings, error } = report;
  const lines = [`${bytes} bytes, ${markers.length} markers, ends ${ENDS[end]}`];
  if (frame) {
    lines.push(
      `frame: ${frame.width}×${frame.height}, ${frame.process}, ${frame.colour}, orientation ${frame.orientation}, kernels ${frame.kind}`,
    );
    for (const c of frame.components) {
      lines.push(
        `component ${c.id}: sampling ${c.h}×${c.v}, quantisation table ${c.quantisation}, ${c.width}×${c.height} samples, ${c.blocksWide}×${c.blocksHigh} blocks`,
      );
    }
  }
  for (const { kind, slot, size } of tables) {
    lines.push(`table: ${kind} ${slot}, ${size} ${kind === "quantisation" ? "bits" : "codes"}`);
  }
  scans.forEach((scan, i) => {
    for (const line of describeScan(scan, i)) lines.push(line);
  });
  for (const warning of warnings) lines.push(`warning: ${warning}`);
  if (error !== undefined) lines.push(`cannot be decoded, as ${error}`);
  return lines;
}

const ENDS = {
  eoi: "with EOI",
  data: "without EOI",
  cut: "inside of a marker segment",
  length: "at a marker segment of a wrong length",
  noSoi: "where it begins, as there is no SOI",
  many: "at a marker or a restart segment too many",
} as const;

function describeScan(scan: ScanReport, i: number): string[] {
  const { components, dc, ac, spectral, approximation, mcus, restartInterval } = scan;
  const lines = [
    `scan ${i}: components ${components.join(", ")}, DC tables ${dc.join(", ")}, AC tables ${
      ac.join(", ")
    }, coefficients ${spectral.join("–")}, approximation ${approximation.join(" to ")}`,
    `  ${mcus.join("×")} MCUs, ${
      restartInterval ? `restart every ${restartInterval} MCUs` : "no restarts"
    }, ${
      scan.segments === 1 ? "1 segment" : `${scan.segments} segments`
    } of ${scan.bytes} bytes, the longest ${scan.longest}`,
  ];
  if (scan.path) lines.push(`  decoded alone, it goes ${PATHS[scan.path]}: ${scan.why}`);
  return lines;
}
