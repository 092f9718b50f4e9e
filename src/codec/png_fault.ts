import { UnsupportedFormatError } from "../errors.ts";

/**
 * Refuses a PNG file.
 *
 * @param expected What it must.
 * @param received What it is.
 * @param cause The error that says so.
 * @throws {UnsupportedFormatError} Always.
 */
export function refusePng(expected: string, received: unknown, cause?: unknown): never {
  throw new UnsupportedFormatError(
    `Cannot read a PNG file as it must ${expected}: received ${received}`,
    { cause },
  );
}
