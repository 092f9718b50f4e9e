import { crc32 } from "node:zlib";

/**
 * Makes a zip file whose entries are not compressed.
 *
 * @param entries Contents by name.
 * @returns The file.
 */
export function zip(entries: Record<string, string>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(entries)) {
    const [path, data] = [encoder.encode(name), encoder.encode(text)];
    // Version, flags, method, time, date, checksum, both sizes, lengths of the name and of extras.
    const fields = new Uint8Array(26);
    const view = new DataView(fields.buffer);
    view.setUint16(0, 20, true);
    view.setUint16(8, 0x21, true);
    view.setUint32(10, crc32(data), true);
    view.setUint32(14, data.length, true);
    view.setUint32(18, data.length, true);
    view.setUint16(22, path.length, true);
    const header = concat([signature(0x04034b50), fields, path, data]);
    const rest = new Uint8Array(14);
    new DataView(rest.buffer).setUint32(10, offset, true);
    directory.push(concat([signature(0x02014b50), Uint8Array.of(20, 0), fields, rest, path]));
    parts.push(header);
    offset += header.length;
  }
  const index = concat(directory);
  const end = new Uint8Array(18);
  const view = new DataView(end.buffer);
  view.setUint16(4, parts.length, true);
  view.setUint16(6, parts.length, true);
  view.setUint32(8, index.length, true);
  view.setUint32(12, offset, true);
  return concat([...parts, index, signature(0x06054b50), end]);
}

function signature(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
