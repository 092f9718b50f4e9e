import { UsageError } from "../errors.ts";
import { ColourMatrix } from "./colour.ts";
import { Geometry } from "./geometry.ts";
import type { BoundOperator, Operator } from "./operator.ts";
import { kindOf } from "./operators.ts";
import type { SampleRandom } from "./philox.ts";

/** An operator in its place in the list. */
export interface Step {
  /** The operator as it was given. */
  operator: Operator;
  /** What it does. */
  bound: BoundOperator;
  /** Number of its kind in the random generator. */
  stream: number;
  /** How many of its kind come before it. */
  occurrence: number;
}

/** What one dispatch does to a sample: a view, resampled at most once, then a colour matrix. */
export interface Pass {
  /** The operators that are fused into it, in order. */
  steps: readonly Step[];
}

const MOST_OF_A_KIND = 256;

/**
 * Fuses operators into passes.
 *
 * Crops and flips are changes of indices and fuse with everything. Linear colour commutes with
 * resampling, as weights add up to 1 and nothing is clamped before the store. Two resamplings
 * one after the other are not one resampling: the second begins a pass.
 *
 * @param operators The operators in order.
 * @param fuse False gives every operator a pass of its own.
 * @returns At least one pass.
 * @throws {UsageError} If an operator is not known or its parameters are wrong.
 */
export function makePlan(operators: readonly Operator[], fuse = true): Pass[] {
  const counts = new Map<number, number>();
  const passes: { steps: Step[] }[] = [{ steps: [] }];
  let resampled = false;
  for (const operator of operators) {
    const kind = kindOf(operator);
    const bound = kind.bind(operator.parameters);
    const occurrence = counts.get(kind.stream) ?? 0;
    if (occurrence >= MOST_OF_A_KIND) {
      throw new UsageError(
        `Cannot augment as a list must have at most ${MOST_OF_A_KIND} operators of a kind: ` +
          `received more of ${kind.name}`,
        { option: "augment" },
      );
    }
    counts.set(kind.stream, occurrence + 1);
    const resamples = bound.filters !== undefined;
    const last = passes[passes.length - 1];
    if (last.steps.length > 0 && (!fuse || (resampled && resamples))) {
      passes.push({ steps: [] });
      resampled = false;
    }
    resampled ||= resamples;
    passes[passes.length - 1].steps.push({ operator, bound, stream: kind.stream, occurrence });
  }
  return passes;
}

/** What one pass does to one sample; used for sample after sample. */
export class Placement {
  /** Where its pixels come from. */
  readonly geometry: Geometry = new Geometry();
  /** What happens to their colours. */
  readonly colour: ColourMatrix = new ColourMatrix();
}

/**
 * Works out what a pass does to a sample.
 *
 * @param pass The pass.
 * @param width Columns that come in.
 * @param height Rows that come in.
 * @param pitch From one row to the next, in pixels.
 * @param random Random numbers of the sample.
 * @param placement Set to the result.
 * @throws {ShapeError} If an operator cannot be done to an image of that size.
 */
export function place(
  pass: Pass,
  width: number,
  height: number,
  pitch: number,
  random: SampleRandom,
  placement: Placement,
): void {
  const { geometry, colour } = placement;
  geometry.begin(width, height, pitch);
  colour.reset();
  for (const { bound, stream, occurrence } of pass.steps) {
    random.operator(stream, occurrence);
    bound.place?.(geometry, random);
    bound.colour?.(colour, random);
  }
}

/**
 * Writes a plan, one line a pass.
 *
 * @param passes The passes.
 * @param output Layout and number format of the tensor.
 * @returns For example `1. randomResizedCrop + randomFlip + normalize: u8 pixels → NCHW f32`.
 */
export function describePlan(passes: readonly Pass[], output: string): string {
  return passes.map((pass, index) => {
    const names = pass.steps.map((step) => step.operator.name).join(" + ") || "copy";
    const source = index === 0 ? "u8 pixels" : "f32 pixels";
    const target = index === passes.length - 1 ? output : "f32 pixels";
    return `${index + 1}. ${names}: ${source} → ${target}`;
  }).join("\n");
}
