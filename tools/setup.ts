/**
 * What the tasks need of a machine, how to see that it is there, and how to get it.
 *
 * Each need is looked for as such (an adapter answers, a program runs, a library loads), not as a
 * package. On Debian and Ubuntu, as root, what is lacking is installed; otherwise the task ends with
 * the one command to run.
 */
import { findPip } from "../src/ffi/driver.ts";
import { findLibpythons } from "../src/ffi/libpython.ts";
import { finish } from "./process.ts";

/** Something that a machine must have. */
export interface Need {
  /** What it is, for messages. */
  name: string;
  /** Debian packages that bring it. */
  packages: string[];
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
  packages: ["libjpeg62-turbo-dev"],
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
  name: "Java 17",
  packages: ["openjdk-17-jdk-headless"],
  async present() {
    for (const program of await javaCandidates()) {
      if (!/version "17[."]/.test((await finish(program, ["-version"])).text)) continue;
      // What we start later finds it here, whatever other Java is on the PATH.
      if (program !== "java") Deno.env.set("JAVA_HOME", program.slice(0, -"/bin/java".length));
      return true;
    }
    return false;
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

const libpython: Need = {
  name: "Python's shared library",
  packages: ["libpython3.11"],
  present: async () => hasOwnDriver() || (await findLibpythons()).length > 0,
};

/** What each task needs. */
export const NEEDS: {
  readonly [task in "bench decode" | "demo" | "ok" | "test"]: readonly Need[];
} = {
  "bench decode": [adapter, compiler, turboHeaders],
  demo: [adapter],
  ok: [adapter, compiler, jpegTools],
  test: [adapter, compiler, jpegTools, ps, java, maven, go, openssl, pip, libpython],
};

/**
 * Makes sure that needs are met: prints what is lacking and installs it, or ends the process with
 * the command that would.
 *
 * @param who What needs them, as the beginning of a sentence: `The demo needs`.
 * @param needs What is needed.
 */
export async function ensure(who: string, needs: readonly Need[]): Promise<void> {
  const lacking = await missing(needs);
  if (lacking.length === 0) return;
  console.error(`${who} what this machine lacks:`);
  for (const need of lacking) console.error(`  ${need.name}`);
  if (Deno.env.get("CASSETTE_SETUP") === "never") {
    console.error("Going on without, as CASSETTE_SETUP is never.");
    return;
  }
  const packages = lacking.flatMap((need) => need.packages);
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  const quiet = ["-qq", "-o=Dpkg::Use-Pty=0"];
  if (Deno.uid() !== 0 || !await onPath("apt-get")) {
    const asRoot = Deno.uid() === 0 ? "" : "sudo ";
    console.error(
      `Run this, then try again:\n\n  ${asRoot}apt-get update && ${asRoot}${install.join(" ")}\n`,
    );
    Deno.exit(1);
  }
  await inSight(["apt-get", "update"], quiet);
  await inSight(install, quiet);
  const still = await missing(lacking);
  if (still.length > 0) {
    console.error(
      `Cannot go on as the packages installed must bring ${
        still.map((need) => need.name).join(", ")
      }`,
    );
    Deno.exit(1);
  }
}

async function missing(needs: readonly Need[]): Promise<Need[]> {
  const present = await Promise.all(needs.map((need) => need.present()));
  return needs.filter((_, i) => !present[i]);
}

/** Says what is run and runs it; if it fails, so does the task. */
async function inSight([program, ...args]: string[], quiet: string[]): Promise<void> {
  const line = [program, ...args].join(" ");
  console.error(`> ${line}`);
  const { code, text } = await finish(program, [...quiet, ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  if (code === 0) return;
  console.error(text + `Cannot set up as "${line}" must succeed: received exit code ${code}`);
  Deno.exit(1);
}

/** Programs that may be a Java 17: the one asked for, the one on the PATH, those of Debian. */
async function javaCandidates(): Promise<string[]> {
  const home = Deno.env.get("JAVA_HOME");
  const found = home === undefined ? ["java"] : [`${home}/bin/java`, "java"];
  try {
    for await (const { name } of Deno.readDir("/usr/lib/jvm")) {
      if (/(^|-)17(-|\.|$)/.test(name)) found.push(`/usr/lib/jvm/${name}/bin/java`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
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
