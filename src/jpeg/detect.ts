import { bytesToHex } from "@noble/hashes/utils.js";

const FORMATS: readonly (readonly [name: string, offset: number, magic: string])[] = [
  ["a PNG file", 0, "\x89PNG\r\n\x1a\n"],
  ["a GIF file", 0, "GIF87a"],
  ["a GIF file", 0, "GIF89a"],
  ["a WebP file", 8, "WEBP"],
  ["a BMP file", 0, "BM"],
  ["a TIFF file", 0, "II*\0"],
  ["a TIFF file", 0, "MM\0*"],
  ["an AVIF or HEIF file", 4, "ftyp"],
  ["a JPEG 2000 file", 0, "\0\0\0\x0cjP  "],
  ["a JPEG 2000 code stream", 0, "\xff\x4f\xff\x51"],
  ["a JPEG XL file", 0, "\0\0\0\x0cJXL "],
  ["a JPEG XL code stream", 0, "\xff\x0a"],
  ["a PDF file", 0, "%PDF-"],
  ["a NumPy array", 0, "\x93NUMPY"],
  ["a gzip file", 0, "\x1f\x8b"],
  ["a ZIP file", 0, "PK\x03\x04"],
];

/** Bytes looked at to tell text. */
const TEXT_BYTES = 64;
/** Characters of it that a message shows. */
const TEXT_SHOWN = 24;

/**
 * Says what a blob that is not a JPEG file is.
 *
 * @param blob The blob; not empty.
 * @returns Words for a message, such as `a PNG file`.
 */
export function describeFormat(blob: Uint8Array): string {
  for (const [name, offset, magic] of FORMATS) {
    if (blob.length < offset + magic.length) continue;
    let same = true;
    for (let i = 0; i < magic.length && same; i++) {
      same = blob[offset + i] === magic.charCodeAt(i);
    }
    if (same) return name;
  }
  const line = firstLine(blob);
  if (line !== undefined) return `text (${JSON.stringify(line)})`;
  const hex = bytesToHex(blob.subarray(0, 8)).replace(/../g, " $&");
  return `${blob.length} bytes that begin with${hex}`;
}

/** The beginning of a blob's first line, if the blob begins with text in UTF-8. */
function firstLine(blob: Uint8Array): string | undefined {
  const start = blob.subarray(0, TEXT_BYTES);
  if (start.some((byte) => byte < 0x20 && (byte < 0x09 || byte > 0x0d) || byte === 0x7f)) {
    return undefined;
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(start, {
      stream: blob.length > TEXT_BYTES,
    });
    return text.split(/[\r\n]/)[0].slice(0, TEXT_SHOWN);
  } catch {
    return undefined;
  }
}
