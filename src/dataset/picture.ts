import { UnsupportedFormatError } from "../errors.ts";

/** File formats of pictures. */
export type PictureFormat = "JPEG" | "PNG" | "TIFF";

const SIGNATURES: [PictureFormat, number[]][] = [
  ["JPEG", [0xff, 0xd8, 0xff]],
  ["PNG", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["TIFF", [0x49, 0x49, 0x2a, 0x00]],
  ["TIFF", [0x4d, 0x4d, 0x00, 0x2a]],
];

/**
 * Checks by its first bytes that a file is a picture.
 *
 * @param path Name for the message.
 * @param data The file.
 * @param formats Formats that are allowed.
 * @throws {UnsupportedFormatError} If it begins as none of them does.
 */
export function checkPicture(
  path: string,
  data: Uint8Array,
  formats: readonly PictureFormat[],
): void {
  const begins = (bytes: number[]) => bytes.every((byte, i) => data[i] === byte);
  if (SIGNATURES.some(([name, bytes]) => formats.includes(name) && begins(bytes))) return;
  const received = data.length === 0 ? "an empty file" : `bytes ${data.slice(0, 4).toHex()}…`;
  throw new UnsupportedFormatError(
    `Cannot ingest ${path} as it must begin as a ${
      formats.join(" or ")
    } file does: received ${received}`,
  );
}
