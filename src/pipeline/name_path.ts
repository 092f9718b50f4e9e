import type { CassetteError } from "../errors.ts";

/** Characters that a terminal would act on, or that cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/**
 * Names the path of the sample that an error is about, in its message too.
 *
 * @param error The error.
 * @param path The path within the data set.
 */
export function namePath(error: CassetteError, path: string): void {
  if (error.path !== undefined) return;
  error.path = path;
  const shown = path.replace(UNSEEN, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
  const { sampleId = "", message } = error;
  const at = sampleId === "" ? -1 : message.indexOf(sampleId);
  const end = at < 0 ? message.length : at + sampleId.length;
  error.message = `${message.slice(0, end)} (${shown})${message.slice(end)}`;
}
