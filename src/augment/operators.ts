import { UsageError } from "../errors.ts";
import { centerCropKind, cropKind } from "./crop.ts";
import { flipKind, randomFlipKind } from "./flip.ts";
import { normalizeKind } from "./normalize.ts";
import { type Operator, type OperatorKind, show } from "./operator.ts";
import { randomResizedCropKind } from "./random_resized_crop.ts";
import { resizeKind } from "./resize.ts";

const KINDS: ReadonlyMap<string, OperatorKind> = new Map(
  [
    resizeKind,
    cropKind,
    centerCropKind,
    randomResizedCropKind,
    flipKind,
    randomFlipKind,
    normalizeKind,
  ].map((kind) => [kind.name, kind]),
);

/**
 * Finds the kind of an operator.
 *
 * @param operator The operator, perhaps read from JSON.
 * @returns Its kind.
 * @throws {UsageError} If it is not an operator, or there is none of that name.
 */
export function kindOf(operator: Operator): OperatorKind {
  const kind = KINDS.get(operator?.name);
  if (kind && typeof operator.parameters === "object" && operator.parameters !== null) return kind;
  throw new UsageError(
    `Cannot augment as each operator must be one of ${[...KINDS.keys()].join(", ")}: received ${
      show(operator)
    }`,
    { option: "augment" },
  );
}
