/** EXIF orientation, 1 to 8: which side of the stored picture is up. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const HEADER = [0x45, 0x78, 0x69, 0x66, 0, 0];
const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const ENTRY_BYTES = 12;

/**
 * Reads the orientation out of an APP1 payload (EXIF 2.32, §4.5 and §4.6.4 A).
 *
 * @param payload The payload of an APP1 marker.
 * @returns The orientation; undefined if the payload is not EXIF, or broken, or has none.
 */
export function exifOrientation(payload: Uint8Array): Orientation | undefined {
  if (payload.length < HEADER.length + 8) return undefined;
  for (let i = 0; i < HEADER.length; i++) if (payload[i] !== HEADER[i]) return undefined;
  const tiff = new DataView(
    payload.buffer,
    payload.byteOffset + HEADER.length,
    payload.length - HEADER.length,
  );
  const order = tiff.getUint16(0);
  const little = order === 0x4949;
  if (!little && order !== 0x4d4d) return undefined;
  if (tiff.getUint16(2, little) !== 42) return undefined;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return undefined;
  const entries = tiff.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > tiff.byteLength) return undefined;
    if (tiff.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    if (tiff.getUint16(entry + 2, little) !== SHORT) return undefined;
    const value = tiff.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value as Orientation : undefined;
  }
  return undefined;
}
