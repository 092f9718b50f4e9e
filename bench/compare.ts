/** One side of a comparison: does the same work as the other, and tells how much that was. */
export interface Side {
  /** Name for the record. */
  name: string;
  /** Does the work once and returns how many units of it there were. */
  run: () => Promise<number>;
}

/** What a comparison found. */
export interface Comparison {
  /** Ours ÷ theirs, of the medians; null where the outputs did not agree. */
  ratio: number | null;
  /** Units a second of each run, in order. */
  ours: number[];
  /** The same of the peer. */
  theirs: number[];
  /** What a unit is, a second. */
  unit: string;
  /** What the peer is. */
  peer: string;
}

const RUNS = 5;

/**
 * Runs two sides in turn, now one first and now the other, after one run of each that does not count.
 *
 * @param ours Our side.
 * @param theirs The peer's.
 * @param unit What is counted, such as `images/s`.
 * @param agree Whether the outputs of both sides were checked and agree.
 * @returns Rates of all runs, and the ratio of their medians.
 */
export async function compare(
  ours: Side,
  theirs: Side,
  unit: string,
  agree = true,
): Promise<Comparison> {
  const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let run = 0; run <= RUNS; run++) {
    const sides = [["ours", ours], ["theirs", theirs]] as const;
    for (const [key, side] of run % 2 === 0 ? sides : sides.toReversed()) {
      const start = performance.now();
      const units = await side.run();
      const rate = units / (performance.now() - start) * 1000;
      if (run > 0) rates[key].push(Math.round(rate * 100) / 100);
    }
  }
  const ratio = median(rates.ours) / median(rates.theirs);
  console.error(
    `${ours.name}: ${median(rates.ours)} ${unit}, ${theirs.name}: ${
      median(rates.theirs)
    } ${unit}, ratio ${ratio.toFixed(2)}${agree ? "" : ", but the outputs differ"}`,
  );
  return { ratio: agree ? ratio : null, ...rates, unit, peer: theirs.name };
}

/**
 * The middle one of some numbers.
 *
 * @param values The numbers, an odd count of them.
 * @returns The median.
 */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/**
 * Writes the outcome of all comparisons as one JSON object on the last line.
 *
 * @param comparisons By the name of their ratio; several for one name count with the worst, which is
 *   the largest where the name ends in `_cost`.
 */
export function report(comparisons: Record<string, Comparison | Comparison[]>): void {
  const worst = (key: string, list: Comparison[]) =>
    list.some(({ ratio }) => ratio === null) ? null : (key.endsWith("_cost") ? Math.max : Math.min)(
      ...list.map(({ ratio }) => Math.round(ratio! * 1000) / 1000),
    );
  const entries = Object.entries(comparisons).map(([key, value]) => [key, [value].flat()] as const);
  const ratios = Object.fromEntries(entries.map(([key, list]) => [key, worst(key, list)]));
  console.log(JSON.stringify({ ...ratios, raw: Object.fromEntries(entries) }));
}
