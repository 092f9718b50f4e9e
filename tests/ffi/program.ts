/** Programs of a user over `CassandraSource`, in processes of their own. */
import { importFlags } from "../../tools/imports.ts";
import { tempFolder } from "../../tools/temp.ts";
import { fakeDriver } from "./shim.ts";

/** The folder of the repository. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** What a program did. */
export interface Output {
  code: number;
  stdout: string;
  stderr: string;
  /** Seconds from the last line that it wrote to standard output to its end. */
  lingered: number;
}

/**
 * Runs a module in a process of its own; its cache folder is empty, unless `env` names one.
 *
 * @param text The module, behind some imports.
 * @param env Environment beside that of the tests.
 * @param flags Flags of `deno run`; all is permitted when left out.
 */
export async function run(
  text: string,
  env: Record<string, string>,
  flags: string[] = ["-A"],
): Promise<Output> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-native-" });
  try {
    const main = `${folder}/main.ts`;
    await Deno.writeTextFile(
      main,
      `import { CassandraSource } from "${new URL("src/source/cassandra.ts", ROOT)}";
       import { IdList } from "${new URL("src/ids.ts", ROOT)}";
       import { Growth, memory, threads, threadsBeyond } from "${new URL(
        "tests/ffi/counts.ts",
        ROOT,
      )}";
       const here = { contactPoints: ["here"], table: "fake.data" };
       ${text}`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...flags, ...await importFlags(), main],
      env: { NO_COLOR: "1", CASSETTE_CACHE: `${folder}/cache`, ...env },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const errors = new Response(child.stderr).text();
    let [stdout, last] = ["", performance.now()];
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      [stdout, last] = [stdout + text, performance.now()];
    }
    const { code } = await child.status;
    return {
      code,
      stdout,
      stderr: await errors,
      lingered: (performance.now() - last) / 1000,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

let driver: Promise<Record<string, string>> | undefined;

/**
 * Gives the environment in which programs use the driver without a database. Driver and shim are
 * compiled once for all tests of a file.
 */
export async function withDriver(
  use: (env: Record<string, string>) => Promise<void>,
): Promise<void> {
  driver ??= (async () => {
    const folder = tempFolder();
    const CASSETTE_DRIVER = await fakeDriver(`${folder}/libfake_driver.so`);
    return { CASSETTE_DRIVER, CASSETTE_CACHE: `${folder}/cache` };
  })();
  await use(await driver);
}
