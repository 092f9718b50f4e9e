/** Runs tasks against the rude server in processes of their own. */
import { importFlags } from "../../tools/imports.ts";
import { type Lie, type RudeOptions, startRudeServer } from "../../tools/rude_server/server.ts";
import { TextLineStream } from "./lines.ts";
import type { Outcome, Task } from "./rude_client.ts";

const CLIENT = new URL("./rude_client.ts", import.meta.url);
/** No task may take longer; a client that does is killed. */
const LIMIT_MS = 30_000;

/** What came of a task: an outcome, or the end of the process. */
export interface Seen extends Outcome {
  /** How the process ended, if it did in the task: a signal or a code, and its last words. */
  ended?: string;
  /** Connections that were open half a second after the task. */
  left: number;
}

/** Clients of one driver, one process until it ends. */
export class RudeClients implements AsyncDisposable {
  readonly #env: Record<string, string>;
  #child: Deno.ChildProcess | undefined;
  #lines: ReadableStreamDefaultReader<string> | undefined;
  #errors = "";
  #input: WritableStreamDefaultWriter<Uint8Array> | undefined;

  /** @param env Environment beside that of the tests. */
  constructor(env: Record<string, string> = {}) {
    this.#env = env;
  }

  /** Runs a task against a server that lies. */
  async run(task: Omit<Task, "port">, lie?: Lie, options?: RudeOptions): Promise<Seen> {
    await this.#start();
    await using server = startRudeServer(lie, options);
    const line = JSON.stringify({ ...task, port: server.port } satisfies Task) + "\n";
    await this.#input!.write(new TextEncoder().encode(line));
    const { child } = { child: this.#child! };
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    const { value } = await this.#lines!.read();
    clearTimeout(timer);
    if (value === undefined) {
      const { code, signal } = await child.status;
      this.#child = undefined;
      return {
        results: {},
        message: "",
        milliseconds: 0,
        peakMiB: 0,
        heldMiB: 0,
        left: 0,
        ended: `${signal ?? `code ${code}`}: ${this.#errors.slice(0, 600)}`,
      };
    }
    for (let waited = 0; server.open > 0 && waited < 500; waited += 20) {
      await new Promise((done) => setTimeout(done, 20));
    }
    return { ...JSON.parse(value) as Outcome, left: server.open };
  }

  /** Lets the client end; `lingered` is how many milliseconds it took to. */
  async end(): Promise<{ code: number; lingered: number; errors: string }> {
    if (!this.#child) return { code: 0, lingered: 0, errors: "" };
    const child = this.#child;
    this.#child = undefined;
    await this.#input!.close();
    // Its last line.
    await this.#lines!.read();
    const begin = performance.now();
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    while (!(await this.#lines!.read()).done);
    const { code } = await child.status;
    clearTimeout(timer);
    return { code, lingered: performance.now() - begin, errors: this.#errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #start(): Promise<void> {
    if (this.#child) return;
    this.#errors = "";
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", ...await importFlags(), CLIENT.href],
      env: { NO_COLOR: "1", DENO_V8_FLAGS: "--expose-gc", ...this.#env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    (async (stderr) => {
      for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
        this.#errors = (this.#errors + text).slice(-4_000);
      }
    })(this.#child.stderr);
  }
}
