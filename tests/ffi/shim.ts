/** Compiles the shim's own tests and the driver without a database. */
import { fromFileUrl, join } from "@std/path";

const NATIVE = fromFileUrl(new URL("../../native-ffi/", import.meta.url));
const STRICT = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror"];

async function compile(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("cc", {
    args: [...STRICT, ...args, "-pthread", "-ldl"],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/**
 * Why C cannot be compiled here.
 *
 * @returns The reason; undefined where it can.
 */
export async function lackingCompiler(): Promise<string | undefined> {
  try {
    await new Deno.Command("cc", { args: ["--version"], stdout: "null" }).output();
  } catch {
    return 'there is no C compiler (Debian: "apt-get install gcc libc6-dev")';
  }
}

/**
 * Compiles the driver without a database.
 *
 * @param library Where it is put.
 * @param flags More flags of the compiler.
 * @returns Its path.
 */
export async function fakeDriver(library: string, flags: string[] = []): Promise<string> {
  const sources = ["driver", "results", "cluster"].map((part) =>
    join(NATIVE, `tests/fake_${part}.c`)
  );
  await compile([...flags, "-fPIC", "-shared", "-o", library, ...sources]);
  return library;
}

/**
 * Compiles the tests of the shim.
 *
 * @param folder Where they are put.
 * @param flags More flags of the compiler.
 * @returns Path of the program; its argument is a driver.
 */
export async function shimTests(folder: string, flags: string[] = []): Promise<string> {
  const program = join(folder, "fetch_test");
  const sources = ["fetch", "group", "lies", "memory", "retry", "threads"].map((part) =>
    `tests/${part}_test.c`
  );
  for await (const { name } of Deno.readDir(NATIVE)) {
    // What only a runtime can call, and what has tests of its own.
    if (/^cassette_(?!runtime|lex).*\.c$/.test(name)) sources.push(name);
  }
  await compile([...flags, "-o", program, ...sources.map((name) => join(NATIVE, name))]);
  return program;
}

/**
 * Compiles and runs the tests of the shim under a sanitizer.
 *
 * @param sanitizer As in `-fsanitize`.
 * @returns Exit code and all that was written.
 */
export async function runShimTests(sanitizer: string): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-shim-" });
  try {
    const flags = [`-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"];
    const [driver, program] = await Promise.all([
      fakeDriver(join(folder, "libfake_driver.so"), flags),
      shimTests(folder, flags),
    ]);
    const { code, stdout, stderr } = await new Deno.Command(program, { args: [driver] }).output();
    const text = new TextDecoder();
    return { code, output: text.decode(stdout) + text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
