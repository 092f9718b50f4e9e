import {
  type BoundOperator,
  describe,
  type Given,
  type Operator,
  type OperatorKind,
} from "./operator.ts";
import { checkBoolean, checkNames, checkNumber, optionsOf } from "./parameters.ts";

/** Options of {@linkcode flip}. */
export interface FlipOptions {
  /** Whether left and right change places; true when left out. */
  horizontal?: boolean;
  /** Whether top and bottom change places; false when left out. */
  vertical?: boolean;
}

/** Options of {@linkcode randomFlip}. */
export interface RandomFlipOptions {
  /** Probability that left and right change places, from 0 to 1; 0.5 when left out. */
  horizontal?: number;
  /** Probability that top and bottom change places, from 0 to 1; 0 when left out. */
  vertical?: number;
}

/** What {@linkcode flip} makes, for the table of operators. */
export const flipKind: OperatorKind = { name: "flip", stream: 5, bind: bindFlip };

/** What {@linkcode randomFlip} makes, for the table of operators. */
export const randomFlipKind: OperatorKind = { name: "randomFlip", stream: 6, bind: bindRandom };

/**
 * Mirrors every image, as DALI's `fn.flip` does.
 *
 * @param options Which sides change places.
 * @returns The operator.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { flip } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(flip().parameters, { horizontal: true, vertical: false });
 * ```
 */
export function flip(options: FlipOptions = {}): Operator {
  return describe(flipKind, { ...optionsOf("flip", options, "{ horizontal: true }") });
}

/**
 * Mirrors some images: DALI's `fn.flip` with `fn.random.coin_flip` for either side.
 *
 * @param options How likely either flip is; the two are drawn apart.
 * @returns The operator.
 * @throws {UsageError} If an option is wrong.
 * @example
 * ```ts
 * import { randomFlip } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(randomFlip().parameters, { horizontal: 0.5, vertical: 0 });
 * ```
 */
export function randomFlip(options: RandomFlipOptions = {}): Operator {
  return describe(randomFlipKind, { ...optionsOf("randomFlip", options, "{ horizontal: 0.5 }") });
}

function bindFlip(given: Given): BoundOperator {
  checkNames("flip", given, ["horizontal", "vertical"]);
  const horizontal = checkBoolean("flip", "horizontal", given.horizontal ?? true);
  const vertical = checkBoolean("flip", "vertical", given.vertical ?? false);
  return {
    parameters: { horizontal, vertical },
    title: "flip",
    apply: (chain) => chain.flip(horizontal, vertical),
  };
}

function bindRandom(given: Given): BoundOperator {
  checkNames("randomFlip", given, ["horizontal", "vertical"]);
  const horizontal = checkNumber("randomFlip", "horizontal", given.horizontal ?? 0.5, 0, 1);
  const vertical = checkNumber("randomFlip", "vertical", given.vertical ?? 0, 0, 1);
  return {
    parameters: { horizontal, vertical },
    title: "randomFlip",
    apply(chain, random) {
      if (chain.fixed) return;
      const across = random.uniform() < horizontal;
      const down = random.uniform() < vertical;
      chain.flip(across, down);
    },
  };
}
