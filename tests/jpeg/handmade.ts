/** JPEG files put together from the parts of others, for what `cjpeg` cannot write. */
import { type Picture, withSegment } from "./support.ts";

/** A marker segment, with the entropy-coded data after it if it is SOS. */
export interface Piece {
  /** Code of the marker. */
  code: number;
  /** All its bytes, from 0xFF on. */
  bytes: Uint8Array;
}

/** Takes a file apart behind its SOI. */
export function pieces(file: Uint8Array): Piece[] {
  const found: Piece[] = [];
  for (let at = 2; at < file.length;) {
    const code = file[at + 1];
    let end = code === 0xd9 ? at + 2 : at + 2 + (file[at + 2] << 8 | file[at + 3]);
    if (code === 0xda) {
      while (file[end] !== 0xff || file[end + 1] === 0 || (file[end + 1] & 0xf8) === 0xd0) end++;
    }
    found.push({ code, bytes: file.subarray(at, end) });
    at = end;
  }
  return found;
}

/** Puts bytes together. */
export function join(...parts: ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** A file of some pieces, between SOI and EOI. */
export function assemble(parts: readonly (Piece | ArrayLike<number>)[]): Uint8Array<ArrayBuffer> {
  return join(
    [0xff, 0xd8],
    ...parts.map((part) => "bytes" in part ? part.bytes : part),
    [0xff, 0xd9],
  );
}

/** A marker segment. */
export function segment(code: number, payload: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const length = payload.length + 2;
  return join([0xff, code, length >> 8, length & 255], payload);
}

/** An Adobe marker. */
export function adobe(transform: number): Uint8Array<ArrayBuffer> {
  return segment(0xee, [0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform]);
}

/** A file with an EXIF segment that holds an orientation. */
export function oriented(file: Uint8Array, orientation: number): Uint8Array<ArrayBuffer> {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8];
  const entry = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  const exif = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff, 0, 1, ...entry, 0, 0, 0, 0];
  return withSegment(file, 0xe1, Uint8Array.from(exif));
}

/** One component: its sampling factors, and a grey file that codes it. */
export interface Part {
  h: number;
  v: number;
  file: Uint8Array;
}

/**
 * Makes grey files the components of one file, a scan of its own each.
 *
 * @param width Columns of the picture.
 * @param height Rows of the picture.
 * @param parts Its components; the first gives the kind of frame.
 * @param before Segments that go first.
 */
export function fromGrey(
  width: number,
  height: number,
  parts: readonly Part[],
  before: readonly ArrayLike<number>[] = [],
): Uint8Array<ArrayBuffer> {
  const taken = parts.map(({ file }) => pieces(file));
  const frame = taken[0].find(({ code }) => code >= 0xc0 && code <= 0xc2)!;
  const header = segment(frame.code, [
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    parts.length,
    ...parts.flatMap(({ h, v }, i) => [i + 1, h << 4 | v, i]),
  ]);
  const quants = taken.map((list, i) => {
    const bytes = list.find(({ code }) => code === 0xdb)!.bytes.slice();
    bytes[4] = bytes[4] & 0xf0 | i;
    return bytes;
  });
  const scans = taken.flatMap((list, i) =>
    list.filter(({ code }) => code === 0xc4 || code === 0xda || code === 0xdd).map(
      ({ code, bytes }) => {
        const copy = bytes.slice();
        if (code === 0xda) copy[5] = i + 1;
        return copy;
      },
    )
  );
  return assemble([...before, ...quants, header, ...scans]);
}

/** The samples of a component whose picture is drawn at full size: every h-th column, v-th row. */
export function sizeOf(
  width: number,
  height: number,
  { h, v }: { h: number; v: number },
  most: { h: number; v: number },
): Pick<Picture, "width" | "height"> {
  return { width: Math.ceil(width * h / most.h), height: Math.ceil(height * v / most.v) };
}
