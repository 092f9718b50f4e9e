/** Child processes of the tasks. They run this very Deno: it need not be on the PATH. */

/**
 * Runs `deno` in the foreground, with our terminal.
 *
 * @param args Arguments of `deno`.
 * @param options Where it runs, here when left out, and with what environment beside ours.
 * @returns Its exit code.
 */
export async function passOn(
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, ...options, stdin: "inherit" }).spawn();
  // A terminal sends Ctrl-C to the child as well; it decides how to end, and we follow it.
  const wait = () => {};
  const end = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGINT", wait);
  Deno.addSignalListener("SIGTERM", end);
  try {
    return (await child.status).code;
  } finally {
    Deno.removeSignalListener("SIGINT", wait);
    Deno.removeSignalListener("SIGTERM", end);
  }
}

/** How a command ended and what it wrote. */
export interface Finished {
  /** Exit code; -1 if it could not be started or ran out of time. */
  code: number;
  /** Standard output and standard error, in this order. */
  text: string;
  /** Seconds. */
  seconds: number;
}

/**
 * Runs a command to its end, quietly.
 *
 * @param command Program.
 * @param args Its arguments.
 * @param options Where, with what environment, and for how long at most in milliseconds.
 * @returns How it ended.
 */
export async function finish(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string>; timeout?: number } = {},
): Promise<Finished> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  try {
    const { code, stdout, stderr, signal } = await new Deno.Command(command, {
      args,
      cwd: options.cwd,
      env: options.env,
      stdin: "null",
      signal: options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout),
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const ended = signal === null ? "" : `Ended by ${signal}\n`;
    return { code, text: decode(stdout) + decode(stderr) + ended, seconds: seconds() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { code: -1, text: `${command}: ${error.message}\n`, seconds: seconds() };
  }
}

/** A process for each core, but at most four, as each may take 1.5 GiB of memory. */
const LANES = Math.min(navigator.hardwareConcurrency, 4);

/**
 * Runs jobs side by side; they begin in their order.
 *
 * @param jobs What is run.
 * @param lanes How many run at a time.
 * @returns What they return, in their order.
 */
export async function sideBySide<T>(
  jobs: readonly (() => Promise<T>)[],
  lanes: number = LANES,
): Promise<T[]> {
  const results: T[] = [];
  const left = jobs.entries();
  const lane = async () => {
    for (const [i, job] of left) results[i] = await job();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
