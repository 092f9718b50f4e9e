import { hexToBytes } from "@noble/hashes/utils.js";
import { show } from "./check.ts";
import { UsageError } from "./errors.ts";

/** Bytes of one id: a UUID as in RFC 9562, most significant byte first. */
export const ID_BYTES = 16;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** Value of a digit by its code. */
const DIGIT = Array.from(
  { length: 103 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase()),
);
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/**
 * Writes 16 bytes as a UUID string.
 *
 * @param bytes Bytes that hold the id.
 * @param offset Where the id begins, in bytes.
 * @returns The UUID in lower case, with hyphens.
 * @throws {UsageError} If there are no 16 bytes.
 * @example
 * ```ts
 * import { formatId } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatId(new Uint8Array(16)), "00000000-0000-0000-0000-000000000000");
 * ```
 */
export function formatId(bytes: Uint8Array, offset = 0): string {
  if (!(offset >= 0 && offset + ID_BYTES <= bytes.length)) {
    throw new UsageError(
      `Cannot write an id as it must be ${ID_BYTES} bytes: received ${bytes.length} bytes, from ${offset} on`,
      { option: "ids" },
    );
  }
  let text = "";
  for (let i = 0; i < ID_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += HEX[bytes[offset + i]];
  }
  return text;
}

/**
 * Reads a UUID string.
 *
 * @param text The UUID, with or without hyphens.
 * @returns Its 16 bytes.
 * @throws {UsageError} If the text is not a UUID.
 * @example
 * ```ts
 * import { formatId, parseId } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const id = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
 * assertEquals(formatId(parseId(id)), id);
 * ```
 */
export function parseId(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string" || !UUID.test(text)) {
    throw new UsageError(`Cannot use id as a sample id must be a UUID: received ${show(text)}`, {
      option: "ids",
    });
  }
  return hexToBytes(text.replaceAll("-", ""));
}

/**
 * Reads a UUID string into bytes that are there.
 *
 * @param text The UUID, with or without hyphens.
 * @param bytes Where its 16 bytes go.
 * @throws {UsageError} If the text is not a UUID.
 */
export function readId(text: string, bytes: Uint8Array): void {
  if (text.length === 2 * ID_BYTES) {
    for (let i = 0; i < ID_BYTES; i++) {
      const [high, low] = [DIGIT[text.charCodeAt(2 * i)], DIGIT[text.charCodeAt(2 * i + 1)]];
      if (!(high >= 0 && low >= 0)) parseId(text);
      bytes[i] = high << 4 | low;
    }
  } else bytes.set(parseId(text));
}

/**
 * A list of sample ids in 16 bytes each: 1.3 million of them take 21 MB.
 *
 * @example
 * ```ts
 * import { IdList } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = IdList.from(["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]);
 * assertEquals(ids.length, 1);
 * assertEquals(ids.at(0), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
 * ```
 */
export class IdList implements Iterable<string> {
  /** The ids, 16 bytes each, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;

  /**
   * Wraps ids that lie one after the other.
   *
   * @param bytes The ids, 16 bytes each; kept, not copied.
   * @throws {UsageError} If they are no bytes, or the length is not a multiple of 16.
   */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    if (!(bytes instanceof Uint8Array)) {
      throw new UsageError(
        `Cannot make an IdList as its bytes must be a Uint8Array: received ${show(bytes)}`,
        { option: "ids" },
      );
    }
    if (bytes.length % ID_BYTES !== 0) {
      throw new UsageError(
        `Cannot make an IdList as its length must be a multiple of ${ID_BYTES} bytes: received ${bytes.length}`,
        { option: "ids" },
      );
    }
    this.bytes = bytes;
  }

  /**
   * Makes a list of UUID strings, or hands an `IdList` back.
   *
   * @param ids UUID strings, or a list.
   * @returns The list.
   * @throws {UsageError} If it is no list, or one of its strings is not a UUID.
   */
  static from(ids: IdList | Iterable<string>): IdList {
    if (ids instanceof IdList) return ids;
    // Bytes are iterable, too; those that are ids go into the constructor.
    const isList = typeof ids === "object" && ids !== null && Symbol.iterator in ids &&
      !ArrayBuffer.isView(ids);
    if (!isList) {
      throw new UsageError(
        `Cannot make an IdList as ids must be an IdList or a list of UUID strings: received ${
          show(ids)
        }`,
        { option: "ids" },
      );
    }
    const texts = Array.isArray(ids) ? ids as string[] : [...ids];
    const bytes = new Uint8Array(texts.length * ID_BYTES);
    for (let i = 0; i < texts.length; i++) bytes.set(parseId(texts[i]), i * ID_BYTES);
    return new IdList(bytes);
  }

  /** Number of ids. */
  get length(): number {
    return this.bytes.length / ID_BYTES;
  }

  /**
   * One id as a string.
   *
   * @param index Its place, from 0 to `length - 1`.
   * @returns The UUID.
   * @throws {UsageError} If there is no such place.
   */
  at(index: number): string {
    this.#check(index);
    return formatId(this.bytes, index * ID_BYTES);
  }

  /**
   * Picks ids by their places.
   *
   * @param indices Places in this list, each from 0 to `length - 1`.
   * @returns A new list with those ids, in that order.
   * @throws {UsageError} If there is no such place.
   */
  pick(indices: ArrayLike<number>): IdList {
    const bytes = new Uint8Array(indices.length * ID_BYTES);
    for (let i = 0; i < indices.length; i++) {
      this.#check(indices[i]);
      const from = indices[i] * ID_BYTES;
      bytes.set(this.bytes.subarray(from, from + ID_BYTES), i * ID_BYTES);
    }
    return new IdList(bytes);
  }

  /**
   * Iterates over the ids as UUID strings.
   *
   * @returns The iterator.
   */
  *[Symbol.iterator](): Generator<string> {
    for (let i = 0; i < this.bytes.length; i += ID_BYTES) yield formatId(this.bytes, i);
  }

  #check(index: number): void {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return;
    throw new UsageError(
      `Cannot get an id as its index must be from 0 to ${this.length - 1}: received ${index}`,
      { option: "index" },
    );
  }
}
