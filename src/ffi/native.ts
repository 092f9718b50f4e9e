import { buildShim, type Say } from "./compiler.ts";
import { type DriverCandidate, fetchDriver, localDrivers } from "./driver.ts";
import { type ShimSymbols, SYMBOLS } from "./symbols.ts";
import { NoDriverError } from "../errors.ts";

/** The shim with a driver in it. */
export interface Native {
  /** The shim's functions. */
  symbols: ShimSymbols;
  /** The driver, for `cassette_session_new`. */
  driver: Deno.PointerObject;
  /** Path of the shim. */
  shim: string;
  /** The driver that was chosen. */
  chosen: DriverCandidate;
}

const ERROR_BYTES = 1024;
const libraries = new Map<string, ShimSymbols>();
let loading: Promise<Native> | undefined;

/**
 * Compiles and loads the shim, finds or fetches a driver and loads it: once in a process. Neither
 * is ever unloaded, as threads of both may be running.
 *
 * @param say Told what was chosen, in a line each.
 * @returns The shim with its driver.
 * @throws {NoCompilerError} If the shim cannot be compiled.
 * @throws {NoDriverError} If there is no driver, and none can be fetched.
 */
export function loadNative(say: Say = () => {}): Promise<Native> {
  loading ??= load(say).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(say: Say): Promise<Native> {
  const shim = await buildShim(say);
  let symbols = libraries.get(shim);
  if (!symbols) {
    symbols = Deno.dlopen(shim, SYMBOLS).symbols;
    libraries.set(shim, symbols);
  }
  const reasons: string[] = [];
  for (const candidate of await localDrivers()) {
    const driver = await openDriver(symbols, candidate, reasons);
    if (driver) return chosen(symbols, driver, shim, candidate, say);
    if (candidate.origin === "CASSETTE_DRIVER") {
      throw new NoDriverError(
        `Cannot load a Cassandra driver as CASSETTE_DRIVER must be one: received ${
          reasons.join("; ")
        }`,
        { option: "driver" },
      );
    }
  }
  const candidate = await fetchDriver(say);
  const driver = await openDriver(symbols, candidate, reasons);
  if (driver) return chosen(symbols, driver, shim, candidate, say);
  throw new NoDriverError(
    `Cannot load a Cassandra driver as ${candidate.path} must be one: received ${reasons.at(-1)}`,
    { option: "driver" },
  );
}

function chosen(
  symbols: ShimSymbols,
  driver: Deno.PointerObject,
  shim: string,
  candidate: DriverCandidate,
  say: Say,
): Native {
  const { path, origin, libpython } = candidate;
  say(`driver: ${path} (${origin})${libpython ? ` with ${libpython}` : ""}`);
  return { symbols, driver, shim, chosen: candidate };
}

async function openDriver(
  symbols: ShimSymbols,
  candidate: DriverCandidate,
  reasons: string[],
): Promise<Deno.PointerObject | null> {
  const error = new Uint8Array(ERROR_BYTES);
  const driver = await symbols.cassette_driver_open(
    cString(candidate.path),
    candidate.libpython ? cString(candidate.libpython) : null,
    error,
    ERROR_BYTES,
  );
  if (!driver) reasons.push(new TextDecoder().decode(error.subarray(0, error.indexOf(0))));
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
