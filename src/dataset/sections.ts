import { createHash } from "node:crypto";
import { UsageError } from "../errors.ts";
import { sameBytes } from "./record.ts";

/** A file of named runs of bytes behind a JSON header, with a checksum. */
export interface SectionFile {
  /** What the file says of itself. */
  header: Record<string, unknown>;
  /** Bytes by name. */
  sections: Map<string, Uint8Array<ArrayBuffer>>;
}

const ALIGN = 16;
const PREFIX = 16;
const CHECKSUM = 32;
const VERSION = 1;

/**
 * Puts a file together: 8 bytes that name its kind, the version and the length of the header (both
 * 32 bits, little endian), the header as JSON, the sections, each begun at a multiple of 16 bytes,
 * and the SHA-256 of all that.
 *
 * @param magic Eight letters that name the kind of file.
 * @param file Header and sections.
 * @returns The bytes; the same contents always give the same.
 */
export function packSections(
  magic: string,
  { header, sections }: SectionFile,
): Uint8Array<ArrayBuffer> {
  let at = 0;
  const table = [...sections].map(([name, bytes]) => {
    const entry = { name, offset: at, length: bytes.length };
    at = align(at + bytes.length);
    return entry;
  });
  const json = new TextEncoder().encode(JSON.stringify({ ...header, sections: table }));
  const first = align(PREFIX + json.length);
  const file = new Uint8Array(first + at + CHECKSUM);
  file.set(new TextEncoder().encode(magic));
  const view = new DataView(file.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, json.length, true);
  file.set(json, PREFIX);
  table.forEach(({ name, offset }) => file.set(sections.get(name)!, first + offset));
  file.set(checksum(file), file.length - CHECKSUM);
  return file;
}

/**
 * Takes a file apart.
 *
 * @param name Name of the file, for messages.
 * @param magic Eight letters that name the kind of file.
 * @param file The bytes; the sections are views of them.
 * @returns Header and sections.
 * @throws {UsageError} If the file is of another kind or version, or damaged.
 */
export function unpackSections(
  name: string,
  magic: string,
  file: Uint8Array<ArrayBuffer>,
): SectionFile {
  const refuse = (expected: string, received: string): never => {
    throw new UsageError(`Cannot read ${name} as ${expected}: received ${received}`, {
      option: "path",
    });
  };
  const kind = new TextDecoder("latin1").decode(file.subarray(0, 8));
  if (kind !== magic) refuse(`it must begin with "${magic}"`, JSON.stringify(kind));
  if (file.length < PREFIX + CHECKSUM) refuse("it must be whole", `${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset);
  const version = view.getUint32(8, true);
  if (version !== VERSION) refuse(`its version must be ${VERSION}`, String(version));
  if (!sameBytes(checksum(file), file.subarray(file.length - CHECKSUM))) {
    refuse("its checksum must fit", "a file that is damaged or cut off");
  }
  const length = view.getUint32(12, true);
  const json = new TextDecoder().decode(file.subarray(PREFIX, PREFIX + length));
  const { sections: table, ...header } = JSON.parse(json) as {
    sections: { name: string; offset: number; length: number }[];
  };
  const first = align(PREFIX + length);
  const sections = new Map(
    table.map(({ name, offset, length }) => {
      return [name, file.subarray(first + offset, first + offset + length)];
    }),
  );
  return { header, sections };
}

/**
 * Views the numbers of a section.
 *
 * @param bytes The section.
 * @param type Type of the numbers.
 * @returns A view where the bytes lie well, else a copy.
 */
export function numbers<T>(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  type: {
    new (buffer: ArrayBuffer, offset: number, length: number): T;
    readonly BYTES_PER_ELEMENT: number;
  },
): T {
  const whole = bytes ?? new Uint8Array();
  const lying = whole.byteOffset % type.BYTES_PER_ELEMENT === 0 ? whole : whole.slice();
  return new type(lying.buffer, lying.byteOffset, lying.length / type.BYTES_PER_ELEMENT);
}

/**
 * The bytes of an array of numbers.
 *
 * @param array The numbers.
 * @returns A view of their bytes.
 */
export function bytesOf(
  array: { buffer: ArrayBuffer; byteOffset: number; byteLength: number },
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function checksum(file: Uint8Array): Uint8Array {
  return createHash("sha256").update(file.subarray(0, file.length - CHECKSUM)).digest();
}

function align(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}
