import { UsageError } from "../errors.ts";
import type { SampleList } from "./list_builder.ts";
import { roundTable, roundToSum } from "./round_table.ts";
import type { Balance } from "./split.ts";

/** Samples that each part shall have of each class: by label, then by part. */
export type Quotas = Map<number, number[]>;

/** Label of all samples where classes do not matter. */
export const ANY_CLASS = 0;

/**
 * Works out how many samples of each class each part shall have.
 *
 * @param list The list.
 * @param labels Its labels; undefined where classes do not matter.
 * @param sizes Shares or numbers of samples, by part.
 * @param shares Whether they are shares.
 * @param balance How classes are balanced.
 * @returns The quotas.
 * @throws {UsageError} If a class has too few samples.
 */
export function quotasOf(
  list: SampleList,
  labels: Int32Array | undefined,
  sizes: Readonly<Record<string, number>>,
  shares: boolean,
  balance: Balance,
): Quotas {
  const held = new Map<number, number>();
  for (let i = 0; i < list.ids.length; i++) {
    const label = labels?.[i] ?? ANY_CLASS;
    held.set(label, (held.get(label) ?? 0) + 1);
  }
  const weights = weightsOf(held, balance);
  const values = Object.values(sizes);
  const asked = values.reduce((sum, value) => sum + value, 0);
  let all = 0;
  for (const label of weights.keys()) all += held.get(label) ?? 0;
  if (!shares && asked > all) {
    throw new UsageError(
      `Cannot split as counts must be at most ${all} together, the samples that there are: received ${asked}`,
      { option: "counts" },
    );
  }
  const weightSum = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  // As many as the scarcest class, for its weight, allows.
  let most = Infinity;
  for (const [label, weight] of weights) {
    most = Math.min(most, (held.get(label) ?? 0) * weightSum / weight);
  }
  const totals = values.map((value) => (shares ? value * most : value));
  const rows = [...weights].map(([label, weight]) => {
    const wanted = totals.map((total) => total * weight / weightSum);
    const sum = wanted.reduce((all, value) => all + value, 0);
    const have = held.get(label) ?? 0;
    if (Math.floor(sum + 1e-9) > have) {
      throw new UsageError(
        `Cannot split as counts must leave class ${
          list.classes.get(label) || label
        } at most its ${have} samples: received ${Math.floor(sum + 1e-9)}`,
        { option: "counts" },
      );
    }
    return { label, have, wanted: [...wanted, Math.max(0, have - sum)] };
  });
  // What no part takes is a column, too.
  const rest = Math.max(0, all - totals.reduce((sum, total) => sum + total, 0));
  const table = roundTable(
    rows.map(({ wanted }) => wanted),
    rows.map(({ have }) => have),
    roundToSum([...totals, rest], all),
  );
  return new Map(rows.map(({ label }, r) => [label, table[r].slice(0, -1)]));
}

function weightsOf(held: Map<number, number>, balance: Balance): Map<number, number> {
  if (balance === "original" || balance === "random") return held;
  if (balance === "class") return new Map([...held.keys()].map((label) => [label, 1]));
  const weights = Object.entries(balance).map(([label, weight]) =>
    [Number(label), weight, label] as const
  );
  for (const [label, weight, name] of weights) {
    const good = Number.isInteger(label) && Number.isFinite(weight) && weight >= 0;
    if (good && (weight === 0 || held.has(label))) continue;
    throw new UsageError(
      `Cannot split as balance must be weights from 0 on by labels in the list: received ${weight} for "${name}"`,
      { option: "balance" },
    );
  }
  return new Map(
    weights.filter(([, weight]) => weight > 0).map(([label, weight]) => [label, weight]),
  );
}
