import type { Binding } from "../gpu/kernel.ts";
import type { SHADERS } from "../shaders.ts";
import type { JpegFrame } from "./frame.ts";
import type { DecodeBuffers } from "./kernels.ts";
import { KERNEL_OF_SCAN, type ProgressivePlan } from "./progressive_records.ts";
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
  dispatch: (
    name: keyof typeof PROGRESSIVE_KERNELS,
    stage: Stage,
    times: number,
    bindings: Binding[],
  ) => void,
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
      const bindings: Binding[] = [
        read(stage.params),
        { buffer: buffers.bits, ...plan.bits },
        read(stage.owners ? stage.chunks : plan.tables),
        read(plan.scans),
        stage.owners ? read(stage.owners) : { buffer: buffers.written, ...stage.chunks },
        coefficients,
        { buffer: buffers.written, ...status },
      ];
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
