/** A program of a user's, in an empty folder with empty caches. */
import { join } from "@std/path";

/** An empty folder in which programs run. */
export interface EmptyFolder extends AsyncDisposable {
  /** Its path. */
  path: string;
  /** The cache folder of Cassette for those programs, at first missing. */
  cache: string;
  /**
   * Runs a program in it, apart from this project's configuration.
   *
   * @param program Text of a module.
   * @param flags Flags of `deno run`.
   * @param env More environment variables.
   * @returns What it wrote.
   */
  run(program: string, flags: string[], env?: Record<string, string>): Promise<Output>;
}

/** How a program ended. */
export interface Output {
  /** Exit code. */
  code: number;
  /** Standard output. */
  stdout: string;
  /** Standard error. */
  stderr: string;
}

/**
 * Makes an empty folder for programs.
 *
 * Deno's cache of modules is a new one; only npm packages are shared with this process, so that none
 * is downloaded again.
 *
 * @returns The folder; dispose of it to remove it.
 */
export async function emptyFolder(): Promise<EmptyFolder> {
  const home = await Deno.makeTempDir({ prefix: "cassette-empty-" });
  const [path, cache, modules] = ["work", "cache", "modules"].map((name) => join(home, name));
  await Deno.mkdir(path);
  await Deno.mkdir(modules);
  await Deno.symlink(await npmCache(), join(modules, "npm"));
  const own = { HOME: home, DENO_DIR: modules, CASSETTE_CACHE: cache, NO_COLOR: "1" };
  return {
    path,
    cache,
    async run(program, flags, env = {}) {
      const main = join(path, "main.ts");
      await Deno.writeTextFile(main, program);
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--no-config", "--no-lock", ...flags, main],
        cwd: path,
        env: { ...own, ...env },
        stdin: "null",
      }).output();
      const text = new TextDecoder();
      return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
    },
    [Symbol.asyncDispose]: () => Deno.remove(home, { recursive: true }),
  };
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--no-config", "--json"],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}
