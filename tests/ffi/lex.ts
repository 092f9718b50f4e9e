/** Compiles and runs the JPEG lexer's own tests. */
import { fromFileUrl, join } from "@std/path";

const NATIVE = fromFileUrl(new URL("../../native-ffi/", import.meta.url));
const STRICT = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror"];

/**
 * Compiles and runs the tests of the JPEG lexer under a sanitizer.
 *
 * @param sanitizer As in `-fsanitize`.
 * @returns Exit code and all that was written.
 */
export async function runLexTests(sanitizer: string): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir({ prefix: "cassette-lex-" });
  const text = new TextDecoder();
  try {
    const program = join(folder, "lex_test");
    const sources = ["tests/lex_test.c", "cassette_lex.c"].map((name) => join(NATIVE, name));
    const flags = [...STRICT, `-fsanitize=${sanitizer}`, "-fno-sanitize-recover=all"];
    const compiled = await new Deno.Command("cc", { args: [...flags, "-o", program, ...sources] })
      .output();
    if (!compiled.success) throw new Error(text.decode(compiled.stderr));
    const { code, stdout, stderr } = await new Deno.Command(program).output();
    return { code, output: text.decode(stdout) + text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
