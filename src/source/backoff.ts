const LONGEST_MS = 10_000;

/**
 * How long to wait before something that failed is tried again: doubled each time up to 10 s, and
 * drawn between half of that and all of it, so that requests that failed together do not come back
 * together.
 *
 * @param attempt How often it was tried, from 1 on.
 * @param first Longest wait after the first time, in milliseconds.
 * @param random Draws a number from 0 to 1.
 * @returns Milliseconds.
 */
export function backoffWait(
  attempt: number,
  first: number,
  random: () => number = Math.random,
): number {
  const most = Math.min(first * 2 ** (attempt - 1), LONGEST_MS);
  return most / 2 + random() * most / 2;
}
