/**
 * What the tasks need of a machine, how to see that it is there, and how to get it.
 *
 * Each need is looked for as such (an adapter answers, a program runs, a library loads), not as a
 * package. The tasks `setup`, `demo` and `test` install what is lacking on Debian and Ubuntu, as
 * root, and say so first; the others end with the command to run.
 */
import { findPip } from "../src/ffi/wheel.ts";
import { findLibpythons } from "../src/ffi/libpython.ts";
import { findJava, JAVA } from "./java.ts";
import { finish } from "./process.ts";

/** Something that a machine must have. */
export interface Need {
  /** What it is, for messages. */
  name: string;
  /** Debian packages that bring it. */
  packages: string[];
  /** Whether the tasks go on where it cannot be installed. */
  optional?: true;
  /** Whether it is there. */
  present(): Promise<boolean>;
}

const adapter: Need = {
  name: "a WebGPU adapter (Vulkan)",
  packages: ["mesa-vulkan-drivers"],
  // The tasks set DENO_WEBGPU_BACKEND, so that an OpenGL that is there does not count.
  // In a new process: a driver installed meanwhile is not seen by one that has looked before.
  present: () =>
    succeeds(Deno.execPath(), [
      "eval",
      "--no-config",
      "Deno.exit(await navigator.gpu?.requestAdapter() ? 0 : 1)",
    ]),
};

