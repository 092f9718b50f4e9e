import { buildShim, type Say } from "./compiler.ts";
import { type DriverCandidate, namedDriver, NO_DRIVER_OPTION, systemDrivers } from "./driver.ts";
import { denied } from "./permission.ts";
import { type ShimSymbols, SYMBOLS } from "./symbols.ts";
import { fetchDriver, fetchedDrivers } from "./wheel.ts";
import { NoDriverError } from "../errors.ts";
import process from "node:process";

/** The shim's functions that are called by Node-API, see `cassette_runtime.c`. */
export interface ShimRuntime {
  /**
   * Views an arena, which stays as long as the view, wherever that is moved to.
   *
   * @param arena Its first byte.
   * @param bytes Its length.
   * @returns The view.
   */
  view(arena: bigint, bytes: number): ArrayBuffer;
  /**
   * Has a session abandoned as this isolate ends, which may be before the process does.
   *
   * @param session Its number.
   */
  own(session: bigint): void;
  /**
   * Ends that, as the session is freed.
   *
   * @param session Its number.
   */
  disown(session: bigint): void;
}

/** The shim with a driver in it. */
export interface Native {
  /** The shim's functions. */
  symbols: ShimSymbols;
  /** Those that are called by Node-API. */
  runtime: ShimRuntime;
  /** The driver, for `cassette_session_new`. */
  driver: Deno.PointerObject;
  /** Path of the shim. */
  shim: string;
  /** The driver that was chosen. */
  chosen: DriverCandidate;
}

const ERROR_BYTES = 1024;
const NO_SUCH_FILE = /cannot open shared object file: No such file|no such file/;
const libraries = new Map<string, { symbols: ShimSymbols; runtime: ShimRuntime }>();
let loading: Promise<Native> | undefined;

/**
 * Compiles and loads the shim, finds or fetches a driver and loads it: once in a process. Neither
 * is ever unloaded, as threads of both may be running.
 *
 * @param say Told what was chosen, in a line each.
 * @param announce Told before something is fetched.
 * @returns The shim with its driver.
 * @throws {NoCompilerError} If the shim cannot be compiled.
 * @throws {NoDriverError} If there is no driver, and none can be fetched, or something that this needs
 * is not permitted.
 */
export function loadNative(say: Say = () => {}, announce: Say = say): Promise<Native> {
  loading ??= load(say, announce).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(say: Say, announce: Say): Promise<Native> {
  const tried: string[] = [];
  try {
    const shim = await buildShim(say);
    const library = openShim(shim);
    const { candidate, driver } = await findDriver(library.symbols, announce, tried);
    const { path, origin, libpython } = candidate;
    say(`driver: ${path} (${origin})${libpython ? ` with ${libpython}` : ""}`);
    return { ...library, driver, shim, chosen: candidate };
  } catch (error) {
    throw withReasons(error, tried);
  }
}

/** What went wrong first is why what went wrong last mattered. */
function withReasons(error: unknown, tried: string[]): unknown {
  if (!denied(error) && !(error instanceof NoDriverError)) return error;
  const refused = denied(error);
  const message = refused
    ? `Cannot load the native driver as what it needs must be permitted (docs/permissions.md): received ${
      (error as Error).message
    }`
    : (error as Error).message;
  if (tried.length === 0 && !refused) return error;
  const missing = tried.flatMap((reason) => NO_SUCH_FILE.test(reason) ? reason.split(":")[0] : []);
  const others = tried.filter((reason) => !NO_SUCH_FILE.test(reason));
  if (missing.length > 0) others.push(`not found: ${missing.join(", ")}`);
  const list = others.length > 0 ? ` (tried before: ${others.join("; ")})` : "";
  return new NoDriverError(`${message}${list}`, { ...NO_DRIVER_OPTION, cause: error });
}

function openShim(shim: string): { symbols: ShimSymbols; runtime: ShimRuntime } {
  let library = libraries.get(shim);
  if (!library) {
    const { symbols } = Deno.dlopen(shim, SYMBOLS);
    const module = { exports: {} as ShimRuntime };
    process.dlopen(module, shim);
    libraries.set(shim, library = { symbols, runtime: module.exports });
  }
  return library;
}

async function findDriver(
  symbols: ShimSymbols,
  announce: Say,
  tried: string[],
): Promise<{ candidate: DriverCandidate; driver: Deno.PointerObject }> {
  const named = await namedDriver();
  if (named) {
    const driver = await openDriver(symbols, named, tried);
    if (driver) return { candidate: named, driver };
    throw new NoDriverError(
      `Cannot load a Cassandra driver as CASSETTE_DRIVER must be one: received ${tried.pop()}`,
      NO_DRIVER_OPTION,
    );
  }
  for (const list of [systemDrivers, () => fetchedDrivers(tried)]) {
    for (const candidate of await list()) {
      const driver = await openDriver(symbols, candidate, tried);
      if (driver) return { candidate, driver };
    }
  }
  const candidate = await fetchDriver(announce);
  const driver = await openDriver(symbols, candidate, tried);
  if (driver) return { candidate, driver };
  throw new NoDriverError(
    `Cannot load a Cassandra driver as ${candidate.path} must be one: received ${tried.pop()}`,
    NO_DRIVER_OPTION,
  );
}

async function openDriver(
  symbols: ShimSymbols,
  candidate: DriverCandidate,
  tried: string[],
): Promise<Deno.PointerObject | null> {
  const error = new Uint8Array(ERROR_BYTES);
  const driver = await symbols.cassette_driver_open(
    cString(candidate.path),
    candidate.libpython ? cString(candidate.libpython) : null,
    error,
    ERROR_BYTES,
  );
  if (!driver) {
    const reason = new TextDecoder().decode(error.subarray(0, error.indexOf(0)));
    tried.push(reason.startsWith(candidate.path) ? reason : `${candidate.path}: ${reason}`);
  }
  return driver;
}

/**
 * Text as C has it.
 *
 * @param text The text, without a zero byte in it.
 * @returns Its bytes and a zero.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
