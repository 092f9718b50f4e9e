import { visible } from "../check.ts";
import type { CassetteError } from "../errors.ts";

/**
 * Names the path of the sample that an error is about, in its message too.
 *
 * @param error The error.
 * @param path The path within the data set.
 */
export function namePath(error: CassetteError, path: string): void {
  if (error.path !== undefined) return;
  error.path = path;
  const shown = visible(path);
  const { sampleId = "", message } = error;
  const at = sampleId === "" ? -1 : message.indexOf(sampleId);
  const end = at < 0 ? message.length : at + sampleId.length;
  error.message = `${message.slice(0, end)} (${shown})${message.slice(end)}`;
}