const compiler: Need = {
  name: "a C compiler (cc)",
  packages: ["gcc", "libc6-dev"],
  async present() {
    const folder = await Deno.makeTempDir({ prefix: "cassette-cc-" });
    try {
      const source = `${folder}/a.c`;
      await Deno.writeTextFile(source, "#include <pthread.h>\nint main(void) { return 0; }\n");
      return await succeeds("cc", ["-o", `${folder}/a`, source]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

const jpegTools: Need = {
  name: "djpeg, cjpeg and jpegtran of libjpeg-turbo",
  packages: ["libjpeg-turbo-progs"],
  async present() {
    const { text } = await finish("djpeg", ["-version"]);
    return text.includes("libjpeg-turbo") && await onPath("cjpeg") && await onPath("jpegtran");
  },
};

const turboHeaders: Need = {
  name: "libjpeg-turbo's headers",
  packages: ["libjpeg-dev"],
  async present() {
    const { code } = await finish("cc", [
      "-E",
      "-include",
      "stdio.h",
      "-include",
      "jpeglib.h",
      "-xc",
      "/dev/null",
    ]);
    return code === 0;
  },
};

const ps: Need = {
  name: "ps",
  packages: ["procps"],
  present: () => onPath("ps"),
};

const java: Need = {
  name: JAVA,
  packages: ["default-jre-headless"],
  async present() {
    const program = await findJava();
    // What we start later finds it here, whatever other Java is on the PATH.
    if (program?.endsWith("/bin/java")) Deno.env.set("JAVA_HOME", program.slice(0, -9));
    return program !== undefined;
  },
};

const maven: Need = {
  name: "Maven",
  packages: ["maven"],
  present: () => onPath("mvn"),
};

const go: Need = {
  name: "Go (for Toxiproxy)",
  packages: ["golang-go"],
  present: () => onPath("go"),
};

const openssl: Need = {
  name: "openssl",
  packages: ["openssl"],
  present: () => onPath("openssl"),
};

const pip: Need = {
  name: "Python's pip",
  packages: ["python3-pip"],
  present: async () => hasOwnDriver() || await findPip() !== undefined,
};

const venv: Need = {
  name: "Python's venv (for PySpark)",
  packages: ["python3-venv"],
  present: () => succeeds("python3", ["-c", "import ensurepip, venv"]),
};

const libpython: Need = {
  name: "Python's shared library",
  packages: ["libpython3-dev"],
  present: async () => hasOwnDriver() || (await findLibpythons()).length > 0,
};

const chromium: Need = {
  name: "Chromium, and SwiftShader with it (for WebGPU in a browser and in Node.js)",
  packages: ["chromium"],
  // Ubuntu has it as a snap only.
  optional: true,
  present: () => onPath("chromium"),
};

/** What each task needs. */
export const NEEDS: {
  readonly [task in "bench decode" | "demo" | "ok" | "test"]: readonly Need[];
} = {
  "bench decode": [adapter, compiler, turboHeaders],
  demo: [adapter],
  ok: [adapter, compiler, jpegTools],
  test: [
    adapter,
    compiler,
    jpegTools,
    ps,
    java,
    maven,
    go,
    openssl,
    pip,
    venv,
    libpython,
    chromium,
  ],
};

/** All of them. */
export const ALL_NEEDS: readonly Need[] = [...new Set(Object.values(NEEDS).flat())];

/** The value of `CASSETTE_SETUP` with which nothing is installed. */
const NEVER = "never";

/**
 * Installs what is lacking, and says what and why, or ends the process with the command that would.
 *
 * @param who What needs it, as the beginning of a sentence: `The demo needs`.
 * @param needs What is needed.
 */
export async function setUp(who: string, needs: readonly Need[]): Promise<void> {
  const lacking = await missing(needs);
  if (lacking.length === 0 || goOn(who, lacking)) return;
  const [optional, required] = [true, undefined].map((kind) =>
    lacking.filter((need) => need.optional === kind)
  );
  if (Deno.uid() !== 0 || !await onPath("apt-get")) {
    const asRoot = Deno.uid() === 0 ? "" : "sudo ";
    const install = installing(lacking).join(" ");
    console.error(
      `Run this, then try again:\n\n  ${asRoot}apt-get update && ${asRoot}${install}\n`,
    );
    if (required.length > 0) Deno.exit(1);
    return;
  }
  console.error(`Installing packages for that as root; CASSETTE_SETUP=${NEVER} refuses.`);
  const quiet = ["-qq", "-o=Dpkg::Use-Pty=0"];
  if (!await inSight(["apt-get", "update"], quiet)) Deno.exit(1);
  if (required.length > 0 && !await inSight(installing(required), quiet)) Deno.exit(1);
  if (optional.length > 0 && !await inSight(installing(optional), quiet)) {
    console.error("Going on without.");
  }
  const still = await missing(required);
  if (still.length === 0) return;
  const names = still.map((need) => need.name).join(", ");
  console.error(`Cannot go on: the packages are installed, and still there is no ${names}`);
  Deno.exit(1);
}

/**
 * Makes sure that needs are met, without installing anything: ends the process with the task that
 * would.
 *
 * @param who What needs them, as the beginning of a sentence: `The gates need`.
 * @param needs What is needed.
 */
export async function checkMet(who: string, needs: readonly Need[]): Promise<void> {
  const lacking = await missing(needs);
  if (lacking.length === 0 || goOn(who, lacking)) return;
  console.error("Run this, then try again:\n\n  npx -y deno task setup\n");
  Deno.exit(1);
}

/** Lists what is lacking; whether the task goes on without. */
function goOn(who: string, lacking: readonly Need[]): boolean {
  console.error(`${who} what this machine lacks:`);
  for (const need of lacking) console.error(`  ${need.name}`);
  if (Deno.env.get("CASSETTE_SETUP") !== NEVER) return false;
  console.error(`Going on without, as CASSETTE_SETUP is ${NEVER}.`);
  return true;
}

function installing(needs: readonly Need[]): string[] {
  const packages = needs.flatMap((need) => need.packages);
  return ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
}

async function missing(needs: readonly Need[]): Promise<Need[]> {
  const present = await Promise.all(needs.map((need) => need.present()));
  return needs.filter((_, i) => !present[i]);
}

/** Says what is run and runs it; whether it ended well. */
async function inSight([program, ...args]: string[], quiet: string[]): Promise<boolean> {
  const line = [program, ...args].join(" ");
  console.error(`> ${line}`);
  const { code, text } = await finish(program, [...quiet, ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  if (code !== 0) console.error(`${text}"${line}" ended with exit code ${code}`);
  return code === 0;
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  return (await finish(program, args, { timeout: 30_000 })).code === 0;
}

async function onPath(program: string): Promise<boolean> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const file = await Deno.stat(`${folder}/${program}`).catch(() => undefined);
    if (file?.isFile && ((file.mode ?? 0) & 0o111) !== 0) return true;
  }
  return false;
}

/** Whether there is a Cassandra driver already; then none is fetched. */
function hasOwnDriver(): boolean {
  return Boolean(Deno.env.get("CASSETTE_DRIVER")) || loads("libcassandra.so.2") ||
    loads("libscylla-cpp-driver.so.2") || loads("libscylla-cpp-driver.so");
}

function loads(library: string): boolean {
  try {
    Deno.dlopen(library, {}).close();
    return true;
  } catch {
    return false;
  }
}
