import type { Binding } from "../gpu/kernel.ts";
import type { SHADERS } from "../shaders.ts";
import type { JpegFrame } from "./frame.ts";
import type { DecodeBuffers } from "./kernels.ts";
import type { GatheredStrip, GatheredStripGroup } from "./gathered_strips.ts";
import {
  KERNEL_OF_SCAN,
  type ProgressivePlan,
  type ProgressiveStage,
} from "./progressive_records.ts";
import type { Stage } from "./stage.ts";
import type { Region } from "./words.ts";

/** The kernels of gathered pictures: their source, whose size of workgroup they have, and where they begin. */
export const PROGRESSIVE_KERNELS = {
  "progressive first": {
    files: [
      "jpeg/progressive.wgsl",
      "jpeg/progressive_chunk.wgsl",
      "jpeg/progressive_first.wgsl",
    ],
    size: "entropy",
    entryPoint: "main",
  },
  "progressive refine": {
    files: [
      "jpeg/progressive.wgsl",
      "jpeg/progressive_chunk.wgsl",
      "jpeg/progressive_refine.wgsl",
    ],
    size: "entropy",
    entryPoint: "main",
  },
  "progressive dc": {
    files: ["jpeg/progressive.wgsl", "jpeg/progressive_dc.wgsl"],
    size: "transform",
    entryPoint: "main",
  },
  "progressive masks": {
    files: ["jpeg/progressive_masks.wgsl"],
    size: "transform",
    entryPoint: "main",
  },
  "smooth estimate": { files: ["jpeg/smooth.wgsl"], size: "transform", entryPoint: "estimate" },
  "smooth apply": { files: ["jpeg/smooth.wgsl"], size: "transform", entryPoint: "apply" },
} as const satisfies Record<
  string,
  {
    files: readonly (keyof typeof SHADERS)[];
    size: "entropy" | "transform";
    entryPoint: string;
  }
>;

/** The kernels that have a variant for pictures that are decoded strip by strip. */
export type WindowedKernel = Exclude<keyof typeof PROGRESSIVE_KERNELS, "progressive masks">;

/**
 * The kernels that a gathered picture needs.
 *
 * @param frame Its frame.
 * @returns Their names.
 */
export function progressiveKernels(frame: JpegFrame): (keyof typeof PROGRESSIVE_KERNELS)[] {
  const names: (keyof typeof PROGRESSIVE_KERNELS)[] = [];
  for (const { kind } of frame.scans) {
    names.push(KERNEL_OF_SCAN[kind]);
    if (kind === "ac refine") names.push("progressive masks");
  }
  if (frame.unknownBits) names.push("smooth estimate", "smooth apply");
  return names;
}

/**
 * Records the entropy decoding of a picture in strips: each wave in one window after the other.
 *
 * @param group The picture.
 * @param buffers The buffers of the decode.
 * @param status Where the status of all pictures lies in `buffers.written`.
 * @param dispatch Records some dispatches of a kernel.
 */
export function recordWindows(
  { progressive, windows }: GatheredStripGroup,
  buffers: DecodeBuffers,
  status: Region,
  dispatch: DispatchProgressive,
): void {
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  progressive.waves.forEach((_, w) => {
    for (const { coefficients, masks, waves } of windows) {
      const bound = { buffer: buffers.coefficients, ...coefficients };
      const marks = { buffer: buffers.gathered, size: masks.bytes };
      for (const { stage, params, dispatches } of waves[w]) {
        if (stage.kernel === "progressive refine") {
          dispatch("progressive masks", masks, 1, [read(masks.params), bound, marks]);
        }
        const bindings = scanBindings(progressive, stage, params, buffers, bound, status);
        if (stage.kernel === "progressive refine") bindings.push(marks);
        dispatch(`${stage.kernel} windowed`, stage, dispatches, bindings);
      }
    }
  });
}

/**
 * Records the smoothing of a strip.
 *
 * @param smoothing The strip's stage, and where neighbours are read.
 * @param buffers The buffers of the decode.
 * @param target The strip's coefficients, in another buffer.
 * @param dispatch Records some dispatches of a kernel.
 */
export function recordSmoothing(
  { stage, around }: NonNullable<GatheredStrip["smoothing"]>,
  buffers: DecodeBuffers,
  target: Binding,
  dispatch: DispatchProgressive,
): void {
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const records = [stage.params, stage.components, stage.owners].map(read);
  const smoothed = { buffer: buffers.gathered, size: stage.bytes };
  dispatch("smooth estimate windowed", stage, 1, [
    ...records,
    read(stage.weights),
    { buffer: buffers.coefficients, ...around },
    smoothed,
  ]);
  dispatch("smooth apply windowed", stage, 1, [...records, smoothed, target]);
}

/** What a kernel that decodes scans is bound to. */
function scanBindings(
  plan: ProgressivePlan,
  stage: ProgressiveStage,
  params: Region,
  buffers: DecodeBuffers,
  coefficients: Binding,
  status: Region,
): Binding[] {
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  return [
    read(params),
    { buffer: buffers.bits, ...plan.bits },
    read(stage.owners ? stage.chunks : plan.tables),
    read(plan.scans),
    stage.owners ? read(stage.owners) : { buffer: buffers.written, ...stage.chunks },
    coefficients,
    { buffer: buffers.written, ...status },
  ];
}

/** Records some dispatches of a kernel. */
export type DispatchProgressive = (
  name: keyof typeof PROGRESSIVE_KERNELS | `${WindowedKernel} windowed`,
  stage: Pick<Stage, "workgroups" | "work">,
  times: number,
  bindings: Binding[],
) => void;

/**
 * Records the entropy decoding of gathered pictures.
 *
 * @param plan The waves.
 * @param buffers The buffers of the decode.
 * @param coefficients Coefficients of the group.
 * @param status Where the status of all pictures lies in `buffers.written`.
 * @param dispatch Records some dispatches of a kernel.
 */
export function recordProgressive(
  plan: ProgressivePlan,
  buffers: DecodeBuffers,
  coefficients: Binding,
  status: Region,
  dispatch: DispatchProgressive,
): void {
  const read = (region: Region) => ({ buffer: buffers.read, ...region });
  const masks = { buffer: buffers.gathered, size: plan.masks.bytes };
  for (const wave of plan.waves) {
    for (const stage of wave) {
      if (stage.kernel === "progressive refine") {
        dispatch("progressive masks", plan.masks, 1, [
          read(plan.masks.params),
          coefficients,
          masks,
        ]);
      }
      const bindings = scanBindings(plan, stage, stage.params, buffers, coefficients, status);
      if (stage.kernel === "progressive refine") bindings.push(masks);
      dispatch(stage.kernel, stage, stage.dispatches, bindings);
    }
  }
  const { smoothing } = plan;
  if (!smoothing) return;
  const records = [smoothing.params, smoothing.components, smoothing.owners].map(read);
  const smoothed = { buffer: buffers.gathered, size: smoothing.bytes };
  dispatch("smooth estimate", smoothing, 1, [
    ...records,
    read(smoothing.weights),
    coefficients,
    smoothed,
  ]);
  dispatch("smooth apply", smoothing, 1, [...records, smoothed, coefficients]);
}
