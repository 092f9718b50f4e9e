/**
 * Codes of the JPEG markers, the byte after 0xFF (ITU-T T.81, table B.1).
 *
 * @module
 */
import { JpegFault } from "./fault.ts";

export const SOF0 = 0xc0;
export const SOF1 = 0xc1;
export const SOF2 = 0xc2;
export const DHT = 0xc4;
export const JPG = 0xc8;
export const DAC = 0xcc;
export const SOF15 = 0xcf;
export const RST0 = 0xd0;
export const RST7 = 0xd7;
export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const DQT = 0xdb;
export const DNL = 0xdc;
export const DRI = 0xdd;
export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP14 = 0xee;
export const APP15 = 0xef;
export const COM = 0xfe;
export const TEM = 0x01;

/**
 * Tells whether a marker stands alone, without a length and a payload.
 *
 * @param code Its code.
 * @returns True if so.
 */
export function standsAlone(code: number): boolean {
  return code === TEM || (code >= RST0 && code <= EOI);
}

/**
 * Tells whether a marker segment is skipped by libjpeg-turbo, whatever its length says.
 *
 * @param code Its code.
 * @returns True if so.
 */
export function isSkipped(code: number): boolean {
  return code === DNL || code === COM || (code >= APP0 && code <= APP15);
}

/**
 * Tells whether a marker begins a frame: any SOFn.
 *
 * @param code Its code.
 * @returns True if so.
 */
export function beginsFrame(code: number): boolean {
  return code >= SOF0 && code <= SOF15 && code !== DHT && code !== JPG && code !== DAC;
}

/** Why frames other than sequential and progressive Huffman ones are refused, by SOFn. */
export const UNSUPPORTED_FRAMES: Readonly<Record<number, string>> = {
  0xc3: "lossless",
  0xc5: "hierarchical (differential sequential)",
  0xc6: "hierarchical (differential progressive)",
  0xc7: "hierarchical (differential lossless)",
  0xc9: "arithmetic-coded sequential",
  0xca: "arithmetic-coded progressive",
  0xcb: "arithmetic-coded lossless",
  0xcd: "hierarchical (arithmetic-coded, differential sequential)",
  0xce: "hierarchical (arithmetic-coded, differential progressive)",
  0xcf: "hierarchical (arithmetic-coded, differential lossless)",
};

/**
 * Names a marker in messages.
 *
 * @param code Its code.
 * @returns Both of its bytes, such as `0xFFDA`.
 */
export function markerName(code: number): string {
  return `0xFF${code.toString(16).toUpperCase().padStart(2, "0")}`;
}

/**
 * Refuses a marker segment for its length.
 *
 * @param name Its name.
 * @param offset Where its payload begins in the blob.
 * @param length Bytes of its payload.
 * @throws {JpegFault} Always.
 */
export function badLength(name: string, offset: number, length: number): never {
  throw new JpegFault(
    "corrupt",
    `its ${name} segment at byte ${
      offset - 4
    } must have the length that its content says: received ${length + 2}`,
  );
}
