import { smallest } from "../extremes.ts";
import { UsageError } from "../errors.ts";
import type { GpuImage, ImageRegion } from "../gpu/images.ts";
import type { Orientation } from "./exif.ts";
import type { JpegFrame, JpegScan } from "./frame.ts";
import { BLOCK_EDGE, type Decodable } from "./stage.ts";

/** MCUs of a frame: columns and rows, the last ones not in it. */
interface McuWindow {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Leaves of a picture what a region of it needs: whole MCUs, and the entropy-coded data up to the
 * last of their rows.
 *
 * Upsampling reads samples beside those of a pixel. The window has them too, so that its pixels are
 * right up to the region's border, though not up to its own.
 *
 * @param decodable The picture.
 * @param region What is wanted of it, in pixels of the picture as it is turned.
 * @returns The picture with a frame that has the window only; itself where that is all of it.
 */
export function windowed(decodable: Decodable, region: ImageRegion): Decodable {
  const { frame, orientation } = decodable;
  const width = BLOCK_EDGE * frame.hMax;
  const height = BLOCK_EDGE * frame.vMax;
  const across = Math.ceil(frame.width / width);
  const down = Math.ceil(frame.height / height);
  const stored = storedRegion(region, frame, orientation);
  const reachX = reach(frame.hMax, frame.components.map(({ h }) => h));
  const reachY = reach(frame.vMax, frame.components.map(({ v }) => v));
  const window: McuWindow = {
    left: Math.max(0, Math.floor((stored.x - reachX) / width)),
    top: Math.max(0, Math.floor((stored.y - reachY) / height)),
    right: Math.min(across, Math.ceil((stored.x + stored.width + reachX) / width)),
    bottom: Math.min(down, Math.ceil((stored.y + stored.height + reachY) / height)),
  };
  const { left, top, right, bottom } = window;
  if (left === 0 && top === 0 && right === across && bottom === down) return decodable;
  const components = frame.components.map((component) => {
    const { h, v } = component;
    const column = left * h;
    const row = top * v;
    return {
      ...component,
      width: Math.min(component.width, right * h * BLOCK_EDGE) - column * BLOCK_EDGE,
      height: Math.min(component.height, bottom * v * BLOCK_EDGE) - row * BLOCK_EDGE,
      blocksWide: Math.min(component.blocksWide, right * h) - column,
      blocksHigh: Math.min(component.blocksHigh, bottom * v) - row,
    };
  });
  return {
    ...decodable,
    frame: {
      ...frame,
      width: Math.min(frame.width, right * width) - left * width,
      height: Math.min(frame.height, bottom * height) - top * height,
      components,
      // Every scan of a gathered picture adds to all coefficients.
      scans: frame.gathered ? frame.scans : frame.scans.map((scan) => cut(scan, frame, bottom)),
    },
    section: {
      whole: frame,
      firstColumn: left * width,
      firstRow: top * height,
      before: 0,
      chromaBefore: 0,
      skip: frame.components.map((_, c) => blocksBefore(frame, c, window)),
      firstMcus: frame.scans.map((scan) => firstMcu(scan, frame, window)),
    },
  };
}

/**
 * Checks a region.
 *
 * @param region The region.
 * @param image Its picture.
 * @param name The picture, in words.
 * @throws {UsageError} If it is not a rectangle of whole pixels within the picture.
 */
export function checkRegion(region: ImageRegion, image: GpuImage, name: string): void {
  const { x, y, width, height } = region;
  const whole = [x, y, width, height].every((n) => Number.isInteger(n));
  const inside = x >= 0 && y >= 0 && x + width <= image.width && y + height <= image.height;
  if (whole && inside && width > 0 && height > 0) return;
  throw new UsageError(
    `Cannot decode ${name} as its region must be whole pixels within ${image.width}×${image.height}: received ${width}×${height} at ${x}, ${y}`,
    { option: "regions" },
  );
}

/** How far from its pixel the samples lie that upsampling reads, in pixels. */
function reach(most: number, factors: readonly number[]): number {
  const ratio = most / smallest(factors);
  return ratio === 1 ? 0 : ratio;
}

/** The region in the picture as it is stored: what EXIF orientation does, undone. */
function storedRegion(
  { x, y, width, height }: ImageRegion,
  frame: JpegFrame,
  orientation: Orientation,
): ImageRegion {
  const turned = orientation >= 5;
  const stored = turned ? { x: y, y: x, width: height, height: width } : { x, y, width, height };
  const mirroredX = orientation === 2 || orientation === 3 || orientation >= 7;
  const mirroredY = orientation === 3 || orientation === 4 || orientation === 6 ||
    orientation === 7;
  return {
    ...stored,
    x: mirroredX ? frame.width - stored.x - stored.width : stored.x,
    y: mirroredY ? frame.height - stored.y - stored.height : stored.y,
  };
}

/** A scan up to a row of the frame's MCUs. */
function cut(scan: JpegScan, frame: JpegFrame, bottom: number): JpegScan {
  const mcusDown = Math.min(scan.mcusDown, bottom * rowsOf(scan, frame));
  const segmentCount = scan.restartInterval === 0
    ? scan.segmentCount
    : Math.min(scan.segmentCount, Math.ceil(scan.mcusAcross * mcusDown / scan.restartInterval));
  return { ...scan, mcusDown, segmentCount };
}

/** Rows of a scan's MCUs in one of the frame's: where it has one component they are blocks. */
function rowsOf(scan: JpegScan, frame: JpegFrame): number {
  return scan.components.length === 1 ? frame.components[scan.components[0]].v : 1;
}

function firstMcu(scan: JpegScan, frame: JpegFrame, { left, top }: McuWindow): number {
  const single = scan.components.length === 1;
  const across = single ? frame.components[scan.components[0]].h : 1;
  return top * rowsOf(scan, frame) * scan.mcusAcross + left * across;
}

/** How many blocks lie before a component's first one in the window. */
function blocksBefore(frame: JpegFrame, index: number, window: McuWindow): number {
  const component = frame.components[index];
  if (frame.gathered) {
    return window.top * component.v * component.paddedWide + window.left * component.h;
  }
  const scan = frame.scans[component.scan];
  return firstMcu(scan, frame, window) * scan.blocksPerMcu;
}
