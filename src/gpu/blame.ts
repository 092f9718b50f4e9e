import { type CassetteError, type ErrorDetails, GpuError, LimitsError } from "../errors.ts";

/**
 * Whether an error says that the device did not take some work, or that it is too large for it: less
 * of it may go.
 *
 * @param error Whatever was thrown.
 * @returns True if it is worth trying less.
 */
export function isRefusal(error: unknown): error is CassetteError {
  return error instanceof GpuError || error instanceof LimitsError;
}

/**
 * Does something for all of some members at once, and where that fails for ever fewer of them, until
 * those are found that it fails for alone.
 *
 * @param members The members. Those that are tried together always follow one another.
 * @param attempt Does it for some of them; says why it failed, or undefined.
 * @returns Why it failed for each that it failed for alone; at most 2 · members − 1 attempts.
 */
export async function blame<T>(
  members: readonly T[],
  attempt: (some: readonly T[]) => Promise<CassetteError | undefined>,
): Promise<Map<T, CassetteError>> {
  const guilty = new Map<T, CassetteError>();
  const waiting = members.length > 0 ? [members] : [];
  for (let some = waiting.pop(); some; some = waiting.pop()) {
    const error = await attempt(some);
    if (!error) continue;
    if (some.length === 1) {
      guilty.set(some[0], error);
      continue;
    }
    const half = some.length >> 1;
    waiting.push(some.slice(half), some.slice(0, half));
  }
  return guilty;
}

/**
 * Makes an error that of a sample.
 *
 * @param error What the work of the sample has failed with.
 * @param task What could not be done, such as `decode sample 7`.
 * @param sampleId Id of the sample, if it has one.
 * @returns An error of the same class, which says so.
 */
export function blamed(error: CassetteError, task: string, sampleId?: string): CassetteError {
  const ErrorClass = error.constructor as new (
    message: string,
    details: ErrorDetails,
  ) => CassetteError;
  const reason = error.message.replace(/^Cannot .*? as /, "");
  return new ErrorClass(`Cannot ${task} as ${reason}`, { sampleId, cause: error });
}
