import { UsageError } from "../errors.ts";
import { checkBoolean, checkName } from "./parameters.ts";

/** How pixels are interpolated, by DALI's names without `INTERP_`; `nearest` is its `NN`. */
export type Interpolation =
  | "nearest"
  | "linear"
  | "cubic"
  | "lanczos3"
  | "gaussian"
  | "triangular";

/** The filters that the shaders know, by their numbers there. */
export const FILTERS = { triangular: 0, cubic: 1, lanczos3: 2, nearest: 3, gaussian: 4 } as const;

/** Number of a filter in the shaders. */
export type Filter = (typeof FILTERS)[keyof typeof FILTERS];

/** Scales that are as close to 1 as this are 1. */
const SAME = 1e-9;
/** A warp that makes an image smaller by more than this is sampled more sparsely. */
const MOST_STRETCH = 16;
/** Support to either side, by the number of the filter. */
const LOBES = [1, 2, 3, 0.5, 1];

/** Options of the operators that resample. */
export interface ResampleOptions {
  /** Both filters at once; `"linear"` when left out. */
  interpolation?: Interpolation;
  /** Filter where the image gets smaller along an axis. */
  minFilter?: Interpolation;
  /** Filter where the image gets larger along an axis. */
  magFilter?: Interpolation;
  /** Whether the filter is stretched where the image gets smaller; true when left out. */
  antialias?: boolean;
}

/** A filter for each direction, as a sample is resampled with it. */
export interface Resampling {
  /** Filter where the image gets smaller. */
  min: Filter;
  /** Filter where it does not. */
  mag: Filter;
  /** Whether the filter is stretched where the image gets smaller. */
  antialias: boolean;
}

/** Names of {@linkcode ResampleOptions}. */
export const RESAMPLE_OPTIONS = ["interpolation", "minFilter", "magFilter", "antialias"] as const;

const INTERPOLATIONS = [
  "nearest",
  "linear",
  "cubic",
  "lanczos3",
  "gaussian",
  "triangular",
] as const;

/**
 * Checks the options of an operator that resamples.
 *
 * @param maker Operator that takes them, for the message.
 * @param options As the caller gave them.
 * @returns The options with the defaults filled in, and the filters that they mean.
 * @throws {UsageError} If one is wrong.
 */
export function checkResampling(
  maker: string,
  options: { readonly [name: string]: unknown },
): { options: Required<Omit<ResampleOptions, "interpolation">>; resampling: Resampling } {
  const { interpolation = "linear" } = options;
  const both = checkName(maker, "interpolation", interpolation, INTERPOLATIONS);
  const minFilter = checkName(maker, "minFilter", options.minFilter ?? both, INTERPOLATIONS);
  const magFilter = checkName(maker, "magFilter", options.magFilter ?? both, INTERPOLATIONS);
  const antialias = checkBoolean(maker, "antialias", options.antialias ?? true);
  return {
    options: { minFilter, magFilter, antialias },
    resampling: { min: filterOf(minFilter), mag: filterOf(magFilter), antialias },
  };
}

/** Linear is a triangle of one pixel to either side, and a wider one when it is stretched. */
function filterOf(interpolation: Interpolation): Filter {
  return FILTERS[interpolation === "linear" ? "triangular" : interpolation];
}

/**
 * Where the pixels of one sample come from: a view of the source (crop, mirror), resampled at most
 * once, of which the output shows a part (crop, mirror).
 *
 * One object is used for sample after sample.
 */
