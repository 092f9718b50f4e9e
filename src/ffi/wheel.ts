import { cacheFolder } from "./cache.ts";
import type { Say } from "./compiler.ts";
import { type DriverCandidate, NO_DRIVER_OPTION, noDriver } from "./driver.ts";
import { findLibpythons, type Libpython } from "./libpython.ts";
import { denied, exists } from "./permission.ts";
import { NoDriverError } from "../errors.ts";
import { join } from "node:path";
import process from "node:process";

/** The release of acsylla, a Python package whose extension module is a whole driver. */
const ACSYLLA = "1.2.0";
const ORIGIN = `acsylla ${ACSYLLA}`;
const MEGABYTES = 7;

/** SHA-256 of a wheel, and of the library within it. */
interface Wheel {
  wheel: string;
  library: string;
}

/** Wheels by machine and Python version. */
const WHEELS: Record<string, Record<string, Wheel>> = {
  x86_64: {
    "3.9": {
      wheel: "dce4fad21e0673bd468bfdb65cd9e33a2e72e35e94a7b8dd8b73db2e686057b8",
      library: "583916834abb28ace94b0688adb16809f36cb05df04addc991ce8084fe7337d1",
    },
    "3.10": {
      wheel: "42178dffafaffe1d8844110387864fa24bb53b54236777d2f59774f2137a2742",
      library: "fd5e099fb72f54fe57c4186f0c61a7ee3f130547b0bdfe35cc3c56bcd11665ba",
    },
    "3.11": {
      wheel: "361c55c5344c14b70d491f6416aab2434f2c1abed5c0425f876edb44d35e3396",
      library: "160487c618990dbbb5e13a78ca696eabc4a72309c0e4c29ecc07be99b0867e3b",
    },
    "3.12": {
      wheel: "6a2e467c630580b7b7ab44b0f9ebc8ab7715805c9b78b4c150d2f3c6967da2b9",
      library: "80eef7db742d7d9c7bbb142c8ac05b831cbde2b3163dfb80abe5599e47921e45",
    },
    "3.13": {
      wheel: "7270dde66476ad9a874d7a86f4c50e86e2ea04c388629cb451f7fab92c328fa2",
      library: "0672846116a38647664797b434d43e2dce79c507f4b76ffb40e598a77e73d0de",
    },
    "3.14": {
      wheel: "0b80f881fe74ed874e62d838aee665540bef98a0dc91b84ce151077839fdeb1a",
      library: "8c8a308a634396825530f8fa4cf7b4e1a6b660a74fa332261044f978781f8a64",
    },
  },
  aarch64: {
    "3.9": {
      wheel: "2cb493c56c3f2a80f2d69516b3ceb85931deab394633c1bac826a8ccdcfc0f78",
      library: "dcb10da6993d459473f77bbec73f258f3b5341d2cf8235454d3cbecf26cc57d4",
    },
    "3.10": {
      wheel: "84bf837d455ad56145da102e452e1366cf64f5e7b716bca61ea0448308bc6a89",
      library: "8b51319ef850237e57c849f6469432ab8b64b89f4d1211202557bb63afbaf7a6",
    },
    "3.11": {
      wheel: "c596f9720880026e9bc6e58bf867005787e7ad2d8424f1a1ee1c2f8777a0901f",
      library: "cf90e65876f7ca882639f8f6ed5ea40113297610171803c6436c7fe35d342f9e",
    },
    "3.12": {
      wheel: "a7bad7b26d34f7c076380c444846be628030ca47f00c7e736e31e0c39946f603",
      library: "cce9ef335890da8375962c7662640ab736a52bf59ff3485df196a3a021e21279",
    },
    "3.13": {
      wheel: "c698c68f88b006f80138e3134d4a135780e4880280300de2923b81594c719ad6",
      library: "1f7f119dc955bb94f4d06f691ecd542b8f2a62b472bbff7243005dc76188aa25",
    },
    "3.14": {
      wheel: "0573914ba9c941d3e6142f914f1f4dca8b3c3e13b786e50b83cab928125778cf",
      library: "69a52c052a87f67176ed6a3140324d62bf187fc8d62db89e41c8fc353c9a97b0",
    },
  },
};

/** File beside a fetched driver with the path of the Python library that it was fetched for. */
const LIBPYTHON_NOTE = "libpython";

/**
 * Lists drivers that were fetched earlier and are still what they were.
 *
 * @param reasons Is told which are not.
 * @returns The candidates.
 */
