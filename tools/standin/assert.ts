/**
 * Stand-in for `@std/assert` over `node:assert`, for machines that cannot reach its registry: the
 * names that tests, benches and examples use, with the same meaning.
 */
import { deepStrictEqual, notDeepStrictEqual } from "node:assert";

// deno-lint-ignore no-explicit-any
type Class<T> = abstract new (...args: any[]) => T;

/** Thrown by every assertion that does not hold. */
export class AssertionError extends Error {
  /**
   * @param message What does not hold.
   * @param options The error that led to it.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 8, iterableLimit: 40, strAbbreviateSize: 400 });
}

function refuse(what: string, message?: string): never {
  throw new AssertionError(message === undefined ? `${what}.` : `${what}: ${message}`);
}

/** Fails. */
export function fail(message?: string): never {
  refuse("Failed assertion", message);
}

/** Asserts that a value is truthy. */
export function assert(expression: unknown, message = ""): asserts expression {
  if (!expression) throw new AssertionError(message);
}

/** Asserts that a value is falsy. */
export function assertFalse(expression: unknown, message = ""): asserts expression is false {
  if (expression) throw new AssertionError(message);
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  const at = firstDifference(actual, expected);
  if (at === -1) return;
  if (at !== undefined) {
    const [a, b] = [actual, expected] as unknown as [NumberArray, NumberArray];
    refuse(
      `Values are not equal: [${at}] is ${a[at]}, must be ${
        b[at]
      } (lengths ${a.length}, ${b.length})`,
      message,
    );
  }
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    const difference = error instanceof Error
      ? error.message
      : `${show(actual)} ≠ ${show(expected)}`;
    throw new AssertionError(
      `Values are not equal${message === undefined ? "." : `: ${message}`}\n\n${difference}`,
    );
  }
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  try {
    notDeepStrictEqual(actual, expected);
  } catch {
    refuse(`Expected actual: ${show(actual)} not to be: ${show(expected)}`, message);
  }
}

/** Asserts that two values are the same one. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    refuse(`Values are not strictly equal: ${show(actual)} is not ${show(expected)}`, message);
  }
}

/** Asserts that two values are not the same one. */
export function assertNotStrictEquals<T>(actual: T, expected: T, message?: string): void {
  if (Object.is(actual, expected)) {
    refuse(`Expected "actual" to not be strictly equal to: ${show(actual)}`, message);
  }
}

/** Asserts that a value is neither null nor undefined. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    refuse(`Expected actual: "${actual}" to not be null or undefined`, message);
  }
}

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: Class<T>,
  message?: string,
): asserts actual is T {
  if (actual instanceof expectedType) return;
  const received = actual instanceof Error
    ? `${actual.name}: ${actual.message}`
    : typeof actual === "object"
    ? actual?.constructor?.name ?? "null"
    : typeof actual;
  refuse(
    `Expected object to be an instance of "${expectedType.name}" but was "${received}"`,
    message,
  );
}

/** Asserts that two numbers differ by no more than a tolerance. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  message?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) || Number.EPSILON : Number.EPSILON);
  if (Math.abs(actual - expected) <= allowed) return;
  refuse(`Expected actual: "${actual}" to be within "${allowed}" of "${expected}"`, message);
}

/** Asserts that a text contains another. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) {
    refuse(`Expected actual: "${actual}" to contain: "${expected}"`, message);
  }
}

/** Asserts that a list contains all items of another, compared deeply. */
export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  message?: string,
): void {
  const missing = Array.from(expected).filter((wanted) =>
    !Array.from(actual).some((item) => equal(item, wanted))
  );
  if (missing.length > 0) {
    refuse(`Expected actual: ${show(actual)} to include: ${show(missing)}`, message);
  }
}

/** Asserts that a text matches an expression. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) {
    refuse(`Expected actual: "${actual}" to match: "${expected}"`, message);
  }
}

/** Asserts that a text does not match an expression. */
export function assertNotMatch(actual: string, expected: RegExp, message?: string): void {
  if (expected.test(actual)) {
    refuse(`Expected actual: "${actual}" to not match: "${expected}"`, message);
  }
}

