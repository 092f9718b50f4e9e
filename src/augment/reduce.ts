import type { Range } from "./dispatch_list.ts";
import type { Geometry } from "./geometry.ts";
import { PIXEL_BYTES, reduceKernel, type SourceKind } from "./kernels.ts";
import { Placement } from "./placement.ts";
import type { Recorder } from "./recorder.ts";
import { resamplingTurns } from "./turns.ts";

/**
 * Whether a tile of 4 × 4 output pixels would take an invocation more loop steps than it may.
 *
 * @param geometry What is resampled.
 * @param maxSteps Most steps.
 * @returns True if it has to be done axis by axis.
 */
export function isWide(geometry: Geometry, maxSteps: number): boolean {
  return !geometry.warped && resamplingTurns(geometry) > maxSteps;
}

/**
 * Resamples one sample axis by axis, the one that leaves less behind first.
 *
 * @param recorder Takes the work.
 * @param source What is read.
 * @param placement What is done.
 * @param range Where the sample lies.
 * @param lend Lends a buffer of so many bytes.
 * @returns Where the resampled pixels are, and what is left to do with them.
 */
export function reduceAxes(
  recorder: Recorder,
  source: SourceKind,
  placement: Placement,
  range: Range,
  lend: (bytes: number) => GPUBuffer,
): [Range, Placement] {
  const pixels = (count: number): Range => {
    const byteLength = count * PIXEL_BYTES.f32;
    return { buffer: lend(byteLength), byteOffset: 0, byteLength };
  };
  const { geometry } = placement;
  const { width, height, viewWidth, viewHeight } = geometry;
  const acrossFirst = width * viewHeight <= viewWidth * height;
  const first = pixels(acrossFirst ? width * viewHeight : viewWidth * height);
  const second = pixels(width * height);
  const axis = acrossFirst ? 0 : 1;
  const filters = [geometry.filterX, geometry.filterY];
  const kernel = reduceKernel(source, filters[axis], axis);
  recorder.add(kernel, placement, range, first, PIXEL_BYTES.f32);

  // The second axis sees what the first has left, row by row; the first is done.
  const rest = new Placement();
  Object.assign(rest.geometry, geometry);
  rest.geometry.base = 0;
  rest.geometry.stepX = 1;
  rest.geometry.stepY = acrossFirst ? width : viewWidth;
  rest.geometry.viewWidth = acrossFirst ? width : viewWidth;
  rest.geometry.viewHeight = acrossFirst ? viewHeight : height;
  const other = reduceKernel("f32", filters[1 - axis], acrossFirst ? 1 : 0);
  recorder.add(other, rest, first, second, PIXEL_BYTES.f32);

  const copy = new Placement();
  copy.begin(width, height, width);
  copy.colour.rows.set(placement.colour.rows);
  for (const each of placement.steps) copy.steps.push(each);
  copy.stepCount = placement.stepCount;
  copy.statistic = placement.statistic;
  return [second, copy];
}