export async function fetchedDrivers(reasons: string[]): Promise<DriverCandidate[]> {
  const fetched: DriverCandidate[] = [];
  const libpythons = await findLibpythons();
  const wheels = WHEELS[Deno.build.arch] ?? {};
  const versions = [...libpythons.map(({ version }) => version), ...Object.keys(wheels)];
  for (const version of new Set(versions)) {
    const folder = wheelFolder(version);
    const path = await extension(folder);
    if (!path || !(version in wheels)) continue;
    if (await digest(path) !== wheels[version].library) {
      reasons.push(`${path}: is not what was fetched, as its SHA-256 is another`);
      continue;
    }
    // A program that may not look around in the system finds it by the note.
    const libpython = libpythons.find((found) => found.version === version)?.path ??
      await Deno.readTextFile(join(folder, LIBPYTHON_NOTE)).catch(() => undefined);
    if (libpython) fetched.push({ path, libpython, origin: ORIGIN });
    else reasons.push(`${path}: there is no shared library of Python ${version}`);
  }
  return fetched;
}

/**
 * Fetches a driver from the Python package index, for the Python library that this machine has.
 *
 * @param announce Told what is fetched, whence and why, before it is.
 * @returns The driver, in the cache folder.
 * @throws {NoDriverError} If it is forbidden, there is no fitting Python library, no pip, or it fails.
 */
export async function fetchDriver(announce: Say): Promise<DriverCandidate> {
  const allowed = process.env.CASSETTE_FETCH_DRIVER ?? "";
  if (allowed === "never") {
    throw noDriver("CASSETTE_FETCH_DRIVER must allow that one is fetched", '"never"');
  }
  if (allowed !== "") {
    throw noDriver('CASSETTE_FETCH_DRIVER must be "never" or left out', `"${allowed}"`);
  }
  const { version, path: libpython } = await fittingLibpython();
  const pip = await findPip();
  if (!pip) throw noDriver("there must be Python's pip", "none");
  const target = wheelFolder(version);
  announce(
    `There is no Cassandra C++ driver on this machine: fetching the Python package ${ORIGIN} ` +
      `(${MEGABYTES} MB) from the Python package index by pip, as its module for Python ${version} ` +
      `holds one; it is checked by its SHA-256 and kept in ${target}. ` +
      "CASSETTE_FETCH_DRIVER=never forbids this",
  );
  const { wheel, library } = WHEELS[Deno.build.arch][version];
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const work = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "driver-fetch-" });
  try {
    const requirements = join(work, "requirements.txt");
    await Deno.writeTextFile(requirements, `acsylla==${ACSYLLA} --hash=sha256:${wheel}\n`);
    // deno-fmt-ignore
    await command([
      ...pip.command, "download", "--quiet", "--no-deps", "--only-binary", ":all:",
      "--require-hashes", "--python-version", version,
      "--platform", `manylinux_2_28_${Deno.build.arch}`, "-d", work, "-r", requirements,
    ], work);
    const folder = join(work, "driver");
    await command([pip.python, "-m", "zipfile", "-e", await only(work, ".whl"), folder]);
    await Deno.writeTextFile(join(folder, LIBPYTHON_NOTE), libpython);
    await replace(folder, target, library);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  const path = await extension(target);
  if (!path || await digest(path) !== library) {
    throw noDriver("the package acsylla must hold the module that is known", "another");
  }
  return { path, libpython, origin: ORIGIN };
}

async function fittingLibpython(): Promise<Libpython> {
  const known = Deno.build.os === "linux" ? WHEELS[Deno.build.arch] ?? {} : {};
  const libpythons = await findLibpythons();
  const fitting = libpythons.find(({ version }) => version in known);
  if (fitting) return fitting;
  throw noDriver(
    `there must be a shared library of Python ${Object.keys(known).join(", ") || "(on Linux)"}`,
    libpythons.map(({ version }) => version).join(", ") || "none",
  );
}

/** Another process may have been faster: its driver is the same, or one that was changed. */
async function replace(folder: string, target: string, library: string): Promise<void> {
  const there = await extension(target);
  if (there && await digest(there) !== library) await Deno.remove(target, { recursive: true });
  await Deno.rename(folder, target).catch(async (error) => {
    if (!await exists(target)) throw error;
  });
}

function wheelFolder(version: string): string {
  return join(cacheFolder(), `driver-acsylla-${ACSYLLA}-python${version}-${Deno.build.arch}`);
}

async function extension(folder: string): Promise<string | undefined> {
  return await only(join(folder, "acsylla", "_cython"), ".so").catch((error) => {
    if (denied(error)) throw error;
    return undefined;
  });
}

async function digest(path: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(bytes).toHex();
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
  let refusal: unknown;
  for (const python of ["python3", "python"]) {
    const pip = [python, "-m", "pip"];
    try {
      await command([...pip, "--version"]);
      return { command: pip, python };
    } catch (error) {
      if (denied(error)) refusal ??= error;
    }
  }
  if (refusal) throw refusal;
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
  const said = new TextDecoder().decode(stderr).trim();
  throw new NoDriverError(
    `Cannot get a Cassandra driver as "${program} ${
      args.slice(0, 3).join(" ")
    } …" must succeed: received ${said}`,
    NO_DRIVER_OPTION,
  );
}
