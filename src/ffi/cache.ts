import { join } from "node:path";
import { homedir } from "node:os";
import process from "node:process";

/**
 * The folder in which Cassette keeps what it built or downloaded.
 *
 * @param env Looks up an environment variable.
 * @returns `$CASSETTE_CACHE`, else `cassette` below `$XDG_CACHE_HOME`, else below `~/.cache`.
 */
export function cacheFolder(env: (name: string) => string | undefined = variable): string {
  const own = env("CASSETTE_CACHE");
  if (own) return own;
  const base = env("XDG_CACHE_HOME");
  return base ? join(base, "cassette") : join(env("HOME") || homedir(), ".cache", "cassette");
}

function variable(name: string): string | undefined {
  return process.env[name];
}
