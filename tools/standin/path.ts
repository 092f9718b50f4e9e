/**
 * Stand-in for `@std/path` over `node:path` and `node:url`, for machines that cannot reach its
 * registry.
 */
import { fileURLToPath, pathToFileURL } from "node:url";

export {
  basename,
  delimiter as DELIMITER,
  dirname,
  extname,
  format,
  isAbsolute,
  join,
  normalize,
  parse,
  relative,
  resolve,
  sep as SEPARATOR,
} from "node:path";

/** The path that a `file:` URL names. */
export function fromFileUrl(url: string | URL): string {
  return fileURLToPath(url);
}

/** The `file:` URL of an absolute path. */
export function toFileUrl(path: string): URL {
  return pathToFileURL(path);
}
