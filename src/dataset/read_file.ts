import { LimitsError, UnsupportedFormatError } from "../errors.ts";
import { DEFAULT_MAX_BLOB_BYTES } from "../source/blob_limit.ts";
import {} from "./input.ts";

/**
 * Reads a regular file. Others are refused before they are opened: a device may have no end, and a
 * pipe may never begin.
 *
 * @param path Path of the file; links are followed.
 * @param most Most bytes that it may have.
 * @returns Its bytes.
 * @throws {UnsupportedFormatError} If it is no regular file.
 * @throws {LimitsError} If it is too large.
 */
export async function readRegular(
  path: string,
  most: number = DEFAULT_MAX_BLOB_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  checkRegular(path, await Deno.stat(path), most);
  const bytes = await Deno.readFile(path);
  checkSize(path, bytes.length, most);
  return bytes;
}

/**
 * Refuses what is no regular file, or too large.
 *
 * @param path Path for the message.
 * @param found What the system says of it.
 * @param most Most bytes that it may have.
 * @throws {UnsupportedFormatError} If it is no regular file.
 * @throws {LimitsError} If it is too large.
 */
export function checkRegular(path: string, found: Deno.FileInfo, most = Infinity): void {
  if (!found.isFile) {
    const kind = found.isDirectory
      ? "a folder"
      : found.isFifo
      ? "a pipe"
      : found.isSocket
      ? "a socket"
      : "a device";
    throw new UnsupportedFormatError(
      `Cannot read ${path} as it must be a regular file: received ${kind}`,
    );
  }
  checkSize(path, found.size, most);
}

/**
 * Refuses what is too large.
 *
 * @param name What it is, for the message.
 * @param bytes Its size.
 * @param most Most bytes that it may have.
 * @throws {LimitsError} If it has more.
 */
export function checkSize(name: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new LimitsError(
    `Cannot read ${name} as it must have at most ${most} bytes (maxBlobBytes): received ${bytes}`,
    { option: "maxBlobBytes" },
  );
}
