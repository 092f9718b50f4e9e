import { type CassetteError, type ErrorDetails, GpuError, LimitsError } from "../errors.ts";

/** All that a device can find wrong, in the order in which it tells why work was not done. */
const FILTERS: readonly GPUErrorFilter[] = ["out-of-memory", "internal", "validation"];
/** Most characters of a device's own words in a message. */
const MOST_WORDS = 300;

/** Why a device did not take some work. */
export interface GpuFault {
  /** What was wrong. */
  readonly kind: GPUErrorFilter;
  /** The device's own words. */
  readonly words: string;
}

/** What came of work in error scopes. */
export interface Scoped<T> {
  /** What the work returned. */
  readonly value: T;
  /** Why the device did not take it; undefined if it did. Never rejects. */
  readonly fault: Promise<GpuFault | undefined>;
}

/**
 * Does work that makes objects of a device, records or submits, in an error scope of each kind.
 *
 * WebGPU does not throw where work is invalid, or where there is no memory for it: it leaves it out.
 * Whoever waits for `fault` waits for the device to have checked the work, not for it to be done. Deno
 * checks it at once: three scopes take 3 µs, and `fault` is settled before any other task runs.
 *
 * @param device The device.
 * @param work Synchronous work: scopes hold whatever comes between their beginning and end.
 * @returns What it returned, and what was wrong with it.
 * @throws What the work throws.
 */
export function inScopes<T>(device: GPUDevice, work: () => T): Scoped<T> {
  for (const filter of FILTERS) device.pushErrorScope(filter);
  // The last one that was begun ends first.
  const end = () => firstOf(FILTERS.map(() => device.popErrorScope()).reverse());
  try {
    const value = work();
    return { value, fault: end() };
  } catch (error) {
    end();
    throw error;
  }
}

async function firstOf(
  scopes: readonly Promise<GPUError | null>[],
): Promise<GpuFault | undefined> {
  // Of a lost device, whoever waits for its work is told.
  const errors = await Promise.all(scopes.map((scope) => scope.catch(() => null)));
  const place = errors.findIndex((error) => error !== null);
  if (place === -1) return undefined;
  // Deno has no words for internal errors.
  const words = (errors[place]!.message ?? "no words").replace(/\s+/g, " ").trim();
  return { kind: FILTERS[place], words: words.slice(0, MOST_WORDS) };
}

/**
 * The error to throw for work that a device did not take.
 *
 * @param fault Why it did not.
 * @param task What could not be done, such as `decode sample 7`.
 * @param details The sample, where it is one's.
 * @returns A `LimitsError` for a lack of memory, else a `GpuError`.
 */
export function faultError(
  { kind, words }: GpuFault,
  task: string,
  details?: ErrorDetails,
): CassetteError {
  return kind === "out-of-memory"
    ? new LimitsError(
      `Cannot ${task} as the device must have memory for it: received "${words}"`,
      details,
    )
    : new GpuError(
      `Cannot ${task} as the device must take the work: received the ${kind} error "${words}"`,
      details,
    );
}

/**
 * Does work in error scopes, and waits until the device has checked it.
 *
 * @param device The device.
 * @param task What is done, in words.
 * @param work Synchronous work.
 * @returns What it returned.
 * @throws {LimitsError} If there is no memory for it.
 * @throws {GpuError} If the device refuses it otherwise.
 */
export async function submitted<T>(device: GPUDevice, task: string, work: () => T): Promise<T> {
  const { value, fault } = inScopes(device, work);
  const found = await fault;
  if (found) throw faultError(found, task);
  return value;
}
