/** Child processes of the tasks. They run this very Deno: it need not be on the PATH. */

/**
 * Runs `deno` in the foreground, with our terminal.
 *
 * @param args Arguments of `deno`.
 * @param cwd Where it runs; here when left out.
 * @returns Its exit code.
 */
export async function passOn(args: string[], cwd?: string): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, cwd, stdin: "inherit" }).spawn();
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
