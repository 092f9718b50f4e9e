import { cacheFolder } from "./cache.ts";
import type { Say } from "./compiler.ts";
import { findLibpythons, libpythonFor } from "./libpython.ts";
import { NoDriverError } from "../errors.ts";
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

/** The release of acsylla, a Python package whose extension module is a whole driver. */
const ACSYLLA = "1.2.0";

/** SHA-256 of its wheels, by Python version and machine. */
const WHEELS: Record<string, Record<string, string>> = {
  x86_64: {
    "3.9": "dce4fad21e0673bd468bfdb65cd9e33a2e72e35e94a7b8dd8b73db2e686057b8",
    "3.10": "42178dffafaffe1d8844110387864fa24bb53b54236777d2f59774f2137a2742",
    "3.11": "361c55c5344c14b70d491f6416aab2434f2c1abed5c0425f876edb44d35e3396",
    "3.12": "6a2e467c630580b7b7ab44b0f9ebc8ab7715805c9b78b4c150d2f3c6967da2b9",
    "3.13": "7270dde66476ad9a874d7a86f4c50e86e2ea04c388629cb451f7fab92c328fa2",
    "3.14": "0b80f881fe74ed874e62d838aee665540bef98a0dc91b84ce151077839fdeb1a",
  },
  aarch64: {
    "3.9": "2cb493c56c3f2a80f2d69516b3ceb85931deab394633c1bac826a8ccdcfc0f78",
    "3.10": "84bf837d455ad56145da102e452e1366cf64f5e7b716bca61ea0448308bc6a89",
    "3.11": "c596f9720880026e9bc6e58bf867005787e7ad2d8424f1a1ee1c2f8777a0901f",
    "3.12": "a7bad7b26d34f7c076380c444846be628030ca47f00c7e736e31e0c39946f603",
    "3.13": "c698c68f88b006f80138e3134d4a135780e4880280300de2923b81594c719ad6",
    "3.14": "0573914ba9c941d3e6142f914f1f4dca8b3c3e13b786e50b83cab928125778cf",
  },
};

/** File beside a fetched driver with the path of the Python library that it was fetched for. */
const LIBPYTHON_NOTE = "libpython";

/** How to get a driver, for messages. */
export const HOW_TO_GET_A_DRIVER =
  "install the Cassandra C++ driver (libcassandra.so.2) and, if it is not in a system folder, set " +
  "CASSETTE_DRIVER to its path; or, on Linux, install Python's pip and shared library (Debian: " +
  '"apt-get install python3-pip libpython3-dev") so that the driver within the package acsylla ' +
  'can be fetched; or use driver: "js"';

/**
 * Lists the drivers that need no download, best first: `$CASSETTE_DRIVER` alone if it is set, else
 * the system's libraries, then one fetched earlier.
 *
 * @returns The candidates; the system's may not exist.
 * @throws {NoDriverError} If `CASSETTE_DRIVER` names no file.
 */
export async function localDrivers(): Promise<DriverCandidate[]> {
  const own = process.env.CASSETTE_DRIVER;
  if (own) {
    if (!await exists(own)) {
      throw new NoDriverError(
        `Cannot load a Cassandra driver as CASSETTE_DRIVER must be a library: received ${own}, which does not exist`,
        { option: "driver" },
      );
    }
    return [{ path: own, libpython: await libpythonFor(own), origin: "CASSETTE_DRIVER" }];
  }
  const names = Deno.build.os === "darwin"
    ? ["libcassandra.2.dylib", "libscylla-cpp-driver.2.dylib"]
    : ["libcassandra.so.2", "libscylla-cpp-driver.so.2", "libscylla-cpp-driver.so"];
  const system = names.map((path) => ({ path, origin: "the system" }));
  const fetched: DriverCandidate[] = [];
  const libpythons = await findLibpythons();
  const known = Object.keys(WHEELS[Deno.build.arch] ?? {});
  for (const version of new Set([...libpythons.map(({ version }) => version), ...known])) {
    const folder = wheelFolder(version);
    const path = await extension(folder);
    if (!path) continue;
    // A program that may not look around in the system finds it by the note.
    const libpython = libpythons.find((found) => found.version === version)?.path ??
      await Deno.readTextFile(join(folder, LIBPYTHON_NOTE)).catch(() => undefined);
    if (libpython) fetched.push({ path, libpython, origin: `acsylla ${ACSYLLA}` });
  }
  return [...system, ...fetched];
}

