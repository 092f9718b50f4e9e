import { hexToBytes } from "@noble/hashes/utils.js";
import { buildHuffman, type HuffmanClass, type HuffmanTable } from "./huffman.ts";
import { JpegFault } from "./fault.ts";

/** Tables kept for later blobs; beyond it the cache starts afresh. */
const MOST_TABLES = 4096;
/** Tables of one hash; beyond it the older ones go. */
const MOST_ALIKE = 16;
const COUNTS = 16;
/** Every so many of the bytes after the counts are hashed. */
const HASH_STEP = 8;

/** ITU-T T.81, tables K.3 to K.6, as DHT payloads without class and number: DC 0, DC 1, AC 0, AC 1. */
const STANDARD = {
  dc: [
    "00010501010101010100000000000000000102030405060708090a0b",
    "00030101010101010101010000000000000102030405060708090a0b",
  ],
  ac: [
    "0002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c11552" +
    "d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465" +
    "666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8" +
    "b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
    "00020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c1092333" +
    "52f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a6364" +
    "65666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6" +
    "b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
  ],
} as const;

/** The slots that a DHT segment names: those for DC and those for AC. */
export type SlotClass = "dc" | "ac";

const standard: Record<SlotClass, (HuffmanTable | undefined)[]> = { dc: [], ac: [] };

/**
 * The standard table that motion JPEG frames leave out (ITU-T T.81, K.3.3).
 *
 * @param kind DC or AC.
 * @param slot 0 for luminance, 1 for chrominance; there are no others.
 * @returns The table, or undefined for another slot.
 */
export function standardHuffman(kind: SlotClass, slot: number): HuffmanTable | undefined {
  const hex = STANDARD[kind][slot];
  if (hex === undefined) return undefined;
  return standard[kind][slot] ??= makeHuffman(hexToBytes(hex), kind);
}

/** A quantisation table in zigzag order, shared by all blobs with the same content. */
export interface QuantTable {
  /** Number of this table, unique while the program runs. */
  readonly key: number;
  /** 64 divisors in zigzag order. */
  readonly values: Uint16Array<ArrayBuffer>;
}

/** Tables by the bytes that define them. */
class ByContent<Table> {
  readonly #tables = new Map<number, { definition: Uint8Array; table: Table }[]>();
  #size = 0;

  /** The table of a definition, which is a range of some bytes; made if there is none yet. */
  get(bytes: Uint8Array, from: number, to: number, make: (definition: Uint8Array) => Table): Table {
    const hash = hashOf(bytes, from, to);
    const alike = this.#tables.get(hash);
    for (let i = 0; alike && i < alike.length; i++) {
      if (same(alike[i].definition, bytes, from, to)) return alike[i].table;
    }
    const definition = bytes.slice(from, to);
    const table = make(definition);
    if (this.#size++ >= MOST_TABLES) {
      this.#tables.clear();
      this.#size = 1;
    }
    const entry = { definition, table };
    if (alike && this.#size > 1 && alike.length < MOST_ALIKE) alike.push(entry);
    else this.#tables.set(hash, [entry]);
    return table;
  }
}

/** Builds each different table once, as most files share the standard ones. */
export class TableCache {
  readonly #huffman: Partial<Record<HuffmanClass, ByContent<HuffmanTable>>> = {};
  readonly #quant = new ByContent<QuantTable>();
  #quantsMade = 0;

  /**
   * The lookup table for one table of a DHT segment.
   *
   * @param bytes What its definition lies in: 16 counts, then the symbols.
   * @param from Where it begins.
   * @param to Where it ends.
   * @param kind What its symbols are.
   * @returns The table.
   * @throws {JpegFault} If the codes overflow their lengths.
   */
  huffman(bytes: Uint8Array, from: number, to: number, kind: HuffmanClass): HuffmanTable {
    const tables = this.#huffman[kind] ??= new ByContent();
    return tables.get(bytes, from, to, (definition) => makeHuffman(definition, kind));
  }

  /**
   * One table of a DQT segment.
   *
   * @param bytes What its definition lies in: 64 divisors in zigzag order, of 1 or 2 bytes each.
   * @param from Where it begins.
   * @param to Where it ends.
   * @returns The table.
   */
  quant(bytes: Uint8Array, from: number, to: number): QuantTable {
    return this.#quant.get(bytes, from, to, (definition) => {
      const wide = definition.length > 64;
      const values = Uint16Array.from(
        { length: 64 },
        (_, i) => wide ? definition[2 * i] << 8 | definition[2 * i + 1] : definition[i],
      );
      return { key: this.#quantsMade++, values };
    });
  }
}

function makeHuffman(definition: Uint8Array, kind: HuffmanClass): HuffmanTable {
  if (definition.length < COUNTS) {
    throw new JpegFault(
      "corrupt",
      `its Huffman table must have ${COUNTS} counts: received ${definition.length}`,
    );
  }
  return buildHuffman(definition.subarray(0, COUNTS), definition.subarray(COUNTS), kind);
}

/** FNV-1a in 32 bits, of the length and some of the bytes: who finds an entry compares all of them. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from);
  for (let i = from; i < to; i += i < from + COUNTS ? 1 : HASH_STEP) {
    hash = Math.imul(hash ^ bytes[i], 0x01000193);
  }
  return hash;
}

function same(definition: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (definition.length !== to - from) return false;
  for (let i = from; i < to; i++) if (definition[i - from] !== bytes[i]) return false;
  return true;
}
