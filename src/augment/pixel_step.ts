import { ColourMatrix } from "./colour.ts";

/** The kinds of steps that program.wgsl knows, by their numbers there. */
const STEP_KINDS = {
  matrix: 0,
  bytes: 1,
  posterize: 2,
  solarize: 3,
  table: 4,
  centre: 5,
  noise: 6,
  erase: 7,
  outside: 8,
} as const;

/** Name of a kind of step. */
export type StepKind = keyof typeof STEP_KINDS;

/** Kinds that commute with resampling, as a filter's weights add up to 1. */
const LINEAR: ReadonlySet<StepKind> = new Set(["matrix", "centre"]);

/** Words of a step in the shader. */
export const STEP_WORDS = 16;

/**
 * One step of a pixel program: what happens to colours after the first matrix.
 *
 * One object is used for sample after sample.
 */
export class PixelStep {
  /** What it does. */
  kind: StepKind = "bytes";
  /** The matrix of a `matrix`. */
  readonly matrix: ColourMatrix = new ColourMatrix();
  /** Seeds of the random numbers of a `noise`. */
  readonly seeds: Uint32Array = new Uint32Array(2);
  /** The numbers of all other kinds, as program.wgsl has them. */
  readonly numbers: Float64Array = new Float64Array(8);
  /** Of the numbers the colour that fills a rectangle, or what lies around it. */
  readonly fill: Float64Array = this.numbers.subarray(4, 7);

  /** Whether it commutes with resampling. */
  get linear(): boolean {
    return LINEAR.has(this.kind);
  }

  /** Whether it has a rectangle in pixels of the output. */
  get boxed(): boolean {
    return this.kind === "erase" || this.kind === "outside";
  }

  /**
   * Moves its rectangle with a crop.
   *
   * @param x First column that stays.
   * @param y First row that stays.
   */
  shift(x: number, y: number): void {
    this.numbers[0] -= x;
    this.numbers[1] -= y;
    this.numbers[2] -= x;
    this.numbers[3] -= y;
  }

  /**
   * Mirrors its rectangle.
   *
   * @param width Columns of the image; 0 leaves left and right.
   * @param height Rows of the image; 0 leaves top and bottom.
   */
  mirror(width: number, height: number): void {
    const [x0, y0, x1, y1] = this.numbers;
    if (width > 0) {
      this.numbers[0] = width - x1;
      this.numbers[2] = width - x0;
    }
    if (height > 0) {
      this.numbers[1] = height - y1;
      this.numbers[3] = height - y0;
    }
  }

  /**
   * Writes it as the shader reads it.
   *
   * @param words Whole numbers of the buffer.
   * @param floats The same memory.
   * @param at First word.
   * @param table First word of the sample's statistics.
   */
  write(words: Uint32Array, floats: Float32Array, at: number, table: number): void {
    words[at] = STEP_KINDS[this.kind];
    words[at + 1] = table;
    words[at + 2] = this.seeds[0];
    words[at + 3] = this.seeds[1];
    floats.set(this.kind === "matrix" ? this.matrix.rows : this.numbers, at + 4);
  }
}