/**
 * Fetches a driver from the Python package index, for the Python library that this machine has.
 *
 * @param say Told what is fetched.
 * @returns The driver, in the cache folder.
 * @throws {NoDriverError} If there is no fitting Python library, no pip, or it fails.
 */
export async function fetchDriver(say: Say): Promise<DriverCandidate> {
  const known = Deno.build.os === "linux" ? WHEELS[Deno.build.arch] ?? {} : {};
  const libpythons = await findLibpythons();
  const libpython = libpythons.find(({ version }) => version in known);
  if (!libpython) {
    throw none(
      `a shared library of Python ${Object.keys(known).join(", ") || "(on Linux)"}`,
      libpythons.map(({ version }) => version).join(", ") || "none",
    );
  }
  const { version } = libpython;
  const pip = await findPip();
  if (!pip) throw none("Python's pip", "none");
  say(`driver: fetching acsylla ${ACSYLLA} for Python ${version} from the Python package index`);
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const work = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "driver-fetch-" });
  try {
    const requirements = join(work, "requirements.txt");
    await Deno.writeTextFile(
      requirements,
      `acsylla==${ACSYLLA} --hash=sha256:${known[version]}\n`,
    );
    // deno-fmt-ignore
    await command([
      ...pip.command, "download", "--quiet", "--no-deps", "--only-binary", ":all:",
      "--require-hashes", "--python-version", version,
      "--platform", `manylinux_2_28_${Deno.build.arch}`, "-d", work, "-r", requirements,
    ], work);
    const wheel = await only(work, ".whl");
    const folder = join(work, "driver");
    await command([pip.python, "-m", "zipfile", "-e", wheel, folder]);
    await Deno.writeTextFile(join(folder, LIBPYTHON_NOTE), libpython.path);
    const target = wheelFolder(version);
    await Deno.rename(folder, target).catch(async (error) => {
      if (!await exists(target)) throw error;
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  const path = await extension(wheelFolder(version));
  if (!path) throw none("the extension module of acsylla", "a wheel without it");
  return { path, libpython: libpython.path, origin: `acsylla ${ACSYLLA}` };
}

function none(wanted: string, received: string): NoDriverError {
  return new NoDriverError(
    `Cannot get a Cassandra driver as there must be ${wanted}: received ${received}. To get one, ${HOW_TO_GET_A_DRIVER}`,
    { option: "driver" },
  );
}

function wheelFolder(version: string): string {
  return join(cacheFolder(), `driver-acsylla-${ACSYLLA}-python${version}-${Deno.build.arch}`);
}

async function extension(folder: string): Promise<string | undefined> {
  return await only(join(folder, "acsylla", "_cython"), ".so").catch(() => undefined);
}

async function only(folder: string, ending: string): Promise<string> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(ending)) return join(folder, name);
  }
  throw new Deno.errors.NotFound(`No *${ending} in ${folder}`);
}

/**
 * Looks for pip.
 *
 * @returns How to call it and its Python, or undefined.
 */
export async function findPip(): Promise<{ command: string[]; python: string } | undefined> {
  for (const python of ["python3", "python"]) {
    const pip = [python, "-m", "pip"];
    if (await command([...pip, "--version"]).then(() => true, () => false)) {
      return { command: pip, python };
    }
  }
}

/** Runs a program; what it leaves in the temporary folder goes with that one, where one is given. */
async function command([program, ...args]: string[], temporary?: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    env: temporary === undefined ? undefined : { TMPDIR: temporary },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  throw new NoDriverError(
    `Cannot get a Cassandra driver as "${program} ${
      args.slice(0, 3).join(" ")
    } …" must succeed: received ${
      new TextDecoder().decode(stderr).trim()
    }. To get one, ${HOW_TO_GET_A_DRIVER}`,
    { option: "driver" },
  );
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
