import { importFlags, path } from "../../tools/imports.ts";

/** What a run of the command left behind. */
export interface Outcome {
  code: number;
  out: string;
  /** Lines on stderr, without what Mesa says of its surroundings. */
  err: string[];
}

/** Runs the command in a process of its own. */
export async function cassette(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", ...await importFlags(), path("src/cli/main.ts"), ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const err = text(output.stderr).split("\n")
    .filter((line) => line !== "" && !line.includes("XDG_RUNTIME_DIR"));
  return { code: output.code, out: text(output.stdout), err };
}

/** The bytes that djpeg makes of a JPEG file. */
export async function djpeg(file: string): Promise<Uint8Array> {
  const { code, stdout } = await new Deno.Command("djpeg", { args: ["-ppm", file] }).output();
  if (code !== 0) throw new Error(`djpeg -ppm ${file} ended with ${code}`);
  return stdout;
}
