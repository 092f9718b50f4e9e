import type { ColourMatrix } from "./colour.ts";
import type { Resampling } from "./geometry.ts";
import type { PixelStep, StepKind } from "./pixel_step.ts";
import { type PassKind, Placement, type Statistic } from "./placement.ts";

/** What mixing does to one sample. */
export interface Mixing {
  /** Which operator; null leaves the sample alone. */
  kind: "mixup" | "cutmix" | null;
  /** Weight of the sample itself, from 0 to 1. */
  weight: number;
  /** Where the partner stands among the others, from 0 to 1. */
  choice: number;
  /** The rectangle that `cutmix` pastes: x0, y0, and x1, y1 which are not in it. */
  box: [number, number, number, number];
  /** The partner's place in the batch, once it is known. */
  partner: number;
}

/**
 * Takes the operators of one sample, one after the other, and fuses them into passes.
 *
 * Crops and flips are changes of indices and fuse with everything but noise. Linear colour commutes
 * with resampling, as weights add up to 1 and nothing is clamped before the store. Two resamplings
 * one after the other are not one, nor are a step that is not linear and a resampling: the second
 * begins a pass. What needs neighbours or statistics begins a pass as well.
 *
 * One object is used for sample after sample.
 */
export class Chain {
  /** The passes; entries from `count` on are old. */
  readonly passes: Placement[] = [new Placement()];
  /** How many passes there are. */
  count = 1;
  /** What is mixed with other samples after the passes; entries from `mixingCount` on are old. */
  readonly mixings: Mixing[] = [];
  /** How many mixings there are. */
  mixingCount = 0;
  /** Whether operators must leave out all chance. */
  readonly fixed: boolean;

  /** @param fixed Whether operators must leave out all chance. */
  constructor(fixed = false) {
    this.fixed = fixed;
  }

  /**
   * Begins with an image.
   *
   * @param width Columns, in pixels.
   * @param height Rows, in pixels.
   * @param pitch From one row to the next, in pixels.
   */
  begin(width: number, height: number, pitch: number): void {
    this.count = 1;
    this.mixingCount = 0;
    this.passes[0].begin(width, height, pitch);
  }

  /** Columns so far. */
  get width(): number {
    return this.#top.geometry.width;
  }

  /** Rows so far. */
  get height(): number {
    return this.#top.geometry.height;
  }

