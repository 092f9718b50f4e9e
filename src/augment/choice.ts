import { UsageError } from "../errors.ts";
import {
  type BoundOperator,
  describe,
  type Given,
  type Json,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkNames, checkNumber, optionsOf, show } from "./parameters.ts";
import { kindOf } from "./operators.ts";

/** Options of {@linkcode oneOf}. */
export interface OneOfOptions {
  /** How likely each operator is, in relation to the others; all alike when left out. */
  weights?: readonly number[];
}

/** What {@linkcode oneOf} makes, for the table of operators. */
export const oneOfKind: OperatorKind = { name: "oneOf", stream: 33, bind: bindOneOf };

/** What {@linkcode sometimes} makes, for the table of operators. */
export const sometimesKind: OperatorKind = { name: "sometimes", stream: 34, bind: bindSometimes };

/**
 * Does one of several operators, or lists of operators, to each sample: torchvision's `RandomChoice`.
 *
 * @param operators The choices; an empty list is one that does nothing.
 * @param options How likely they are.
 * @returns The operator. With `fixed` the first choice is done, as it is with `fixed`.
 * @throws {UsageError} If there is no choice, a weight is wrong, or some choices mix samples and some do
 * not.
 * @example
 * ```ts
 * import { gaussianBlur, oneOf, posterize } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const operator = oneOf([[], gaussianBlur({ sigma: 1 }), posterize(3)], { weights: [8, 1, 1] });
 * assertEquals(operator.parameters.weights, [8, 1, 1]);
 * ```
 */
export function oneOf(
  operators: readonly (Operator | readonly Operator[])[],
  options: OneOfOptions = {},
): Operator {
  return describe(oneOfKind, { operators, ...optionsOf("oneOf", options) });
}

/**
 * Does an operator, or a list of operators, to some samples: torchvision's `RandomApply`.
 *
 * @param probability How likely it is, from 0 to 1.
 * @param operators What is done.
 * @returns The operator. With `fixed` it does nothing, unless the probability is 1.
 * @throws {UsageError} If an argument is wrong.
 * @example
 * ```ts
 * import { colorTwist, sometimes } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const operator = sometimes(0.8, colorTwist({ saturation: [0.5, 1.5], hue: [-20, 20] }));
 * assertEquals(operator.parameters.probability, 0.8);
 * ```
 */
export function sometimes(
  probability: number,
  operators: Operator | readonly Operator[],
): Operator {
  return describe(sometimesKind, { probability, operators });
}

/** Operators that are done one after the other. */
interface Branch {
  bound: BoundOperator[];
  title: string;
  mixes: boolean;
}

function branch(value: unknown): Branch {
  const operators = Array.isArray(value) ? value : [value];
  const bound = operators.map((operator) => kindOf(operator).bind(operator.parameters));
  const mixing = bound.filter(({ mixes }) => mixes).length;
  if (mixing > 0 && mixing < bound.length) throw mixed(value);
  const title = bound.map((operator) => operator.title).join(" + ") || "nothing";
  return { bound, title, mixes: mixing > 0 };
}

/** A list of the operator's own, as its parameters are frozen. */
function copy(operators: unknown): Json {
  return (Array.isArray(operators) ? [...operators] : operators) as Json;
}

function mixed(value: unknown): UsageError {
  return new UsageError(
    `Cannot make a choice as its operators must all mix samples or none of them: received ${
      show(value)
    }`,
    { option: "operators" },
  );
}

function bindOneOf(given: Given): BoundOperator {
  checkNames("oneOf", given, ["operators", "weights"]);
  const { operators } = given;
  if (!Array.isArray(operators) || operators.length === 0) {
    throw new UsageError(
      `Cannot make oneOf as operators must be a list of at least one: received ${show(operators)}`,
      { option: "operators" },
    );
  }
  const branches = operators.map(branch);
  // A choice that does nothing goes with either sort.
  const some = branches.filter(({ bound }) => bound.length > 0);
  const mixes = some.some((choice) => choice.mixes);
  if (mixes && !some.every((choice) => choice.mixes)) throw mixed(operators);
  const weights = checkWeights(given.weights ?? branches.map(() => 1), branches.length);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    parameters: { operators: operators.map(copy), weights },
    title: `oneOf(${branches.map(({ title }) => title).join(" | ")})`,
    filters: branches.flatMap(({ bound }) => bound.flatMap(({ filters }) => filters ?? [])),
    mixes,
    apply(chain, random) {
      let index = 0;
      if (!chain.fixed) {
        let left = random.uniform() * total;
        while (index < branches.length - 1 && left >= weights[index]) left -= weights[index++];
      }
      if (mixes && branches[index].bound.length === 0 && !chain.fixed) chain.mix();
      for (const operator of branches[index].bound) operator.apply(chain, random);
    },
  };
}

function checkWeights(value: unknown, count: number): number[] {
  const valid = Array.isArray(value) && value.length === count &&
    value.every((weight) => Number.isFinite(weight) && weight >= 0) &&
    value.some((weight) => weight > 0);
  if (valid) return [...value];
  throw new UsageError(
    `Cannot make oneOf as weights must be ${count} numbers of at least 0, not all 0: received ${
      show(value)
    }`,
    { option: "weights" },
  );
}

function bindSometimes(given: Given): BoundOperator {
  checkNames("sometimes", given, ["probability", "operators"]);
  const probability = checkNumber("sometimes", "probability", given.probability, 0, 1);
  const { bound, title, mixes } = branch(given.operators);
  return {
    parameters: { probability, operators: copy(given.operators) },
    title: `sometimes(${title})`,
    filters: bound.flatMap(({ filters }) => filters ?? []),
    mixes,
    apply(chain, random) {
      const done = chain.fixed ? probability === 1 : random.uniform() < probability;
      if (!done && mixes && !chain.fixed) chain.mix();
      if (done) { for (const operator of bound) operator.apply(chain, random); }
    },
  };
}
