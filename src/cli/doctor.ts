import type { Command } from "commander";
import { reportNative } from "../ffi/report.ts";
import { isCpuAdapter, requestDevice } from "../gpu/device.ts";
import { openList } from "./list_options.ts";
import { addTargetOptions, openSource, type TargetOptions } from "./target.ts";
import { sayJson, sayLines } from "./say.ts";

/** One thing that Cassette needs, or can use. */
interface Finding {
  what: string;
  /** Whether it is there. */
  ok: boolean;
  /** What is there, or what is missing and how to get it. */
  detail: string;
  /** Whether Cassette cannot work at all without it. */
  needed: boolean;
}

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
] as const;

/**
 * Adds `cassette doctor`.
 *
 * @param program The command to add it to.
 * @param done Told whether something failed.
 */
export function addDoctor(program: Command, done: (failed: boolean) => void): void {
  const command = program.command("doctor")
    .description("Say what is there and what is missing: GPU, compiler, driver, and a data set.")
    .option("--json", "print the findings as one JSON array");
  addTargetOptions(command).action(async (flags: TargetOptions & { json?: boolean }) => {
    const findings = [await findGpu(), ...await findNative()];
    if (flags.sqlite || flags.cassandra || flags.cloudBundle) {
      findings.push(await findDataset(flags));
    }
    if (flags.json) sayJson(findings);
    else for (const finding of findings) sayLines(line(finding));
    done(findings.some(({ ok, needed }) => needed && !ok));
  });
}

function line({ what, ok, detail, needed }: Finding): string {
  return `${ok ? "ok     " : needed ? "MISSING" : "without"}  ${what.padEnd(12)}  ${detail}`;
}

async function findGpu(): Promise<Finding> {
  const what = "GPU";
  try {
    const device = await requestDevice();
    const { description, vendor } = device.adapterInfo;
    const limits = LIMITS.map((name) => `${name} ${device.limits[name]}`).join(", ");
    const kind = isCpuAdapter(device) ? "computes on the CPU" : "hardware";
    device.destroy();
    return {
      what,
      ok: true,
      needed: true,
      detail: `${description || vendor} (${kind}); ${limits}`,
    };
  } catch (error) {
    return { what, ok: false, needed: true, detail: (error as Error).message };
  }
}

/** What the native driver needs; without it the JavaScript driver fetches. */
async function findNative(): Promise<Finding[]> {
  const checks = await reportNative();
  return checks.map(({ name, ok, detail }) => ({ what: name, ok, detail, needed: false }));
}

async function findDataset(target: TargetOptions): Promise<Finding> {
  const what = target.sqlite ? "SQLite" : "Cassandra";
  try {
    const { ids } = await openList(target);
    await using source = await openSource(target);
    using batch = await source.fetch(ids.pick(ids.length > 0 ? [0] : []));
    const error = batch.length > 0 ? batch.error(0) : undefined;
    if (error) throw error;
    return {
      what,
      ok: true,
      needed: true,
      detail: `${source.name}: ${ids.length} samples, the first has ${batch.lengths[0] ?? 0} bytes`,
    };
  } catch (error) {
    return { what, ok: false, needed: true, detail: (error as Error).message };
  }
}
