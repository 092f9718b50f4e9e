/**
 * Looks for a Java. This module uses nothing but Deno's built-ins, as setup does, which runs on bare
 * machines.
 */
import { finish } from "./process.ts";

/** What Cassandra 5.0 runs on: from 17 on, and up to the last that has a security manager. */
const [OLDEST, NEWEST] = [17, 23];

/** What is looked for, for messages. */
export const JAVA = `Java ${OLDEST} to ${NEWEST}`;

/**
 * Looks for a Java that Cassandra runs on: the one of `JAVA_HOME`, the one on the PATH, those that
 * the system has beside it.
 *
 * @returns Path or name of its `java`; undefined if there is none.
 */
export async function findJava(): Promise<string | undefined> {
  for (const program of await candidates()) {
    const { text } = await finish(program, ["-version"]);
    const version = Number(/version "(\d+)/.exec(text)?.[1]);
    if (version >= OLDEST && version <= NEWEST) return program;
  }
}

async function candidates(): Promise<string[]> {
  const home = Deno.env.get("JAVA_HOME");
  const found = home ? [`${home}/bin/java`, "java"] : ["java"];
  try {
    for await (const { name } of Deno.readDir("/usr/lib/jvm")) {
      found.push(`/usr/lib/jvm/${name}/bin/java`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}
