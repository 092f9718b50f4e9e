import { UsageError } from "../errors.ts";
import type { SampleList } from "./list_builder.ts";
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
  const weightSum = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  // As many as the scarcest class, for its weight, allows.
  const whole = Math.min(
    ...[...weights].map(([label, weight]) => (held.get(label) ?? 0) * weightSum / weight),
  );
  const quotas: Quotas = new Map();
  const totals = values.map((value) => (shares ? value * whole : value));
  for (const [label, weight] of weights) {
    quotas.set(label, totals.map((total) => total * weight / weightSum));
  }
  totals.forEach((total, part) => roundPart(quotas, part, Math.round(total)));
  for (const [label, wanted] of quotas) {
    const sum = wanted.reduce((all, value) => all + value, 0);
    const have = held.get(label) ?? 0;
    if (sum <= have) continue;
    // Rounding may ask for a sample more than there are; numbers that were asked for may not.
    if (shares) wanted[wanted.indexOf(Math.max(...wanted))] -= sum - have;
    else {
      throw new UsageError(
        `Cannot split as counts must leave class ${
          list.classes.get(label) ?? label
        } at most its ${have} samples: received ${sum}`,
        { option: "counts" },
      );
    }
  }
  return quotas;
}

/** Rounds what one part takes of the classes so that it stays the sum: largest remainders first. */
function roundPart(quotas: Quotas, part: number, total: number): void {
  const rows = [...quotas].map(([label, row]) => ({ label, row, rest: row[part] % 1 }));
  for (const { row } of rows) row[part] = Math.floor(row[part] + 1e-9);
  let left = total - rows.reduce((sum, { row }) => sum + row[part], 0);
  rows.sort((a, b) => b.rest - a.rest || a.label - b.label);
  for (const { row } of rows) if (left-- > 0) row[part]++;
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
