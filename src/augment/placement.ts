import { ColourMatrix } from "./colour.ts";
import { Geometry } from "./geometry.ts";
import { PixelStep, type StepKind } from "./pixel_step.ts";
import type { UserKernel } from "./user_kernel.ts";

/** Which kernel a pass of a sample is. */
export type PassKind = "move" | "blurAcross" | "blurDown" | "sharpen" | "user";

/** What is counted over a whole image before a pass, by the numbers of table.wgsl. */
export const STATISTICS = { equalize: 0, autoContrast: 1, meanLuma: 2 } as const;

/** Name of a statistic. */
export type Statistic = keyof typeof STATISTICS;

/**
 * What one pass does to one sample: a view, resampled at most once, or a kernel that sees
 * neighbours; then a colour matrix, then a pixel program.
 *
 * One object is used for sample after sample.
 */
export class Placement {
  /** Which kernel it is. */
  kind: PassKind = "move";
  /** Where its pixels come from. */
  readonly geometry: Geometry = new Geometry();
  /** What happens to their colours first. */
  readonly colour: ColourMatrix = new ColourMatrix();
  /** What happens to them then; entries from `stepCount` on are old. */
  readonly steps: PixelStep[] = [];
  /** How many steps there are. */
  stepCount = 0;
  /** What is counted over all that comes in, before the pass. */
  statistic: Statistic | null = null;
  /** Numbers of the operator, for kernels that take some. */
  readonly numbers: Float64Array = new Float64Array(16);
  /** The caller's own kernel, for `user`. */
  user: UserKernel | null = null;
  /** Whether anything has been put into it. */
  touched = false;
  /** Whether the colour matrix has been changed. */
  coloured = false;

  /**
   * Makes it a copy.
   *
   * @param width Columns that come in.
   * @param height Rows that come in.
   * @param pitch From one row to the next, in pixels.
   */
  begin(width: number, height: number, pitch: number): void {
    this.kind = "move";
    this.geometry.begin(width, height, pitch);
    this.colour.reset();
    this.stepCount = 0;
    this.statistic = null;
    this.user = null;
    this.touched = this.coloured = false;
  }

  /**
   * Adds a step to the pixel program.
   *
   * @param kind What it does.
   * @returns The step; its numbers are zero, and its matrix changes nothing.
   */
  step(kind: StepKind): PixelStep {
    const step = this.steps[this.stepCount] ??= new PixelStep();
    this.stepCount++;
    this.touched = true;
    step.kind = kind;
    step.numbers.fill(0);
    step.matrix.reset();
    return step;
  }

  /**
   * The matrix that a linear change of colours goes into.
   *
   * @returns The last one, or a new one if other steps came after it.
   */
  linear(): ColourMatrix {
    this.touched = true;
    if (this.stepCount === 0) {
      this.coloured = true;
      return this.colour;
    }
    const last = this.steps[this.stepCount - 1];
    return last.kind === "matrix" ? last.matrix : this.step("matrix").matrix;
  }

  /**
   * Puts matrices before the rectangles that they follow, whose colours they change instead, so that
   * a matrix is one with the last one before it.
   */
  settle(): void {
    const { steps } = this;
    let matrix: ColourMatrix | null = this.colour;
    let kept = 0, boxes = 0;
    for (let i = 0; i < this.stepCount; i++) {
      const step = steps[i];
      if (step.kind === "matrix" && matrix) {
        matrix.then(step.matrix);
        for (let k = boxes; k < kept; k++) step.matrix.change(steps[k].fill);
        continue;
      }
      if (step.kind === "matrix") matrix = step.matrix;
      else if (!step.boxed) matrix = null;
      // Entries change places, as those beyond the count are used again.
      steps[i] = steps[kept];
      steps[kept++] = step;
      if (!step.boxed) boxes = kept;
    }
    this.stepCount = kept;
  }

  /** Whether all that happens to colours commutes with resampling. */
  get isLinear(): boolean {
    return !this.hasStep((step) => !step.linear);
  }

  /** Whether it adds noise, which depends on where a pixel is. */
  get hasNoise(): boolean {
    return this.hasStep((step) => step.kind === "noise");
  }

  /**
   * Whether its pixel program has a certain step.
   *
   * @param is Tells whether a step is one.
   * @returns True if any is.
   */
  hasStep(is: (step: PixelStep) => boolean): boolean {
    for (let i = 0; i < this.stepCount; i++) if (is(this.steps[i])) return true;
    return false;
  }
}