export class Geometry {
  /** Columns that come in. */
  inputWidth = 0;
  /** Rows that come in. */
  inputHeight = 0;
  /** From one row that comes in to the next, in pixels. */
  inputPitch = 0;
  /** Output width so far, in pixels. */
  width = 0;
  /** Output height so far, in pixels. */
  height = 0;
  /** First pixel of the view. */
  base = 0;
  /** Pixels to the next column of the view. */
  stepX = 1;
  /** Pixels to the next row of the view. */
  stepY = 0;
  /** Columns of the view; what lies beyond is its last column. */
  viewWidth = 0;
  /** Rows of the view; what lies beyond is its last row. */
  viewHeight = 0;
  /** Whether the view has been resampled. */
  resampled = false;
  /** Whether that was along an affine map, which is then all in {@linkcode Geometry.map}. */
  warped = false;
  /** Two rows of three: position in the view = row · (x, y, 1), both from the upper left corner. */
  readonly map: Float64Array = new Float64Array(6);
  /** What lies beyond the view of a warp, as R, G, B; null: its outermost pixels go on. */
  fill: readonly number[] | null = null;
  /** Where the resampled view begins, in columns of the view. */
  startX = 0;
  /** Where the resampled view begins, in rows of the view. */
  startY = 0;
  /** Columns of the view for one of the resampled view. */
  scaleX = 1;
  /** Rows of the view for one of the resampled view. */
  scaleY = 1;
  /** Filter along rows. */
  filterX: Filter = FILTERS.nearest;
  /** Filter along columns. */
  filterY: Filter = FILTERS.nearest;
  /** How much the filter along rows is stretched. */
  stretchX = 1;
  /** How much the filter along columns is stretched. */
  stretchY = 1;
  /** Column of the resampled view that the output begins with. */
  indexX = 0;
  /** Row of the resampled view that the output begins with. */
  indexY = 0;
  /** 1, or -1 for an output that is mirrored after resampling. */
  indexStepX = 1;
  /** 1, or -1 for an output that is mirrored after resampling. */
  indexStepY = 1;

  /**
   * Begins with a whole image.
   *
   * @param width Columns, in pixels.
   * @param height Rows, in pixels.
   * @param pitch From one row to the next, in pixels.
   */
  begin(width: number, height: number, pitch: number): void {
    this.width = this.viewWidth = width;
    this.height = this.viewHeight = height;
    this.inputWidth = width;
    this.inputHeight = height;
    this.inputPitch = pitch;
    this.base = 0;
    this.stepX = 1;
    this.stepY = pitch;
    this.resampled = this.warped = false;
    this.fill = null;
    this.startX = this.startY = 0;
    this.scaleX = this.scaleY = 1;
    this.filterX = this.filterY = FILTERS.nearest;
    this.stretchX = this.stretchY = 1;
    this.indexX = this.indexY = 0;
    this.indexStepX = this.indexStepY = 1;
  }

  /**
   * Cuts a rectangle out.
   *
   * @param x First column, in pixels.
   * @param y First row, in pixels.
   * @param width Columns, in pixels.
   * @param height Rows, in pixels.
   */
  crop(x: number, y: number, width: number, height: number): void {
    if (this.warped) {
      this.#compose(1, x, 1, y);
    } else if (this.resampled) {
      this.indexX += x * this.indexStepX;
      this.indexY += y * this.indexStepY;
    } else {
      this.base += x * this.stepX + y * this.stepY;
      this.viewWidth = width;
      this.viewHeight = height;
    }
    this.width = width;
    this.height = height;
  }

