import { withSegment } from "./support.ts";

/**
 * Gives a file an EXIF orientation.
 *
 * @param file The file.
 * @param orientation From 1 to 8.
 * @returns The file with an EXIF segment: one big-endian IFD of one entry.
 */
export function oriented(file: Uint8Array, orientation: number): Uint8Array {
  const bytes = new Uint8Array(6 + 8 + 2 + 12 + 4);
  bytes.set(new TextEncoder().encode("Exif\0\0MM"));
  const view = new DataView(bytes.buffer, 6);
  view.setUint16(2, 42);
  view.setUint32(4, 8);
  view.setUint16(8, 1);
  view.setUint16(10, 0x0112);
  view.setUint16(12, 3);
  view.setUint32(14, 1);
  view.setUint16(18, orientation);
  return withSegment(file, 0xe1, bytes);
}
