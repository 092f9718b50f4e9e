/**
 * Tests that cannot run on a machine: they say why, and the runner lists them by name at its end.
 * A test that is ignored without a reason fails the run.
 */

/** Environment variable that names the file in which the runner collects reasons. */
export const NOT_RUN_FILE = "CASSETTE_NOT_RUN";

/**
 * Tells whether a test must be ignored, and the runner why:
 * `Deno.test({ name, ignore: notRun(name, lacking), fn })`.
 *
 * @param name Name of the test, as it is declared.
 * @param lacking Why it cannot run here; undefined where it can.
 * @returns True if it cannot run.
 */
export function notRun(name: string, lacking: string | undefined): boolean {
  if (lacking === undefined) return false;
  const file = Deno.env.get(NOT_RUN_FILE);
  const line = JSON.stringify({ name, why: lacking }) + "\n";
  if (file === undefined) console.warn(`not run: ${name}, as ${lacking}`);
  else Deno.writeTextFileSync(file, line, { append: true });
  return true;
}
