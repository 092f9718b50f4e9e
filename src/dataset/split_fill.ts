import { largest } from "../extremes.ts";
import { ANY_CLASS, type Quotas } from "./split_quotas.ts";

/** Samples that stay together: one alone, or all of an entity. */
export interface Unit {
  /** Where its hash lies, from 0 to 1. */
  place: number;
  /** Its samples' places in the list. */
  samples: number[];
}

/** Number of the part of samples that are in none. */
export const NO_PART = 255;

/**
 * Gives units to parts, in the order of their hashes, until the quotas are filled.
 *
 * A unit goes to the part that lacks most of what it has; so single samples fill one part after the
 * other, exactly, and entities as nearly as they allow.
 *
 * @param part Which part each sample is in; those that are in one stay and count.
 * @param units The units.
 * @param labels Label of each sample; undefined where classes do not matter.
 * @param quotas What each part shall have of each class.
 * @param options Whether `all` units are given away, beyond the quotas.
 */
export function fillQuotas(
  part: Uint8Array,
  units: Unit[],
  labels: Int32Array | undefined,
  quotas: Quotas,
  { all }: { all: boolean },
): void {
  const count = quotas.values().next().value?.length ?? 0;
  const labelOf = (sample: number) => labels?.[sample] ?? ANY_CLASS;
  const take = (unit: Unit, to: number) => {
    for (const sample of unit.samples) {
      part[sample] = to;
      const left = quotas.get(labelOf(sample));
      if (left) left[to]--;
    }
  };
  const ordered = units.toSorted((a, b) => a.place - b.place || a.samples[0] - b.samples[0]);
  for (const unit of ordered) {
    const to = part[unit.samples[0]];
    if (to !== NO_PART) take(unit, to);
  }
  const leftOver: Unit[] = [];
  for (const unit of ordered) {
    if (part[unit.samples[0]] !== NO_PART) continue;
    const has = new Map<number, number>();
    for (const sample of unit.samples) {
      has.set(labelOf(sample), (has.get(labelOf(sample)) ?? 0) + 1);
    }
    let best = -1;
    let most = 0;
    for (let to = 0; to < count; to++) {
      let fits = 0;
      for (const [label, number] of has) {
        fits += Math.min(number, Math.max(0, quotas.get(label)?.[to] ?? 0));
      }
      if (fits > most) [best, most] = [to, fits];
    }
    if (best >= 0) take(unit, best);
    else leftOver.push(unit);
  }
  if (!all) return;
  for (const unit of leftOver) {
    const left = quotas.get(labelOf(unit.samples[0]))!;
    take(unit, left.indexOf(largest(left)));
  }
}