/** Asserts that a value is greater than another. */
export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  if (!(actual > expected)) refuse(`Expect ${show(actual)} > ${show(expected)}`, message);
}

/** Asserts that a value is greater than or equal to another. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual >= expected)) refuse(`Expect ${show(actual)} >= ${show(expected)}`, message);
}

/** Asserts that a value is less than another. */
export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (!(actual < expected)) refuse(`Expect ${show(actual)} < ${show(expected)}`, message);
}

/** Asserts that a value is less than or equal to another. */
export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual <= expected)) refuse(`Expect ${show(actual)} <= ${show(expected)}`, message);
}

/** Asserts that an object has all properties of another, compared deeply. */
export function assertObjectMatch(
  actual: Record<PropertyKey, unknown>,
  expected: Record<PropertyKey, unknown>,
  message?: string,
): void {
  assertEquals<unknown>(pick(actual, expected), expected, message);
}

/** Asserts that a value is an error of a class whose message contains a text. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: Class<E>,
  includes?: string | RegExp,
  message?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    refuse(`Expected "error" to be an Error object: received ${show(error)}`, message);
  }
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    refuse(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}": ${error.message}`,
      message,
    );
  }
  const holds = includes === undefined ||
    (typeof includes === "string"
      ? error.message.includes(includes)
      : includes.test(error.message));
  if (!holds) {
    refuse(
      `Expected error message to include ${show(includes)}, but got ${show(error.message)}`,
      message,
    );
  }
}

/** Asserts that a call throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, message?: string): unknown;
/** Asserts that a call throws an error of a class whose message contains a text, and returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Class<E>,
  includes?: string,
  message?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMessage?: Class<E> | string,
  includes?: string,
  message?: string,
): unknown {
  const text = typeof classOrMessage === "string" ? classOrMessage : message;
  try {
    fn();
  } catch (error) {
    return checkThrown(error, classOrMessage, includes, text);
  }
  refuse("Expected function to throw", text);
}

/** Asserts that a promise is rejected, and resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
/** Asserts that a promise is rejected with an error of a class whose message contains a text. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Class<E>,
  includes?: string,
  message?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMessage?: Class<E> | string,
  includes?: string,
  message?: string,
): Promise<unknown> {
  const text = typeof classOrMessage === "string" ? classOrMessage : message;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    refuse(`Function throws when expected to reject: ${show(error)}`, text);
  }
  try {
    await promise;
  } catch (error) {
    return checkThrown(error, classOrMessage, includes, text);
  }
  refuse("Expected function to reject", text);
}

function checkThrown<E extends Error>(
  error: unknown,
  classOrMessage: Class<E> | string | undefined,
  includes: string | undefined,
  message: string | undefined,
): unknown {
  if (typeof classOrMessage === "function") assertIsError(error, classOrMessage, includes, message);
  return error;
}

type NumberArray = ArrayLike<number | bigint> & ArrayBufferView;

/** Where two typed arrays of one class differ first, -1 if nowhere, undefined for other values. */
function firstDifference(a: unknown, b: unknown): number | undefined {
  if (!isNumberArray(a) || !isNumberArray(b) || a.constructor !== b.constructor) return undefined;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i] && !Object.is(a[i], b[i])) return i;
  return a.length === b.length ? -1 : length;
}

function isNumberArray(value: unknown): value is NumberArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** Tells whether two values are deeply equal. */
export function equal(a: unknown, b: unknown): boolean {
  const at = firstDifference(a, b);
  if (at !== undefined) return at === -1;
  try {
    deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

function pick(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(expected)) {
    return Array.isArray(actual)
      ? actual.slice(0, expected.length).map((item, i) => pick(item, expected[i]))
      : actual;
  }
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  return Object.fromEntries(
    Object.keys(expected).filter((key) => key in actual)
      .map((key) => [key, pick(actual[key], expected[key])]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}
