/** What offsets of bindings are multiples of, in bytes: the strictest that a device may ask for. */
export const REGION_BYTES = 256;
const REGION_WORDS = REGION_BYTES / 4;

/** Bytes of a uniform binding: what every device allows, and what the shaders declare. */
export const UNIFORM_BYTES = 65536;

/** A range of {@linkcode Words}, as a buffer binding wants it. */
export interface Region {
  /** Where it begins, in bytes; a multiple of 256. */
  offset: number;
  /** Its size in bytes; never 0. */
  size: number;
}

/** Growing memory for the records that a batch uploads, used again by the next batch. */
export class Words {
  /** The memory; grows, so take it anew after each `region`. */
  data: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 14);
  /** Words used. */
  length = 0;

  /** Forgets all content, keeping the memory. */
  reset(): void {
    this.length = 0;
  }

  /**
   * Appends a region of zeros.
   *
   * @param words Its size in words.
   * @returns Where it lies.
   */
  region(words: number): Region {
    const begin = Math.ceil(this.length / REGION_WORDS) * REGION_WORDS;
    const size = Math.max(words, 4);
    const end = begin + size;
    if (end > this.data.length) {
      const larger = new Uint32Array(Math.ceil(Math.max(end, this.data.length * 1.5)));
      larger.set(this.data.subarray(0, this.length));
      this.data = larger;
    }
    this.data.fill(0, this.length, end);
    this.length = end;
    return { offset: begin * 4, size: size * 4 };
  }

  /**
   * Appends a region of zeros for a uniform binding, whose size is fixed.
   *
   * @param words Words that are used of it.
   * @returns Where it lies; its size may reach beyond the words that are used.
   */
  uniform(words: number): Region {
    return { offset: this.region(words).offset, size: UNIFORM_BYTES };
  }
}