  get #top(): Placement {
    return this.passes[this.count - 1];
  }

  /** Begins a pass, unless the last one is still empty. */
  split(): void {
    if (this.#top.touched) this.#next();
  }

  #next(): Placement {
    const { width, height } = this.#top.geometry;
    const next = this.passes[this.count] ??= new Placement();
    this.count++;
    next.begin(width, height, width);
    return next;
  }

  /** The pass that may move pixels without interpolation. */
  #movable(): Placement {
    const top = this.#top;
    const movable = top.kind === "move" && !top.hasNoise ? top : this.#next();
    movable.touched = true;
    return movable;
  }

  /** The pass that may resample; `fills` if it shows more than the image. */
  #resamplable(fills: boolean): Placement {
    const top = this.#top;
    const free = top.kind === "move" && !top.geometry.resampled && top.isLinear;
    const plain = !fills || (!top.coloured && top.stepCount === 0);
    const pass = free && plain ? top : this.#next();
    pass.touched = true;
    return pass;
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
    const pass = this.#movable();
    pass.geometry.crop(x, y, width, height);
    for (let i = 0; i < pass.stepCount; i++) {
      if (pass.steps[i].boxed) pass.steps[i].shift(x, y);
    }
  }

  /**
   * Mirrors.
   *
   * @param horizontal Whether left and right change places.
   * @param vertical Whether top and bottom change places.
   */
  flip(horizontal: boolean, vertical: boolean): void {
    if (!horizontal && !vertical) return;
    const pass = this.#movable();
    const { geometry } = pass;
    geometry.flip(horizontal, vertical);
    for (let i = 0; i < pass.stepCount; i++) {
      if (pass.steps[i].boxed) {
        pass.steps[i].mirror(horizontal ? geometry.width : 0, vertical ? geometry.height : 0);
      }
    }
  }

  /**
   * Puts pixels around the image.
   *
   * @param left Columns on the left.
   * @param top Rows above.
   * @param width Columns of the result.
   * @param height Rows of the result.
   * @param fill Their colour; null: the outermost pixels go on.
   */
  extend(
    left: number,
    top: number,
    width: number,
    height: number,
    fill: readonly number[] | null,
  ): void {
    let pass = this.#movable();
    // What would go on beyond the border is not an image's pixel where a rectangle was filled.
    if (pass.stepCount > 0 && !pass.isLinear && fill === null) pass = this.#next();
    const { width: oldWidth, height: oldHeight } = pass.geometry;
    // A filled or cropped view shows its own border beyond it, but one that was shown in part does not.
    if (fill === null && pass.geometry.resampled) pass = this.#next();
    pass.touched = true;
    pass.geometry.extend(left, top, width, height);
    for (let i = 0; i < pass.stepCount; i++) {
      if (pass.steps[i].boxed) pass.steps[i].shift(-left, -top);
    }
    if (fill === null) return;
    const step = pass.step("outside");
    step.numbers.set([left, top, left + oldWidth, top + oldHeight, ...fill]);
  }

  /**
   * Resamples a rectangle to a size, as `Geometry.resample`.
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
    this.#resamplable(false).geometry.resample(x, y, spanX, spanY, width, height, resampling);
  }

  /**
   * Resamples along an affine map, as `Geometry.warp`.
   *
   * @param map Two rows of three: position in the image = row · (x, y, 1) of the result.
   * @param width Columns of the result.
   * @param height Rows of the result.
   * @param resampling The filters.
   * @param fill What lies beyond the image; null: its outermost pixels go on.
   */
  warp(
    map: ArrayLike<number>,
    width: number,
    height: number,
    resampling: Resampling,
    fill: readonly number[] | null,
  ): void {
    this.#resamplable(fill !== null).geometry.warp(map, width, height, resampling, fill);
  }

  /**
   * The matrix that a linear change of colours goes into.
   *
   * @returns The matrix so far, to be changed.
   */
  linear(): ColourMatrix {
    return this.#top.linear();
  }

  /**
   * Adds a step of the pixel program.
   *
   * @param kind What it does.
   * @returns The step, to be filled in.
   */
  step(kind: StepKind): PixelStep {
    return this.#top.step(kind);
  }

  /**
   * Begins a pass that knows a statistic of the whole image.
   *
   * @param statistic What is counted.
   * @param kind The step that makes use of it.
   * @returns The step, to be filled in.
   */
  measured(statistic: Statistic, kind: "table" | "centre"): PixelStep {
    const top = this.#top;
    const pass = top.touched ? this.#next() : top;
    pass.statistic = statistic;
    return pass.step(kind);
  }

  /**
   * Begins a pass of a kernel that sees neighbours.
   *
   * @param kind The kernel.
   * @returns The pass, to be filled in.
   */
  pass(kind: Exclude<PassKind, "move">): Placement {
    this.split();
    const top = this.#top;
    top.kind = kind;
    top.touched = true;
    return top;
  }

  /** Makes the pixel programs as short as they can be, once nothing is added any more. */
  settle(): void {
    for (let pass = 0; pass < this.count; pass++) this.passes[pass].settle();
  }

  /**
   * Adds a mixing with another sample.
   *
   * @returns What is done, to be filled in; nothing as yet.
   */
  mix(): Mixing {
    const mixing = this.mixings[this.mixingCount] ??= {
      kind: null,
      weight: 1,
      choice: 0,
      box: [0, 0, 0, 0],
      partner: -1,
    };
    this.mixingCount++;
    mixing.kind = null;
    mixing.weight = 1;
    mixing.box.fill(0);
    mixing.partner = -1;
    return mixing;
  }
}
