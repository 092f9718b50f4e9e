import { cacheFolder } from "../../src/ffi/cache.ts";
import { findJava, JAVA } from "../java.ts";
import { join } from "@std/path";

/** The release of Apache Cassandra that is run; `pom.xml` names the same. */
const CASSANDRA_VERSION = "5.0.4";

/** Something that is needed is not on this machine, and could not be brought there. */
export class NotInstalledError extends Error {
  override name = "NotInstalledError";
}

const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/**
 * Fetches Cassandra and what it needs from Maven Central, unless it is in the cache already.
 *
 * @param say Told what is done.
 * @returns The folder with the jars, each as its SHA-256 in `jars.sha256` says.
 */
export async function cassandraJars(say: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `cassandra-${CASSANDRA_VERSION}`);
  if (await exists(folder)) return folder;
  await requireProgram("mvn", "Maven", "maven");
  say(`fetching Apache Cassandra ${CASSANDRA_VERSION} from Maven Central`);
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const work = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "cassandra-" });
  try {
    const pom = join(work, "pom.xml");
    await Deno.writeTextFile(pom, await Deno.readTextFile(new URL("pom.xml", import.meta.url)));
    const jars = join(work, "jars");
    const { success, stdout, stderr } = await new Deno.Command("mvn", {
      args: ["-B", "-q", "-f", pom, COPY, `-DoutputDirectory=${jars}`, "-DincludeScope=runtime"],
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (!success) {
      const text = new TextDecoder();
      throw new NotInstalledError(
        `Cannot fetch Cassandra as Maven must reach its repository: ${text.decode(stdout)}${
          text.decode(stderr)
        }`,
      );
    }
    await verify(jars);
    await Deno.rename(jars, folder).catch(async (error) => {
      if (!await exists(folder)) throw error;
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return folder;
}

async function verify(folder: string): Promise<void> {
  const list = await Deno.readTextFile(new URL("jars.sha256", import.meta.url));
  const expected = new Map(
    list.trim().split("\n").map((line) => line.split(/\s+/).reverse() as [string, string]),
  );
  for await (const { name } of Deno.readDir(folder)) {
    const wanted = expected.get(name);
    const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(join(folder, name)));
    const found = new Uint8Array(digest).toHex();
    if (found !== wanted) {
      throw new Error(
        `Cannot use ${name} as its SHA-256 must be ${
          wanted ?? "in jars.sha256"
        }: received ${found}`,
      );
    }
    expected.delete(name);
  }
  if (expected.size > 0) {
    throw new Error(`Cannot start Cassandra as jars are missing: ${[...expected.keys()]}`);
  }
}

/**
 * Finds a Java that Cassandra runs on.
 *
 * @returns The path or name of its `java`.
 * @throws {NotInstalledError} If there is none.
 */
export async function requireJava(): Promise<string> {
  const java = await findJava();
  if (java !== undefined) return java;
  throw new NotInstalledError(
    `Cannot start Cassandra as ${JAVA} is missing: install it, on Debian with "apt-get install default-jre-headless", or set JAVA_HOME`,
  );
}

async function requireProgram(program: string, what: string, debian: string): Promise<void> {
  try {
    await new Deno.Command(program, { args: ["-version"], stdout: "null", stderr: "null" })
      .output();
  } catch (cause) {
    throw new NotInstalledError(
      `Cannot start Cassandra as ${what} is missing: install it, on Debian with "apt-get install ${debian}"`,
      { cause },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
