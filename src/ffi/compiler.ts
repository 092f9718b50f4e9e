import { cacheFolder } from "./cache.ts";
import { NATIVE_SOURCE } from "./native_source.ts";
import { denied, exists } from "./permission.ts";
import { NoCompilerError } from "../errors.ts";
import { basename, dirname, join } from "node:path";
import process from "node:process";

/** A C compiler and how to call it. */
export interface Compiler {
  /** Program and its first arguments. */
  command: string[];
  /** First line of what it says about its version. */
  version: string;
}

/** Told what was chosen or done, in one line. */
export type Say = (line: string) => void;

const FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-fvisibility=hidden", "-shared"];
/** On macOS functions that the runtime has must be allowed to be missing; elsewhere they are. */
const LIBRARIES = Deno.build.os === "darwin"
  ? ["-pthread", "-Wl,-undefined,dynamic_lookup"]
  : ["-pthread", "-ldl"];

/**
 * Looks for a C compiler: `$CC`, else `cc`, `gcc`, `clang`.
 *
 * @returns The first that runs, or undefined; an error if one must not be run and none else does.
 */
export async function findCompiler(): Promise<Compiler | undefined> {
  const own = process.env.CC?.trim();
  let refusal: unknown;
  for (const name of own ? [own] : ["cc", "gcc", "clang"]) {
    const command = name.split(/\s+/);
    try {
      const version = await firstLine([...command, "--version"]);
      if (version !== undefined) return { command, version };
    } catch (error) {
      if (denied(error)) refusal ??= error;
    }
  }
  if (refusal) throw refusal;
}

/**
 * Where the shim is once it has been compiled; the name depends on its source, its flags and this
 * machine's kind.
 *
 * @returns The path of the library.
 */
export async function shimPath(): Promise<string> {
  const text = JSON.stringify([NATIVE_SOURCE, FLAGS, LIBRARIES, Deno.build.target]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hash = new Uint8Array(digest).toHex().slice(0, 16);
  const ending = Deno.build.os === "darwin" ? "dylib" : "so";
  return join(cacheFolder(), `shim-${hash}`, `libcassette_fetch.${ending}`);
}

/**
 * Compiles the shim into the cache folder, unless it is there already.
 *
 * @param say Told what is compiled with what.
 * @returns The path of the library.
 * @throws {NoCompilerError} If there is no compiler, or it fails.
 */
export async function buildShim(say: Say = () => {}): Promise<string> {
  const library = await shimPath();
  if (await exists(library)) {
    say(`shim: ${library}`);
    return library;
  }
  const compiler = await findCompiler();
  if (!compiler) {
    throw new NoCompilerError(
      `Cannot build the fetch shim as a C compiler must be ${
        process.env.CC ? "what CC names" : "cc, gcc or clang"
      }: received ${process.env.CC ?? "none"}. ` +
        'Install one (Debian: "apt-get install gcc libc6-dev"), set CC, or use driver: "js"',
      { option: "driver" },
    );
  }
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const work = await Deno.makeTempDir({ dir: cacheFolder(), prefix: "shim-build-" });
  try {
    await compile(compiler, work, join(work, basename(library)));
    // Another process may have been faster: its library is the same.
    await Deno.rename(work, dirname(library)).catch(async (error) => {
      if (!await exists(library)) throw error;
    });
  } finally {
    await Deno.remove(work, { recursive: true }).catch(() => {});
  }
  say(`shim: ${library}, compiled with ${compiler.version}`);
  return library;
}

async function compile(compiler: Compiler, folder: string, output: string): Promise<void> {
  const sources: string[] = [];
  for (const [name, text] of Object.entries(NATIVE_SOURCE)) {
    const path = join(folder, name.replaceAll("/", "_"));
    await Deno.writeTextFile(path, text);
    if (name.endsWith(".c")) sources.push(path);
  }
  const [program, ...first] = compiler.command;
  const { success, stderr } = await new Deno.Command(program, {
    args: [...first, ...FLAGS, "-o", output, ...sources, ...LIBRARIES],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new NoCompilerError(
      `Cannot build the fetch shim as ${compiler.command.join(" ")} must compile it: received ${
        new TextDecoder().decode(stderr).trim()
      }`,
      { option: "driver" },
    );
  }
}

async function firstLine(command: string[]): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command(command[0], {
    args: command.slice(1),
    stdout: "piped",
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).split("\n")[0] : undefined;
}
