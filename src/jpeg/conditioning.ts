import { JpegFault } from "./fault.ts";
import { badLength } from "./markers.ts";

const DC_TABLES = 16;
const MOST_TABLES = 32;

/**
 * Checks a DAC segment (ITU-T T.81, B.2.4.3). Huffman decoding has no use for it, but libjpeg-turbo
 * refuses a broken one.
 *
 * @param payload Its payload.
 * @param offset Where the payload begins in the blob.
 * @throws {JpegFault} If it is broken.
 */
export function checkArithmetic(payload: Uint8Array, offset: number): void {
  if (payload.length % 2 !== 0) badLength("DAC", offset, payload.length);
  for (let i = 0; i < payload.length; i += 2) {
    const [table, value] = payload.subarray(i, i + 2);
    if (table < MOST_TABLES && (table >= DC_TABLES || (value & 15) <= value >> 4)) continue;
    throw new JpegFault(
      "corrupt",
      `its arithmetic conditioning must be of tables 0 to ${
        MOST_TABLES - 1
      }, with bounds in order: received ${value} for table ${table} at byte ${offset + i}`,
    );
  }
}