  /**
   * Mirrors.
   *
   * @param horizontal Whether left and right change places.
   * @param vertical Whether top and bottom change places.
   */
  flip(horizontal: boolean, vertical: boolean): void {
    if (this.warped) {
      this.#compose(
        horizontal ? -1 : 1,
        horizontal ? this.width : 0,
        vertical ? -1 : 1,
        vertical ? this.height : 0,
      );
      return;
    }
    if (this.resampled) {
      if (horizontal) {
        this.indexX += (this.width - 1) * this.indexStepX;
        this.indexStepX = -this.indexStepX;
      }
      if (vertical) {
        this.indexY += (this.height - 1) * this.indexStepY;
        this.indexStepY = -this.indexStepY;
      }
      return;
    }
    if (horizontal) {
      this.base += (this.viewWidth - 1) * this.stepX;
      this.stepX = -this.stepX;
    }
    if (vertical) {
      this.base += (this.viewHeight - 1) * this.stepY;
      this.stepY = -this.stepY;
    }
  }

  /**
   * Resamples a rectangle of the view, which may lie between pixels, to a size.
   *
   * Pixel x of the result is at start + (x + 0.5) · scale - 0.5 of the view. A filter is stretched by
   * the scale where that is above 1 and antialias is asked for, as in DALI.
   *
   * @param x Left edge of the rectangle, in pixels.
   * @param y Upper edge, in pixels.
   * @param spanX Its width, in pixels.
   * @param spanY Its height, in pixels.
   * @param width Columns of the result.
   * @param height Rows of the result.
   * @param resampling The filters.
   */
  resample(
    x: number,
    y: number,
    spanX: number,
    spanY: number,
    width: number,
    height: number,
    resampling: Resampling,
  ): void {
    if (this.resampled) throw new UsageError("Cannot resample twice in one pass");
    this.resampled = true;
    this.startX = x;
    this.startY = y;
    this.scaleX = spanX / width;
    this.scaleY = spanY / height;
    this.filterX = width < spanX ? resampling.min : resampling.mag;
    this.filterY = height < spanY ? resampling.min : resampling.mag;
    this.stretchX = stretch(this.filterX, this.scaleX, resampling.antialias);
    this.stretchY = stretch(this.filterY, this.scaleY, resampling.antialias);
    this.width = width;
    this.height = height;
    this.#settle();
  }

  /**
   * Widens what is shown beyond the view on all sides, where its outermost pixels go on.
   *
   * @param left Columns on the left.
   * @param top Rows above.
   * @param width Columns of the result.
   * @param height Rows of the result.
   */
  extend(left: number, top: number, width: number, height: number): void {
    // From here on the view itself stays, and what is shown of it moves.
    this.resampled = true;
    this.crop(-left, -top, width, height);
  }

  /**
   * Resamples along an affine map.
   *
   * @param map Two rows of three: position in the view = row · (x, y, 1) of the result, both from
   * the upper left corner, in pixels.
   * @param width Columns of the result.
   * @param height Rows of the result.
   * @param resampling The filters; the one for larger images is used where the image gets larger along
   * both axes.
   * @param fill What lies beyond the view, as R, G, B; null: its outermost pixels go on.
   */
  warp(
    map: ArrayLike<number>,
    width: number,
    height: number,
    resampling: Resampling,
    fill: readonly number[] | null,
  ): void {
    if (this.resampled) throw new UsageError("Cannot resample twice in one pass");
    this.resampled = this.warped = true;
    this.map.set(map);
    this.fill = fill;
    this.width = width;
    this.height = height;
    this.scaleX = Math.hypot(map[0], map[1]);
    this.scaleY = Math.hypot(map[3], map[4]);
    const smaller = Math.max(this.scaleX, this.scaleY) > 1 + SAME;
    this.filterX = this.filterY = this.#onPixels()
      ? FILTERS.nearest
      : smaller
      ? resampling.min
      : resampling.mag;
    this.stretchX = Math.min(
      MOST_STRETCH,
      stretch(this.filterX, this.scaleX, resampling.antialias && this.scaleX > 1 + SAME),
    );
    this.stretchY = Math.min(
      MOST_STRETCH,
      stretch(this.filterY, this.scaleY, resampling.antialias && this.scaleY > 1 + SAME),
    );
  }

  /** Puts x' = stepX · x + startX, and likewise y, before the map of a warp. */
  #compose(stepX: number, startX: number, stepY: number, startY: number): void {
    const { map } = this;
    for (let row = 0; row < 6; row += 3) {
      map[row + 2] += map[row] * startX + map[row + 1] * startY;
      map[row] *= stepX;
      map[row + 1] *= stepY;
    }
  }

  /** Whether every pixel of a warp is one of the view: turns by 90°, mirrors, whole steps. */
  #onPixels(): boolean {
    const { map } = this;
    return [0, 1, 3, 4].every((i) => Number.isInteger(map[i])) &&
      Math.abs(map[0]) + Math.abs(map[1]) === 1 && Math.abs(map[3]) + Math.abs(map[4]) === 1 &&
      Math.abs(map[0] * map[4] - map[1] * map[3]) === 1 &&
      Number.isInteger(map[2]) && Number.isInteger(map[5]);
  }

  /** Whether the result is what came in, from its first pixel on. */
  get isCopy(): boolean {
    return !this.resampled && this.base === 0 && this.stepX === 1 && this.stepY > 0 &&
      this.width === this.inputWidth && this.height === this.inputHeight;
  }

  /** Support of the filter along rows, to either side, in columns of the view. */
  get reachX(): number {
    return LOBES[this.filterX] * this.stretchX;
  }

  /** Support of the filter along columns, to either side, in rows of the view. */
  get reachY(): number {
    return LOBES[this.filterY] * this.stretchY;
  }

  /** At the pixels themselves every filter is 1, and 0 at all others: nearest gives the same. */
  #settle(): void {
    if (this.scaleX === 1 && Number.isInteger(this.startX)) this.filterX = FILTERS.nearest;
    if (this.scaleY === 1 && Number.isInteger(this.startY)) this.filterY = FILTERS.nearest;
  }
}

function stretch(filter: Filter, scale: number, antialias: boolean): number {
  return antialias && scale > 1 && filter !== FILTERS.nearest ? scale : 1;
}
