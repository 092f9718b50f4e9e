import { type Binding, getKernel, type Kernel } from "../gpu/kernel.ts";
import type { CommandSteps } from "../gpu/steps.ts";
import { SHADERS } from "../shaders.ts";
import type { Stage } from "./stage.ts";
import type { SyncStage } from "./sync_records.ts";
import type { Region } from "./words.ts";

const NAMES = ["count", "check", "fix", "sums", "offsets", "prefix", "chunks"] as const;
const SUMMING: readonly string[] = ["sums", "offsets", "prefix"];
/** Those whose workgroups have a size of their own. */
const SIZED: readonly string[] = [...SUMMING, "fix"];

/** The kernels of the self-synchronising decoder. */
export type SyncKernels = Readonly<Record<(typeof NAMES)[number], Kernel>>;

/** What the self-synchronising decoder reads and writes. */
export interface SyncBuffers {
  /** Records. */
  readonly read: GPUBuffer;
  /** What only these kernels see. */
  readonly sync: GPUBuffer;
  /** Window of the entropy-coded segments. */
  readonly bits: Binding;
  /** Huffman tables. */
  readonly tables: Binding;
  /** Scan records. */
  readonly scans: Binding;
}

/**
 * Compiles the kernels.
 *
 * @param device The device.
 * @param workgroup Invocations of a workgroup.
 * @returns The kernels.
 */
export async function loadSyncKernels(device: GPUDevice, workgroup: number): Promise<SyncKernels> {
  const kernels = await Promise.all(NAMES.map((name) => {
    const summing = SUMMING.includes(name);
    return getKernel(device, {
      label: `jpeg/sync/${name}`,
      code: SHADERS[summing ? "jpeg/sync/scan.wgsl" : "jpeg/sync/walk.wgsl"] +
        SHADERS[`jpeg/sync/${name}.wgsl`],
      constants: SIZED.includes(name) ? {} : { WORKGROUP: workgroup },
    });
  }));
  return Object.fromEntries(NAMES.map((name, i) => [name, kernels[i]])) as unknown as SyncKernels;
}

/**
 * Records the commands that find the chunks of one group.
 *
 * @param steps Where to record.
 * @param kernels The compiled kernels.
 * @param stage The work.
 * @param buffers The buffers.
 */
export function recordSync(
  steps: CommandSteps,
  kernels: SyncKernels,
  stage: SyncStage,
  buffers: SyncBuffers,
): void {
  const { bits, tables, scans } = buffers;
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const own = (region: Region) => ({ buffer: buffers.sync, ...region });
  const { fix, sum, scratch } = stage;
  const segments = read(stage.segments);
  const owners = read(stage.owners);
  const last = read(stage.rounds[stage.rounds.length - 1]);
  const exits = own(scratch.exits);
  const found = own(scratch.found);
  const marks = own(scratch.marks);
  const sums = own(scratch.sums);
  const before = own(scratch.before);
  const run = (
    name: keyof SyncKernels,
    { workgroups, work }: Pick<Stage, "workgroups" | "work">,
    bindings: Record<number, Binding>,
    times = 1,
  ) => steps.dispatch(kernels[name], workgroups, bindings, work, times);
  const streams = { 1: bits, 2: tables, 3: scans, 4: segments };
  for (const round of stage.rounds) {
    run("count", stage, {
      0: read(round),
      ...streams,
      5: owners,
      6: exits,
      7: found,
      8: marks,
    });
  }
  run("check", stage, { 0: last, 4: segments, 5: owners, 6: exits, 7: found, 8: marks });
  const inOrder = { 0: last, ...streams, 5: exits, 6: found, 7: marks };
  run("fix", fix, inOrder, fix.dispatches);
  run("sums", sum, { 0: read(sum.params), 1: found, 2: sums });
  run("offsets", { ...sum, workgroups: 1 }, { 0: read(sum.params), 1: sums });
  run("prefix", sum, { 0: read(sum.params), 1: found, 2: sums, 3: before });
  const chunks = own(scratch.chunks);
  run("chunks", stage, { 0: last, 4: segments, 5: owners, 6: found, 7: before, 8: chunks });
}
