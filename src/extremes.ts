/**
 * The largest and the smallest of numbers. `Math.max(...numbers)` throws where there are about 125,000,
 * as each is an argument on the stack.
 *
 * @module
 */

/**
 * Finds the largest number.
 *
 * @param numbers The numbers.
 * @param least What is returned if none is larger.
 * @returns The largest.
 */
export function largest(numbers: Iterable<number>, least = -Infinity): number {
  let most = least;
  for (const number of numbers) most = Math.max(most, number);
  return most;
}

/**
 * Finds the smallest number.
 *
 * @param numbers The numbers.
 * @returns The smallest; infinity if there is none.
 */
export function smallest(numbers: Iterable<number>): number {
  let least = Infinity;
  for (const number of numbers) least = Math.min(least, number);
  return least;
}
