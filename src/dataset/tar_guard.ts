import { LimitsError, UnsupportedFormatError } from "../errors.ts";

const BLOCK = 512;
/** Most bytes of an extended header or a long name: paths, times and owners take some hundreds. */
const MOST_META_BYTES = 2 ** 16;
/** Types of entries (POSIX.1-1988, pax, GNU): those that describe the next one, and sparse files. */
const META = new Set(["x", "g", "L", "K"]);
const PAX = new Set(["x", "g"]);
const BODYLESS = new Set(["1", "2", "3", "4", "5", "6"]);

/**
 * Looks at the headers of a tar file before they are parsed: the parser takes extended headers of
 * megabytes, in time that grows with their square, and sparse files for whole ones.
 */
export class TarGuard {
  /** Numbers of the entries that are sparse files, from 1 on; who has seen one takes it out. */
  readonly sparse: Set<number> = new Set();
  #entries = 0;
  /** What has come of a header, or of a description of the next entry. */
  #held = new Uint8Array(BLOCK);
  #filled = 0;
  /** Bytes of a body that are passed. */
  #passing = 0;
  /** Bytes of a description that are looked at, and whether it is a pax header. */
  #meta: { size: number; isPax: boolean } | undefined;
  #nextSize: number | undefined;
  #nextIsSparse = false;
  #zeros = 0;

  /**
   * Makes the stream that looks.
   *
   * @returns A stream that hands on what it gets, and fails at a header that is not taken.
   */
  stream(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
    return new TransformStream({
      transform: (chunk, controller) => {
        this.#look(chunk);
        controller.enqueue(chunk);
      },
    });
  }

  #look(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#zeros < 2;) {
      if (this.#passing > 0) {
        const passed = Math.min(this.#passing, chunk.length - at);
        this.#passing -= passed;
        at += passed;
        continue;
      }
      const wanted = this.#meta ? padded(this.#meta.size) : BLOCK;
      if (this.#held.length < wanted) this.#held = new Uint8Array(padded(MOST_META_BYTES));
      const taken = chunk.subarray(at, at + wanted - this.#filled);
      this.#held.set(taken, this.#filled);
      this.#filled += taken.length;
      at += taken.length;
      if (this.#filled < wanted) return;
      this.#filled = 0;
      if (this.#meta) this.#endMeta(this.#meta);
      else this.#header(this.#held.subarray(0, BLOCK));
    }
  }

  #header(block: Uint8Array): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeros++;
      return;
    }
    this.#zeros = 0;
    const type = String.fromCharCode(block[156] || 48);
    const size = sizeOf(block);
    if (META.has(type)) {
      if (size > MOST_META_BYTES) {
        throw new LimitsError(
          `Cannot read a tar file as an extended header must have at most ${MOST_META_BYTES} bytes: received ${size}`,
        );
      }
      if (size > 0) this.#meta = { size, isPax: PAX.has(type) };
      return;
    }
    this.#entries++;
    if (type === "S" || this.#nextIsSparse) this.sparse.add(this.#entries);
    this.#passing = BODYLESS.has(type) ? 0 : padded(this.#nextSize ?? size);
    this.#nextSize = undefined;
    this.#nextIsSparse = false;
  }

  #endMeta({ size, isPax }: { size: number; isPax: boolean }): void {
    this.#meta = undefined;
    if (!isPax) return;
    const text = this.#held.subarray(0, size);
    for (let at = 0; at < size;) {
      const space = text.indexOf(32, at);
      const digits = new TextDecoder().decode(text.subarray(at, Math.min(space, at + 8)));
      const end = at + Number(digits);
      if (
        space < 0 || !/^\d+$/.test(digits) || end > size || end <= space || text[end - 1] !== 10
      ) {
        throw new UnsupportedFormatError(
          "Cannot read a tar file as an extended header must be records of length, key and value: received something else",
        );
      }
      const [key, ...value] = new TextDecoder().decode(text.subarray(space + 1, end - 1)).split(
        "=",
      );
      if (key === "size") this.#nextSize = Number(value.join("="));
      if (key.startsWith("GNU.sparse.")) this.#nextIsSparse = true;
      at = end;
    }
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Octal digits, or a number of base 256 where the first bit is set. */
function sizeOf(block: Uint8Array): number {
  const field = block.subarray(124, 136);
  if (field[0] & 0x80) {
    return field.subarray(1).reduce((size, byte) => size * 256 + byte, field[0] & 0x7f);
  }
  const digits = new TextDecoder().decode(field).replace(/\0.*$/s, "").replaceAll(" ", "");
  return digits === "" ? 0 : parseInt(digits, 8);
}
