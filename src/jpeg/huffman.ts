import { JpegFault } from "./fault.ts";

/** Bits that the first part of a lookup table is indexed by. */
export const LOOKUP_BITS = 9;
/** Entries of the first part. */
const LOOKUP_ENTRIES: number = 1 << LOOKUP_BITS;

const MAX_CODE_BITS = 16;
const MOST_TAIL_BITS = MAX_CODE_BITS - LOOKUP_BITS;
/** Most codes of one table. */
export const MOST_CODES = 256;
/** Bits that libjpeg-turbo reads until it knows that a code is not assigned. */
const BAD_CODE_BITS = 17;
const CODE_SHIFT = 5;
const SIZE_SHIFT = 10;
const STEP_SHIFT = 15;
const END_OF_BLOCK = 64;
const BAD = 0x4000_0000;
const LONG = 0x8000_0000;
/** Where an entry for longer codes has the shift of a window, after its first bits, to its tail's. */
const TAIL_SHIFT = 20;
const WORD_BITS = 32;

/** What the symbols of a Huffman table are: DC sizes; AC runs and sizes; the same with runs of blocks. */
export type HuffmanClass = "dc" | "ac" | "ac runs";

/**
 * A Huffman table as the GPU reads it.
 *
 * An entry packs, from bit 0: bits of code and value together (5), bits of the code (5), bits of the
 * value (5), steps in zigzag order (7; 64 ends the block); bit 30 marks a code that is not assigned. Where
 * runs of ended blocks are coded (progressive AC scans), the value of an entry that ends the block is
 * what the run's length has beyond its leading bit. The first 512
 * entries are indexed by the next 9 bits; one with bit 31 stands for longer codes and holds where
 * their entries begin, from bit 0, and from bit 20 by how much 32 bits that come after those are shifted
 * to index them: by 31 where the longest of these codes has a bit more, by 25 where it has 7.
 *
 * A table of any content has 7 KB at most: codes of a length follow one another, so that only where
 * the length changes has an entry for longer codes more room behind it than codes.
 */
export interface HuffmanTable {
  /** Number of this table, unique while the program runs. */
  readonly key: number;
  /** The entries. */
  readonly lookup: Uint32Array<ArrayBuffer>;
  /** Fewest bits that one symbol takes, with its value. */
  readonly minBits: number;
}

let tablesMade = 0;

/** Entries while they are made: one for each code, and a whole tail at each change of length. */
const entries = new Uint32Array(
  LOOKUP_ENTRIES + MOST_CODES + (MOST_TAIL_BITS + 1 << MOST_TAIL_BITS),
);
/** Bits of the longest code behind each of the first entries. */
const longest = new Uint8Array(LOOKUP_ENTRIES);

/**
 * Builds the lookup table of a Huffman table (ITU-T T.81, C.2 and F.2.2.3).
 *
 * @param counts How many codes there are of 1 to 16 bits; together {@linkcode MOST_CODES} at most.
 * @param symbols The symbols in the order of their codes.
 * @param kind What the symbols are.
 * @returns The table.
 * @throws {JpegFault} If the codes overflow their lengths, or a DC size is above 15.
 */
export function buildHuffman(
  counts: ArrayLike<number>,
  symbols: ArrayLike<number>,
  kind: HuffmanClass,
): HuffmanTable {
  const dc = kind === "dc";
  const bad = BAD | BAD_CODE_BITS | (BAD_CODE_BITS << CODE_SHIFT) |
    ((dc ? 1 : END_OF_BLOCK) << STEP_SHIFT);
  entries.fill(bad, 0, LOOKUP_ENTRIES);
  measureTails(counts);
  let length = LOOKUP_ENTRIES;
  let minBits = MAX_CODE_BITS;
  let code = 0;
  let next = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    for (let i = 0; i < counts[bits - 1]; i++, code++, next++) {
      const symbol = symbols[next];
      const run = symbol >> 4;
      const endsRun = kind === "ac runs" && (symbol & 15) === 0 && run < 15;
      const size = dc ? symbol : endsRun ? run : symbol & 15;
      if (size > 15) {
        throw new JpegFault(
          "corrupt",
          `its DC Huffman table must have sizes up to 15: received ${size}`,
        );
      }
      const step = dc
        ? 1
        : endsRun
        ? END_OF_BLOCK
        : size > 0 || run === 15
        ? run + 1
        : END_OF_BLOCK;
      const entry = (bits + size) | (bits << CODE_SHIFT) | (size << SIZE_SHIFT) |
        (step << STEP_SHIFT);
      minBits = Math.min(minBits, bits + size);
      if (bits <= LOOKUP_BITS) {
        const first = code << (LOOKUP_BITS - bits);
        const end = first + (1 << (LOOKUP_BITS - bits));
        // A loop, as most ranges are short.
        for (let at = first; at < end; at++) entries[at] = entry;
      } else {
        const prefix = code >> (bits - LOOKUP_BITS);
        if (prefix >= LOOKUP_ENTRIES) break;
        if (entries[prefix] < LONG) {
          const tail = longest[prefix] - LOOKUP_BITS;
          entries[prefix] = LONG + ((WORD_BITS - tail) << TAIL_SHIFT) + length;
          entries.fill(bad, length, length += 1 << tail);
        }
        const rest = code & ((1 << (bits - LOOKUP_BITS)) - 1);
        const begin = entries[prefix] & ((1 << TAIL_SHIFT) - 1);
        const first = begin + (rest << (longest[prefix] - bits));
        const end = first + (1 << (longest[prefix] - bits));
        for (let at = first; at < end; at++) entries[at] = entry;
      }
    }
    if (code >= 2 ** bits && counts[bits - 1] > 0) {
      throw new JpegFault(
        "corrupt",
        `its Huffman table must have codes that fit their length: received ${
          counts[bits - 1]
        } codes of ${bits} bits`,
      );
    }
    code *= 2;
  }
  return { key: tablesMade++, lookup: entries.slice(0, length), minBits };
}

/** Finds the longest code behind each of the first entries that stands for longer ones. */
function measureTails(counts: ArrayLike<number>): void {
  for (let bits = 1, code = 0; bits <= MAX_CODE_BITS; bits++, code *= 2) {
    const after = code + counts[bits - 1];
    if (bits > LOOKUP_BITS && after > code) {
      const shift = bits - LOOKUP_BITS;
      longest.fill(bits, code >> shift, (after - 1 >> shift) + 1);
    }
    code = after;
  }
}
