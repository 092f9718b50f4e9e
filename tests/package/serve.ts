/** Serves the package as a registry would: what is published, with bare names resolved. */
import { extname, fromFileUrl, relative } from "@std/path";

const ROOT = new URL("../../", import.meta.url);

const MEDIA_TYPES: Record<string, string> = {
  ".ts": "application/typescript",
  ".json": "application/json",
  ".md": "text/markdown",
};

/** A server of the package. */
export interface PackageServer extends AsyncDisposable {
  /** URL of the package's folder, with a slash at its end. */
  url: string;
  /** Paths that were asked for and are not in the package. */
  missing: string[];
}

/**
 * Serves the package on 127.0.0.1.
 *
 * @returns Where it is served; dispose of it to stop.
 */
export async function servePackage(): Promise<PackageServer> {
  const published = await publishedFiles();
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const missing: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname).replace(/^\/package\//, "");
    if (!published.includes(path)) {
      missing.push(path);
      return new Response("not found", { status: 404 });
    }
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const type = MEDIA_TYPES[extname(path)] ?? "text/plain";
    return new Response(type === MEDIA_TYPES[".ts"] ? resolveNames(text, imports) : text, {
      headers: { "content-type": `${type}; charset=utf-8` },
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/package/`,
    missing,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/**
 * The files that publishing would upload, as a rehearsal of it says.
 *
 * @returns Paths in the package.
 */
export async function publishedFiles(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check", "--no-lock"],
    cwd: fromFileUrl(ROOT),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot rehearse publishing: ${text}`);
  return text.matchAll(/^\s+(file:\/\/\S+) \([\d.]+\w+\)$/gm)
    .map(([, url]) => relative(fromFileUrl(ROOT), fromFileUrl(url))).toArray();
}

/**
 * Replaces bare names by what they stand for, as publishing does: `"commander"` becomes
 * `"npm:commander@15.1.0"`.
 *
 * @param text A module.
 * @param imports Bare names and what they stand for.
 * @returns The module as it is published.
 */
export function resolveNames(text: string, imports: Record<string, string>): string {
  return text.replaceAll(
    /\b(from\s*|import\s*\(?\s*)"([^"./][^":]*)"/g,
    (whole, keyword: string, specifier: string) => {
      const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      const target = imports[name];
      return target?.startsWith("npm:")
        ? `${keyword}"${target}${specifier.slice(name.length)}"`
        : whole;
    },
  );
}
