import { largest, smallest } from "../extremes.ts";
import type { ImageRegion } from "../gpu/images.ts";
import type { Chain } from "./chain.ts";
import { FILTERS, type Geometry } from "./geometry.ts";
import type { Placement } from "./placement.ts";

/** A range of pixels along one axis: first, and last which is in it. */
type Span = [number, number];

/**
 * Finds what part of its image a sample reads.
 *
 * It is worked out backwards: what the last pass needs of the one before, and so on.
 *
 * @param chain What is done to the sample.
 * @returns The rectangle.
 */
export function regionOf(chain: Chain): ImageRegion {
  let across: Span = [0, chain.width - 1];
  let down: Span = [0, chain.height - 1];
  for (let pass = chain.count - 1; pass >= 0; pass--) {
    [across, down] = needed(chain.passes[pass], across, down);
  }
  return {
    x: across[0],
    y: down[0],
    width: across[1] - across[0] + 1,
    height: down[1] - down[0] + 1,
  };
}

/** What a pass reads to make a rectangle. */
function needed(placement: Placement, across: Span, down: Span): [Span, Span] {
  const { inputWidth: width, inputHeight: height } = placement.geometry;
  const all: [Span, Span] = [[0, width - 1], [0, height - 1]];
  if (placement.statistic !== null || placement.kind === "user") return all;
  if (placement.kind === "move") {
    const view = placement.geometry.warped
      ? warpNeeds(placement.geometry, across, down)
      : resampleNeeds(placement.geometry, across, down);
    return fromView(placement.geometry, view[0], view[1]);
  }
  const reach = placement.kind === "sharpen" ? 1 : placement.numbers[0];
  const reachX = placement.kind === "blurDown" ? 0 : reach;
  const reachY = placement.kind === "blurAcross" ? 0 : reach;
  return [
    mirrored(across[0] - reachX, across[1] + reachX, width),
    mirrored(down[0] - reachY, down[1] + reachY, height),
  ];
}

/** What is beyond the border comes from within: as much of it as there is beyond. */
function mirrored(low: number, high: number, size: number): Span {
  const first = high > size - 1 ? Math.min(low, 2 * (size - 1) - high) : low;
  const last = low < 0 ? Math.max(high, -low) : high;
  return clampSpan(first, last, size);
}

function clampSpan(low: number, high: number, size: number): Span {
  const most = size - 1;
  return [Math.min(most, Math.max(0, low)), Math.min(most, Math.max(0, high))];
}

/** Columns and rows of the view that a resampling, or a copy, reads. */
function resampleNeeds(geometry: Geometry, across: Span, down: Span): [Span, Span] {
  const axis = (
    span: Span,
    index: number,
    step: number,
    start: number,
    scale: number,
    filter: number,
    reach: number,
    size: number,
  ): Span => {
    const places = span.map((i) => start + (index + step * i + 0.5) * scale);
    return spanAround(smallest(places), largest(places), filter, reach, size);
  };
  const g = geometry;
  return [
    axis(across, g.indexX, g.indexStepX, g.startX, g.scaleX, g.filterX, g.reachX, g.viewWidth),
    axis(down, g.indexY, g.indexStepY, g.startY, g.scaleY, g.filterY, g.reachY, g.viewHeight),
  ];
}

/** Pixels under a filter whose centre moves between two places. */
function spanAround(low: number, high: number, filter: number, reach: number, size: number): Span {
  // A little more than exact, as the shader's numbers have 24 bits.
  const slack = 1e-6 * (Math.abs(low) + Math.abs(high) + size) + 1e-4;
  const extent = filter === FILTERS.nearest ? 0 : reach;
  return clampSpan(
    Math.floor(low - 0.5 - extent - slack),
    Math.ceil(high - 0.5 + extent + slack),
    size,
  );
}

/** Columns and rows of the view that a warp reads: around the corners of the rectangle. */
function warpNeeds(geometry: Geometry, across: Span, down: Span): [Span, Span] {
  const { map, viewWidth, viewHeight } = geometry;
  const axis = (row: number, filter: number, reach: number, size: number): Span => {
    const places = across.flatMap((x) =>
      down.map((y) => map[row] * (x + 0.5) + map[row + 1] * (y + 0.5) + map[row + 2])
    );
    return spanAround(smallest(places), largest(places), filter, reach, size);
  };
  return [
    axis(0, geometry.filterX, geometry.reachX, viewWidth),
    axis(3, geometry.filterY, geometry.reachY, viewHeight),
  ];
}

/** From columns and rows of the view to those of what comes in. */
function fromView(geometry: Geometry, across: Span, down: Span): [Span, Span] {
  const { base, stepX, stepY, inputPitch: pitch } = geometry;
  const y0 = Math.floor(base / pitch), x0 = base - y0 * pitch;
  const xs = across.map((x) => x0 + x * stepX);
  const ys = down.map((y) => y0 + y * (stepY / pitch));
  return [
    [smallest(xs), largest(xs)],
    [smallest(ys), largest(ys)],
  ];
}
