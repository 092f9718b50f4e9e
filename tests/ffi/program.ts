/** Programs of a user over `CassandraSource`, in processes of their own. */
import { importFlags } from "../../tools/imports.ts";
import { fakeDriver } from "./shim.ts";

/** The folder of the repository. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** What a program did. */
export interface Output {
  code: number;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Runs a module in a process of its own; its cache folder is empty, unless it is given. */
export async function run(
  text: string,
  env: Record<string, string>,
  cache?: string,
): Promise<Output> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-native-" });
  try {
    const main = `${folder}/main.ts`;
    await Deno.writeTextFile(
      main,
      `import { CassandraSource } from "${new URL("src/source/cassandra.ts", ROOT)}";
       import { IdList } from "${new URL("src/ids.ts", ROOT)}";
       const here = { contactPoints: ["here"], table: "fake.data" };
       ${text}`,
    );
    const begin = performance.now();
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", ...await importFlags(), main],
      env: { NO_COLOR: "1", CASSETTE_CACHE: cache ?? `${folder}/cache`, ...env },
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
      seconds: (performance.now() - begin) / 1000,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Gives the environment in which programs use the driver without a database, and a folder. */
export async function withDriver(
  use: (env: Record<string, string>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-fake-" });
  try {
    await use({ CASSETTE_DRIVER: await fakeDriver(folder) }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
