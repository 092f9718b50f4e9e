/** `deno task valgrind`: the shim's tests under Valgrind; prints its summary. */
import { fakeDriver, shimTests } from "../tests/ffi/shim.ts";

const folder = await Deno.makeTempDir({ prefix: "cassette-valgrind-" });
try {
  const driver = await fakeDriver(`${folder}/libfake_driver.so`);
  const program = await shimTests(folder);
  // deno-fmt-ignore
  const { code, stderr } = await new Deno.Command("valgrind", {
    args: ["--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
      "--error-exitcode=1", program, driver,
      // What is left to a driver that never closes looks like a leak: its threads live on.
      "-never_closes"],
    stdout: "null",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stderr);
  console.log(text.slice(text.indexOf("HEAP SUMMARY")).replaceAll(/^==\d+== ?/gm, ""));
  Deno.exitCode = code;
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  console.error('Cannot run Valgrind as it is missing: on Debian "apt-get install valgrind"');
  Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}
