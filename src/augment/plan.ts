import { ShapeError, UsageError } from "../errors.ts";
import { Chain } from "./chain.ts";
import type { BoundOperator, Operator } from "./operator.ts";
import { kindOf } from "./operators.ts";
import { show } from "./parameters.ts";
import { SampleRandom } from "./philox.ts";

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

/** Operators that are ready to be run. */
export interface Plan {
  /** The operators, in order. */
  steps: readonly Step[];
  /** Whether they share passes where that makes no difference. */
  fuse: boolean;
}

const MOST_OF_A_KIND = 256;
/** Images to see what becomes of: a usual one, and one that no crop is too large for. */
const EXAMPLES = [[640, 480], [65535, 65535]];

/**
 * Makes operators ready to be run.
 *
 * @param operators The operators in order.
 * @param fuse False gives every operator passes of its own.
 * @returns The plan.
 * @throws {UsageError} If an operator is not known, its parameters are wrong, or one that mixes
 * samples does not come last.
 */
export function makePlan(operators: readonly Operator[], fuse = true): Plan {
  const counts = new Map<number, number>();
  let mixer: string | undefined;
  const steps = operators.map((operator): Step => {
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
    if (mixer !== undefined && !bound.mixes) {
      throw new UsageError(
        `Cannot augment as ${mixer} must come after all operators that do not mix samples: ` +
          `received ${kind.name} after it`,
        { option: "augment" },
      );
    }
    if (bound.mixes) mixer = kind.name;
    counts.set(kind.stream, occurrence + 1);
    return { operator, bound, stream: kind.stream, occurrence };
  });
  checkUnits(steps.map(({ operator: { name }, bound: { parameters } }) => ({ name, parameters })));
  return { steps, fuse };
}

/** Operators after which values need not be 0–255 any more. */
const SCALING = ["normalize", "wgslOp"];

/** Refuses mean and deviation in fractions of 1, as other libraries have them, where values are 0–255. */
function checkUnits(operators: readonly Operator[]): void {
  for (const { name, parameters } of operators) {
    if (name === "normalize") {
      const { mean, std } = parameters as { mean: number[]; std: number[] };
      const small = [...mean, ...std].every((value) => Math.abs(value) <= 1);
      const isNothing = mean.every((value) => value === 0) && std.every((value) => value === 1);
      if (small && !isNothing) {
        throw new UsageError(
          `Cannot normalize as mean and std must be in the image's units, 0–255, as those of IMAGENET are: ` +
            `received mean ${show(mean)} and std ${
              show(std)
            }, all at most 1. Multiply both by 255; ` +
            "to make values larger, use scale",
          { option: "std" },
        );
      }
    }
    if (SCALING.some((scaling) => JSON.stringify([name, parameters]).includes(`"${scaling}"`))) {
      return;
    }
  }
}

/**
 * Works out the passes of one sample.
 *
 * @param plan The operators.
 * @param chain Set to the result.
 * @param width Columns of the image.
 * @param height Rows of the image.
 * @param pitch From one row to the next, in pixels.
 * @param random Random numbers of the sample.
 * @param after Called after each operator, with its place in the list.
 * @throws {ShapeError} If an operator cannot be done to an image of that size.
 */
export function place(
  plan: Plan,
  chain: Chain,
  width: number,
  height: number,
  pitch: number,
  random: SampleRandom,
  after?: (index: number) => void,
): void {
  chain.begin(width, height, pitch);
  for (let i = 0; i < plan.steps.length; i++) {
    const { bound, stream, occurrence } = plan.steps[i];
    if (!plan.fuse && !bound.mixes) chain.split();
    random.operator(stream, occurrence);
    bound.apply(chain, random);
    after?.(i);
  }
  chain.settle();
}

/**
 * Runs a plan for an image as there are many.
 *
 * @param plan The operators.
 * @param chain Set to the passes.
 * @param position Which random numbers are drawn.
 * @param after Called after each operator, with its place in the list.
 */
export function tryOut(
  plan: Plan,
  chain: Chain,
  position: number,
  after?: (index: number) => void,
): void {
  const random = new SampleRandom();
  random.sample(0, position);
  for (const [width, height] of EXAMPLES) {
    try {
      place(plan, chain, width, height, width, random, after);
      return;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }
}

/**
 * Groups the operators of a plan by the passes that they are fused into.
 *
 * @param plan The operators.
 * @param fixed Whether chance is left out.
 * @returns For each pass the names of its operators; one that has several passes is the last in
 * its first one. The mixing ones have groups of their own.
 */
export function passNames(plan: Plan, fixed = false): { names: string[]; passes: number }[] {
  const chain = new Chain(fixed);
  const last: number[] = [];
  tryOut(plan, chain, 0, (index) => last[index] = chain.count - 1);
  const groups: { names: string[]; passes: number; from: number; to: number }[] = [
    { names: [], passes: 1, from: 0, to: 0 },
  ];
  const mixing: { names: string[]; passes: number }[] = [];
  plan.steps.forEach(({ bound }, index) => {
    const name = bound.title;
    if (bound.mixes) {
      mixing.push({ names: [name], passes: 1 });
      return;
    }
    let group = groups[groups.length - 1];
    if (last[index] > group.to) {
      if (group.names.length === 0) group.to = last[index];
      else {
        group = { names: [], passes: 1, from: group.to + 1, to: last[index] };
        groups.push(group);
      }
    }
    group.names.push(name);
    group.passes = group.to - group.from + 1;
  });
  return [...groups, ...mixing].map(({ names, passes }) => ({ names, passes }));
}

/**
 * Writes a plan, one line a pass.
 *
 * @param plan The operators.
 * @param output Layout and number format of the tensor.
 * @param fixed Whether chance is left out.
 * @returns For example `1. randomResizedCrop + randomFlip + normalize: u8 pixels → NCHW f32`.
 */
export function describePlan(plan: Plan, output: string, fixed = false): string {
  const groups = passNames(plan, fixed);
  let pass = 0;
  return groups.map(({ names, passes }, index) => {
    const source = index === 0 ? "u8 pixels" : "f32 pixels";
    const target = index === groups.length - 1 ? output : "f32 pixels";
    const from = pass + 1;
    pass += passes;
    const numbers = passes > 1 ? `${from}–${pass}` : `${from}`;
    return `${numbers}. ${names.join(" + ") || "copy"}: ${source} → ${target}`;
  }).join("\n");
}
