import { UsageError } from "../errors.ts";

/** Most names that braces may stand for: more are no list of shards. */
const MOST_NAMES = 100_000;

/**
 * Writes out the braces of a list of shards.
 *
 * @param text A path such as `train-{0000..0003}.tar`.
 * @returns All that it stands for.
 * @throws {UsageError} If that is more than 100,000 names.
 */
export function expandBraces(text: string): string[] {
  const ranges = [...text.matchAll(/\{(\d+)\.\.(\d+)\}/g)];
  let count = 1;
  for (const [, first, last] of ranges) count *= Math.max(0, Number(last) - Number(first) + 1);
  if (count > MOST_NAMES) {
    throw new UsageError(
      `Cannot expand ${text} as braces must stand for at most ${MOST_NAMES} names: received ${count}`,
      { option: "shards" },
    );
  }
  let names = [""];
  let at = 0;
  for (const { 0: whole, 1: first, 2: last, index } of ranges) {
    const between = text.slice(at, index);
    const numbers = Array.from(
      { length: Math.max(0, Number(last) - Number(first) + 1) },
      (_, i) => String(Number(first) + i).padStart(first.length, "0"),
    );
    names = names.flatMap((name) => numbers.map((number) => name + between + number));
    at = index + whole.length;
  }
  return names.map((name) => name + text.slice(at));
}
