/**
 * Tests that cannot run on a machine: they say why, and the runner lists them by name at its end.
 * A test that is ignored without a reason fails the run.
 */

/** Environment variable that names the file in which the runner collects reasons. */
export const NOT_RUN_FILE = "CASSETTE_NOT_RUN";

/**
 * Declares a test that runs only where something can be had.
 *
 * @param lacking Why it cannot run here; undefined where it can.
 * @param name Name of the test.
 * @param fn The test.
 */
export function testWhere(
  lacking: string | undefined,
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  if (lacking !== undefined) tellNotRun(name, lacking);
  Deno.test({ name, ignore: lacking !== undefined, fn });
}

/**
 * Tells the runner why a test that is declared with `ignore` does not run.
 *
 * @param name Name of the test, as it is declared.
 * @param why What is lacking.
 */
export function tellNotRun(name: string, why: string): void {
  const file = Deno.env.get(NOT_RUN_FILE);
  if (file === undefined) console.warn(`not run: ${name}: ${why}`);
  else Deno.writeTextFileSync(file, JSON.stringify({ name, why }) + "\n", { append: true });
}
