/** The bare C loop of `native/bare_loop.c`, compiled and driven line by line. */
import { fromFileUrl, join } from "@std/path";
import { loadNative } from "../src/ffi/native.ts";
import type { IdList } from "../src/ids.ts";

/** What one run took. */
export interface LoopRun {
  images: number;
  seconds: number;
  /** CPU time of the whole process, in microseconds. */
  cpu: number;
}

/** The loop as a process that waits for orders. */
export interface BareLoop extends AsyncDisposable {
  /**
   * Fetches all keys so many times.
   *
   * @param rounds How often.
   */
  run(rounds: number): Promise<LoopRun>;
}

/**
 * Compiles the loop and connects it, over the same driver as ours.
 *
 * @param options Server, statement, keys, and how many requests and connections.
 * @returns The loop.
 */
export async function bareLoop(options: {
  host: string;
  port: number;
  cql: string;
  ids: IdList;
  inFlight: number;
  connections: number;
}): Promise<BareLoop> {
  const { chosen } = await loadNative();
  const folder = await Deno.makeTempDir({ prefix: "cassette-loop-" });
  const here = fromFileUrl(new URL(".", import.meta.url));
  const program = join(folder, "bare_loop");
  // deno-fmt-ignore
  const { success, stderr } = await new Deno.Command("cc", {
    args: ["-std=c11", "-D_GNU_SOURCE", "-O2", "-o", program, join(here, "native/bare_loop.c"),
      join(here, "../native-ffi/cassette_driver.c"), "-pthread", "-ldl"],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const keys = join(folder, "ids");
  await Deno.writeFile(keys, options.ids.bytes);
  const { host, port, cql, inFlight, connections } = options;
  const child = new Deno.Command(program, {
    args: [chosen.path, chosen.libpython ?? "", host, port, cql, keys, inFlight, connections].map(
      String,
    ),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  return {
    async run(rounds) {
      await writer.write(new TextEncoder().encode(`${rounds}\n`));
      let line = "";
      while (!line.endsWith("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error("the bare loop ended");
        line += value;
      }
      const [images, seconds, cpu] = line.split(" ").map(Number);
      return { images, seconds, cpu };
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
