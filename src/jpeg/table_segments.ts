import { JpegFault } from "./fault.ts";
import type { HuffmanClass, HuffmanTable } from "./huffman.ts";
import { badLength } from "./markers.ts";
import { type QuantTable, type SlotClass, standardHuffman, type TableCache } from "./tables.ts";

const SLOTS = 4;
const COUNTS = 16;
const MOST_CODES = 256;
const AC_FLAG = 16;

/** The table slots of a file, as DQT and DHT segments fill them. */
export class TableSlots {
  readonly #cache: TableCache;
  readonly #quant: (QuantTable | undefined)[] = [];
  readonly #huffman: Record<SlotClass, (Uint8Array | undefined)[]> = { dc: [], ac: [] };

  /** @param cache Where tables are kept from one file to the next. */
  constructor(cache: TableCache) {
    this.#cache = cache;
  }

  /**
   * Reads quantisation tables (ITU-T T.81, B.2.4.1).
   *
   * @param payload Payload of a DQT segment.
   * @param offset Where it begins in the blob.
   * @throws {JpegFault} If it is broken.
   */
  dqt(payload: Uint8Array, offset: number): void {
    for (let at = 0; at < payload.length;) {
      const slot = payload[at] & 15;
      const bytes = payload[at] >> 4 ? 128 : 64;
      at++;
      if (slot >= SLOTS) {
        throw new JpegFault(
          "corrupt",
          `its quantisation tables must be numbered 0 to 3: received ${slot} at byte ${offset}`,
        );
      }
      if (at + bytes > payload.length) badLength("DQT", offset, payload.length);
      this.#quant[slot] = this.#cache.quant(payload.subarray(at, at + bytes));
      at += bytes;
    }
  }

  /**
   * Reads Huffman tables (ITU-T T.81, B.2.4.2). They are built when a scan uses them.
   *
   * @param payload Payload of a DHT segment; kept.
   * @param offset Where it begins in the blob.
   * @throws {JpegFault} If it is broken.
   */
  dht(payload: Uint8Array, offset: number): void {
    for (let at = 0; at < payload.length;) {
      const kind = payload[at] & AC_FLAG ? "ac" : "dc";
      const slot = payload[at] & ~AC_FLAG;
      at++;
      let codes = 0;
      for (let i = 0; i < COUNTS; i++) codes += payload[at + i];
      const end = at + COUNTS + codes;
      // Past the end of the payload the sum is not a number.
      if (slot >= SLOTS || !(codes <= MOST_CODES) || end > payload.length) {
        throw new JpegFault(
          "corrupt",
          `its Huffman table at byte ${offset} must be numbered 0 to 3 and have at most ${MOST_CODES} codes inside of its segment`,
        );
      }
      this.#huffman[kind][slot] = payload.subarray(at, end);
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
    if (definition) return this.#cache.huffman(definition, kind);
    const table = standard ? standardHuffman(place, slot) : undefined;
    if (table) return table;
    throw new JpegFault(
      "corrupt",
      `its scan must use Huffman tables that are defined: received ${place.toUpperCase()} table ${slot}`,
    );
  }
}
