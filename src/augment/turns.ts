import { MOST_TURNS } from "../gpu/turns.ts";
import { FILTERS, type Geometry } from "./geometry.ts";
import type { Placement } from "./placement.ts";

/** Most turns of a pixel program's loops in an invocation; what is left is for what it follows. */
export const MOST_PROGRAM_TURNS = 24_000;
/** Most turns of the loops of resampling in an invocation. */
export const MOST_RESAMPLING_TURNS = MOST_TURNS - MOST_PROGRAM_TURNS;
/** Pixels that a store takes, one after the other where they are stored word by word. */
const TILE = 4;

/**
 * Turns of the loops of a pixel program, for all that an invocation stores.
 *
 * @param placement The pass that has it.
 * @returns Most turns.
 */
export function programTurns(placement: Placement): number {
  // Noise is drawn pixel by pixel.
  const each = placement.hasNoise ? 1 + TILE : 1;
  // An invocation stores up to four rows.
  return TILE * placement.stepCount * each;
}

/**
 * Turns of the loops of resampling: of a tile of 4 × 4 output pixels, or of 4 × 1 along a warp.
 *
 * @param geometry What is resampled.
 * @returns Most turns.
 */
export function resamplingTurns(geometry: Geometry): number {
  const { filterX, filterY, warped } = geometry;
  if (filterX === FILTERS.nearest && filterY === FILTERS.nearest) return warped ? TILE : 0;
  if (warped) {
    const columns = Math.ceil(2 * geometry.reachX), rows = Math.ceil(2 * geometry.reachY);
    return columns + rows * (1 + columns);
  }
  const across = 3 * geometry.scaleX + 2 * geometry.reachX + 2;
  const down = 3 * geometry.scaleY + 2 * geometry.reachY + 2;
  return across * (down + 1) + down;
}

/**
 * Turns of all loops of the kernel that carries out a pass, but for those of a caller's own code.
 *
 * @param placement The pass; if it resamples, not axis by axis.
 * @returns Most turns.
 */
export function passTurns(placement: Placement): number {
  const { kind, geometry, numbers } = placement;
  const store = programTurns(placement) + TILE * TILE;
  switch (kind) {
    case "move":
      return resamplingTurns(geometry) + store;
    case "blurAcross":
    case "blurDown":
      return 2 * numbers[0] + TILE + store;
    case "sharpen":
      return 3 + 3 * (TILE + 2) + store;
    case "user":
      return TILE + store;
  }
}
