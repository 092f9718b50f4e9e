import { libpythonFor } from "./libpython.ts";
import { exists } from "./permission.ts";
import { type ErrorDetails, NoDriverError } from "../errors.ts";
import { join } from "node:path";
import process from "node:process";

/** A library that may hold the C API of the Cassandra driver. */
export interface DriverCandidate {
  /** Path, or a name that the system's loader looks up. */
  path: string;
  /** The Python library that must be loaded before it. */
  libpython?: string;
  /** How it was found, for messages. */
  origin: string;
}

/** What an error about the lack of a driver is about. */
export const NO_DRIVER_OPTION: ErrorDetails = { option: "driver" };

/** How to get a driver, for messages. */
export const HOW_TO_GET_A_DRIVER =
  "install the Cassandra C++ driver (libcassandra.so.2) or ScyllaDB's (libscylla-cpp-driver.so) " +
  "and, if it is not in a system folder, set CASSETTE_DRIVER to its path; or, on Linux, install " +
  'Python\'s pip and shared library (Debian: "apt-get install python3-pip libpython3-dev") so that ' +
  'the driver within the package acsylla can be fetched; or use driver: "js"';

/** Names of Apache's driver, of ScyllaDB's fork of it, and of ScyllaDB's own one in Rust. */
const NAMES = Deno.build.os === "darwin"
  ? [
    "libcassandra.2.dylib",
    "libcassandra.dylib",
    "libscylla-cpp-driver.2.dylib",
    "libscylla-cpp-driver.0.dylib",
    "libscylla-cpp-driver.dylib",
    "libscylladb.dylib",
  ]
  : [
    "libcassandra.so.2",
    "libcassandra.so",
    "libscylla-cpp-driver.so.2",
    "libscylla-cpp-driver.so.0",
    "libscylla-cpp-driver.so",
    "libscylladb.so",
  ];

/** Where Homebrew and `make install` put libraries; the system's loader need not look there. */
const FOLDERS = Deno.build.os === "darwin"
  ? ["/opt/homebrew/lib", "/usr/local/lib"]
  : ["/usr/local/lib", "/home/linuxbrew/.linuxbrew/lib"];

/**
 * The error for the lack of a driver.
 *
 * @param wanted What must be.
 * @param received What is.
 * @returns The error, which says how to get one.
 */
export function noDriver(wanted: string, received: string): NoDriverError {
  return new NoDriverError(
    `Cannot get a Cassandra driver as ${wanted}: received ${received}. To get one, ${HOW_TO_GET_A_DRIVER}`,
    NO_DRIVER_OPTION,
  );
}

/**
 * The driver that `$CASSETTE_DRIVER` names.
 *
 * @returns The candidate; undefined if the variable is not set.
 * @throws {NoDriverError} If it names no file.
 */
export async function namedDriver(): Promise<DriverCandidate | undefined> {
  const own = process.env.CASSETTE_DRIVER;
  if (!own) return undefined;
  if (!await exists(own)) {
    throw new NoDriverError(
      `Cannot load a Cassandra driver as CASSETTE_DRIVER must be a library: received ${own}, which does not exist`,
      NO_DRIVER_OPTION,
    );
  }
  return { path: own, libpython: await libpythonFor(own), origin: "CASSETTE_DRIVER" };
}

/**
 * Lists what the system's driver may be called, best first.
 *
 * @returns The candidates; none of them need exist.
 */
export function systemDrivers(): DriverCandidate[] {
  const paths = [...NAMES, ...FOLDERS.flatMap((folder) => NAMES.map((name) => join(folder, name)))];
  return paths.map((path) => ({ path, origin: "the system" }));
}
