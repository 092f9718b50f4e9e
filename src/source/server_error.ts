import { AuthError, type CassetteError, ConnectError, FetchError, SchemaError } from "../errors.ts";

const BAD_CREDENTIALS = 0x0100;
const UNAUTHORIZED = 0x2100;
/** Codes from here on are about the statement (CQL binary protocol v4, section 9). */
const OF_STATEMENT = 0x2000;
/** Answers that say that the server is short of hosts or time. */
const SHORT: ReadonlySet<number> = new Set([0x1000, 0x1001, 0x1002, 0x1100, 0x1200]);

/**
 * Whether hosts or time were lacking, whatever was asked.
 *
 * @param error What `npm:cassandra-driver` threw.
 * @returns Whether it may pass.
 */
export function isShort(error: unknown): boolean {
  const { code, name, isSocketError } = error as {
    code?: unknown;
    name?: string;
    isSocketError?: boolean;
  };
  return (typeof code === "number" && SHORT.has(code)) || name === "OperationTimedOutError" ||
    name === "NoHostAvailableError" || isSocketError === true;
}

/**
 * Makes a typed error of what `npm:cassandra-driver` threw for a statement.
 *
 * @param what What cannot be done, and what must be for it to be done.
 * @param error What was thrown, without secrets.
 * @param option The option that a fault of the statement is about.
 * @returns The error.
 */
export function serverError(what: string, error: unknown, option = "table"): CassetteError {
  // The driver wraps what one host said into an error about all hosts.
  const { innerErrors = {}, message } = error as { innerErrors?: object; message?: string };
  const { code } =
    [error, ...Object.values(innerErrors)].find((each) =>
      typeof (each as { code?: unknown } | null)?.code === "number"
    ) as { code?: unknown } ?? {};
  const text = `${what}: received ${message ?? error}`;
  const details = { cause: error };
  if (code === UNAUTHORIZED || code === BAD_CREDENTIALS) {
    return new AuthError(text, { option: "username", ...details });
  }
  if (typeof code === "number" && code >= OF_STATEMENT && code <= 0xffff) {
    return new SchemaError(text, { option, ...details });
  }
  return isShort(error) ? new ConnectError(text, details) : new FetchError(text, details);
}
