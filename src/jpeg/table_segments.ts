import { JpegFault } from "./fault.ts";
import { type HuffmanClass, type HuffmanTable, MOST_CODES } from "./huffman.ts";
import { badLength } from "./markers.ts";
import { type QuantTable, type SlotClass, standardHuffman, type TableCache } from "./tables.ts";

const SLOTS = 4;
const COUNTS = 16;
const AC_FLAG = 16;

/** Where the definition of a table lies in its file. */
interface Definition {
  readonly from: number;
  readonly to: number;
}

/** The table slots of a file, as DQT and DHT segments fill them. */
export class TableSlots {
  readonly #cache: TableCache;
  readonly #blob: Uint8Array;
  readonly #quant: (QuantTable | undefined)[] = [];
  readonly #huffman: Record<SlotClass, (Definition | undefined)[]> = { dc: [], ac: [] };

  /**
   * @param cache Where tables are kept from one file to the next.
   * @param blob The file.
   */
  constructor(cache: TableCache, blob: Uint8Array) {
    this.#cache = cache;
    this.#blob = blob;
  }

  /**
   * Reads quantisation tables (ITU-T T.81, B.2.4.1).
   *
   * @param offset Where the payload of a DQT segment begins in the blob.
   * @param length Its bytes.
   * @throws {JpegFault} If it is broken.
   */
  dqt(offset: number, length: number): void {
    const blob = this.#blob;
    const to = offset + length;
    for (let at = offset; at < to;) {
      const slot = blob[at] & 15;
      const bytes = blob[at] >> 4 ? 128 : 64;
      at++;
      if (slot >= SLOTS) {
        throw new JpegFault(
          "corrupt",
          `its quantisation tables must be numbered 0 to 3: received ${slot} at byte ${offset}`,
        );
      }
      if (at + bytes > to) badLength("DQT", offset, length);
      this.#quant[slot] = this.#cache.quant(blob, at, at + bytes);
      at += bytes;
    }
  }

  /**
   * Reads Huffman tables (ITU-T T.81, B.2.4.2). They are built when a scan uses them.
   *
   * @param offset Where the payload of a DHT segment begins in the blob.
   * @param length Its bytes.
   * @throws {JpegFault} If it is broken.
   */
  dht(offset: number, length: number): void {
    const blob = this.#blob;
    const to = offset + length;
    for (let at = offset; at < to;) {
      const kind = blob[at] & AC_FLAG ? "ac" : "dc";
      const slot = blob[at] & ~AC_FLAG;
      at++;
      let codes = 0;
      for (let i = at; i < Math.min(at + COUNTS, to); i++) codes += blob[i];
      const end = at + COUNTS + codes;
      if (slot >= SLOTS || codes > MOST_CODES || end > to) {
        throw new JpegFault(
          "corrupt",
          `its Huffman table at byte ${offset} must be numbered 0 to 3 and have at most ${MOST_CODES} codes inside of its segment`,
        );
      }
      this.#huffman[kind][slot] = { from: at, to: end };
      at = end;
    }
  }

  /**
   * The quantisation table in a slot.
   *
   * @param slot Which slot.
   * @returns The table, or undefined if none has come yet.
   */
  quant(slot: number): QuantTable | undefined {
    return this.#quant[slot];
  }

  /**
   * The Huffman table in a slot.
   *
   * @param kind What its symbols are.
   * @param slot Which slot.
   * @param standard Whether the standard table serves where none has come yet.
   * @returns The table.
   * @throws {JpegFault} If there is none, or its codes overflow their lengths.
   */
  huffman(kind: HuffmanClass, slot: number, standard: boolean): HuffmanTable {
    const place = kind === "dc" ? "dc" : "ac";
    const definition = this.#huffman[place][slot];
    if (definition) return this.#cache.huffman(this.#blob, definition.from, definition.to, kind);
    const table = standard ? standardHuffman(place, slot) : undefined;
    if (table) return table;
    throw new JpegFault(
      "corrupt",
      `its scan must use Huffman tables that are defined: received ${place.toUpperCase()} table ${slot}`,
    );
  }
}
