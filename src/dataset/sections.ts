import { createHash } from "node:crypto";
import { UsageError } from "../errors.ts";
import { placeFile, type WriteFileOptions } from "./place_file.ts";
import { sameBytes } from "./record.ts";

/** Bytes that are made as they are written. */
export interface StreamedSection {
  /** How many bytes they are. */
  length: number;
  /** The bytes, in pieces, each of which may be used again for the next one. */
  pieces: Iterable<Uint8Array>;
}

/** A file of named runs of bytes behind a JSON header, with a checksum. */
export interface SectionFile<T = Uint8Array<ArrayBuffer>> {
  /** What the file says of itself. */
  header: Record<string, unknown>;
  /** Bytes by name. */
  sections: Map<string, T>;
}

const ALIGN = 16;
const PREFIX = 16;
const CHECKSUM = 32;
const VERSION = 1;
/** Bytes that are hashed and written at once. */
const PIECE = 1 << 20;

/**
 * Writes a file: 8 bytes that name its kind, the version and the length of the header (both 32
 * bits, little endian), the header as JSON, the sections, each begun at a multiple of 16 bytes, and
 * the SHA-256 of all that. The same contents always give the same bytes, and who reads meanwhile
 * sees the old file or the new one.
 *
 * @param path Path of the file.
 * @param magic Eight letters that name the kind of file.
 * @param file Header and sections.
 * @param options Whether a file that is there is replaced.
 * @returns Once the file is there; it is whole or not there.
 * @throws {UsageError} If it cannot be written, or is there already and is not to be replaced.
 */
export async function writeSections(
  path: string,
  magic: string,
  { header, sections }: SectionFile<Uint8Array<ArrayBuffer> | StreamedSection>,
  options: WriteFileOptions = {},
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.new`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true });
    const hash = createHash("sha256");
    let written = 0;
    const write = async (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        hash.update(piece);
        await writeAll(file, piece);
        written += piece.length;
      }
    };
    const fill = () => write(new Uint8Array(align(written) - written));
    let at = 0;
    const table = [...sections].map(([name, { length }]) => {
      const entry = { name, offset: at, length };
      at = align(at + length);
      return entry;
    });
    const json = new TextEncoder().encode(JSON.stringify({ ...header, sections: table }));
    const prefix = new Uint8Array(PREFIX);
    prefix.set(new TextEncoder().encode(magic));
    const view = new DataView(prefix.buffer);
    view.setUint32(8, VERSION, true);
    view.setUint32(12, json.length, true);
    await write(prefix);
    await write(json);
    await fill();
    for (const section of sections.values()) {
      if (section instanceof Uint8Array) await write(section);
      else for (const piece of section.pieces) await write(piece);
      await fill();
    }
    await writeAll(file, hash.digest());
    await placeFile(temporary, path, options);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw cause instanceof UsageError ? cause : cannotWrite(path, cause);
  }
}

/**
 * Makes the error of a file that cannot be written.
 *
 * @param path Path of the file.
 * @param cause Why.
 * @returns The error.
 */
export function cannotWrite(path: string, cause: unknown): UsageError {
  return new UsageError(
    `Cannot write ${path} as its folder must be there and have room: received ${
      (cause as Error).message
    }`,
    { option: "path", cause },
  );
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
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
  const body = file.subarray(0, file.length - CHECKSUM);
  const checksum = createHash("sha256").update(body).digest();
  if (!sameBytes(checksum, file.subarray(body.length))) {
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

function align(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}
