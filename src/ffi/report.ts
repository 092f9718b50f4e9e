import { findCompiler, shimPath } from "./compiler.ts";
import { HOW_TO_GET_A_DRIVER, namedDriver } from "./driver.ts";
import { findLibpythons } from "./libpython.ts";
import { loadNative } from "./native.ts";
import { fetchedDrivers, findPip } from "./wheel.ts";

/** One thing that the native driver needs, or one way to get it. */
export interface NativeCheck {
  /** What was looked for. */
  name: string;
  /** Whether it is there. */
  ok: boolean;
  /** What was found, or what is missing and how to get it. */
  detail: string;
}

/**
 * Looks at what fetching with the native driver needs. It never throws.
 *
 * @param load Whether to compile, fetch and load what can be; otherwise it only looks.
 * @returns A check each for the compiler, the shim, Python's library, pip, and the driver.
 */
export async function reportNative(load = false): Promise<NativeCheck[]> {
  const checks = [await attempt("compiler", compiler)];
  const loaded = load ? await loadNative().catch((error) => error as Error) : undefined;
  checks.push(await attempt("shim", shim));
  checks.push(await attempt("libpython", libpython));
  checks.push(await attempt("pip", pip));
  if (loaded === undefined) checks.push(await attempt("driver", driver));
  else if (loaded instanceof Error) {
    checks.push({ name: "driver", ok: false, detail: loaded.message });
  } else {
    const { path, origin } = loaded.chosen;
    checks.push({ name: "driver", ok: true, detail: `${path} (${origin})` });
  }
  return checks;
}

type Finding = [ok: boolean, detail: string];

async function attempt(name: string, look: () => Promise<Finding>): Promise<NativeCheck> {
  try {
    const [ok, detail] = await look();
    return { name, ok, detail };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message };
  }
}

async function compiler(): Promise<Finding> {
  const found = await findCompiler();
  if (found) return [true, `${found.command.join(" ")}: ${found.version}`];
  return [false, 'none; install gcc or clang (Debian: "apt-get install gcc libc6-dev"), or set CC'];
}

async function shim(): Promise<Finding> {
  const path = await shimPath();
  const there = await Deno.stat(path).then(() => true, () => false);
  return [there, there ? path : `not compiled yet; "deno task native" or the first use does it`];
}

async function libpython(): Promise<Finding> {
  const found = await findLibpythons();
  return found.length > 0
    ? [true, found.map(({ version, path }) => `${version}: ${path}`).join(", ")]
    : [false, 'none; the fetched driver needs one (Debian: "apt-get install libpython3-dev")'];
}

async function pip(): Promise<Finding> {
  const found = await findPip();
  return found
    ? [true, found.command.join(" ")]
    : [false, 'none; it fetches the driver (Debian: "apt-get install python3-pip")'];
}

async function driver(): Promise<Finding> {
  const reasons: string[] = [];
  const found = await namedDriver() ?? (await fetchedDrivers(reasons))[0];
  if (found) return [true, `${found.path} (${found.origin})`];
  const wrong = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
  return [
    false,
    `none in the cache${wrong}, and the system's is only known once loaded; to get one, ${HOW_TO_GET_A_DRIVER}`,
  ];
}
