import { exifOrientation, type Orientation } from "./exif.ts";
import { describeFormat } from "./detect.ts";
import { JpegFault } from "./fault.ts";
import type { ColourModel, JpegComponent, JpegFrame, JpegScan, Process } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { BLOB_WORDS, type LexedBlobs, LexEnd, MARKER_WORDS, SEGMENT_WORDS } from "./lex.ts";
import * as M from "./markers.ts";
import { type HuffmanClass, type QuantTable, standardHuffman, type TableCache } from "./tables.ts";

/** Most blocks that one MCU may have (ITU-T T.81, B.2.3). */
const MOST_BLOCKS_PER_MCU = 10;
const MOST_SLOTS = 4;
const RESTARTS = 8;

/** What the parser needs beside the blob. */
export interface ParseOptions {
  /** Most pixels that a header may ask for. */
  maxPixels: number;
  /** Where tables are kept. */
  tables: TableCache;
}

/**
 * Reads what the markers of a lexed blob say.
 *
 * @param lexed Lexed blobs.
 * @param index Which of them.
 * @param blob The blob itself.
 * @param options Limits and the table cache.
 * @returns The frame.
 * @throws {JpegFault} If the blob is not a JPEG file, is broken, too large, or of a kind that is not
 * supported.
 */
export function parseJpeg(
  lexed: LexedBlobs,
  index: number,
  blob: Uint8Array,
  options: ParseOptions,
): JpegFrame {
  return new Parser(lexed, index, blob, options).run();
}

class Parser {
  readonly #lexed: LexedBlobs;
  readonly #blob: Uint8Array;
  readonly #options: ParseOptions;
  readonly #record: number;
  readonly #quant: (QuantTable | undefined)[] = [];
  readonly #huffman: Record<HuffmanClass, (Uint8Array | undefined)[]> = { dc: [], ac: [] };
  readonly #scans: JpegScan[] = [];
  readonly #warnings: string[] = [];
  #segment: number;
  #restartInterval = 0;
  #orientation: Orientation = 1;
  #jfif = false;
  #adobe = -1;
  #process: Process = "baseline";
  #width = 0;
  #height = 0;
  #hMax = 1;
  #vMax = 1;
  #components: JpegComponent[] = [];

  constructor(lexed: LexedBlobs, index: number, blob: Uint8Array, options: ParseOptions) {
    this.#lexed = lexed;
    this.#blob = blob;
    this.#options = options;
    this.#record = index * BLOB_WORDS;
    this.#segment = lexed.blobs[this.#record + 2];
  }

  run(): JpegFrame {
    const { markers, blobs } = this.#lexed;
    const first = blobs[this.#record];
    const count = blobs[this.#record + 1];
    const end = blobs[this.#record + 4];
    const endsAt = blobs[this.#record + 5];
    if (this.#blob.length === 0) throw new JpegFault("corrupt", "its blob must not be empty");
    if (end === LexEnd.noSoi) {
      throw new JpegFault(
        "format",
        `its blob must be a JPEG file: received ${describeFormat(this.#blob)}`,
      );
    }
    for (let i = 0; i < count; i++) {
      const record = (first + i) * MARKER_WORDS;
      if (end === LexEnd.cut && i === count - 1 && endsAt + 4 === markers[record + 1]) {
        break;
      }
      this.#marker(markers[record], markers[record + 1], markers[record + 2]);
    }
    if (end === LexEnd.cut || end === LexEnd.length) {
      throw new JpegFault(
        "corrupt",
        end === LexEnd.cut
          ? `its marker segment at byte ${endsAt} must lie inside of the blob: it goes on after its end`
          : `its marker segment at byte ${endsAt} must have a length of at least 2`,
      );
    }
    return this.#frame(end);
  }

  #frame(end: number): JpegFrame {
    if (this.#components.length === 0) {
      throw new JpegFault("corrupt", "it must have a frame header (SOF): received none");
    }
    if (this.#scans.length === 0) {
      throw new JpegFault("corrupt", "it must have a scan (SOS): received none");
    }
    if (end === LexEnd.data) this.#warnings.push("it has no EOI marker at its end");
    for (const component of this.#components) {
      component.quant ??= this.#quant[component.quantSlot];
      if (!component.quant) this.#noQuant(component);
    }
    return {
      width: this.#width,
      height: this.#height,
      process: this.#process,
      components: this.#components,
      hMax: this.#hMax,
      vMax: this.#vMax,
      colour: this.#colour(),
      orientation: this.#orientation,
      scans: this.#scans,
      warnings: this.#warnings,
    };
  }

  #marker(code: number, offset: number, length: number): void {
    if (code >= M.RST0 && code <= M.RST7 || code === M.TEM || code === M.EOI) return;
    const payload = this.#blob.subarray(offset, offset + length);
    if (code === M.DQT) this.#dqt(payload, offset);
    else if (code === M.DHT) this.#dht(payload, offset);
    else if (code === M.SOS) this.#sos(payload, offset);
    else if (code === M.DRI) {
      if (length !== 2) this.#badLength("DRI", offset, length);
      this.#restartInterval = payload[0] << 8 | payload[1];
    } else if (M.beginsFrame(code)) this.#sof(code, payload, offset);
    else if (code === M.APP0) this.#jfif ||= length >= 14 && starts(payload, "JFIF\0");
    else if (code === M.APP1) this.#orientation = exifOrientation(payload) ?? this.#orientation;
    else if (code === M.APP14) {
      if (length >= 12 && starts(payload, "Adobe")) this.#adobe = payload[11];
    } else if (code === M.SOI) {
      throw new JpegFault("corrupt", `it must have one SOI marker: received a second at ${offset}`);
    } else if (code === M.DNL) {
      throw new JpegFault("unsupported", "it has a DNL marker (height after the first scan)");
    } else if (code < M.APP0 && code !== M.DAC) {
      throw new JpegFault(
        "corrupt",
        `its markers must be known: received 0xFF${hex(code)} at byte ${offset - 4}`,
      );
    }
  }

  #sof(code: number, payload: Uint8Array, offset: number): void {
    const feature = M.UNSUPPORTED_FRAMES[code];
    if (feature) throw new JpegFault("unsupported", `its coding is ${feature}`);
    if (this.#components.length > 0) {
      throw new JpegFault(
        "corrupt",
        `it must have one frame header: received a second at ${offset}`,
      );
    }
    if (payload.length < 6 || payload.length !== 6 + 3 * payload[5]) {
      this.#badLength("SOF", offset, payload.length);
    }
    const precision = payload[0];
    if (precision !== 8) {
      throw precision === 12
        ? new JpegFault("unsupported", "its samples have 12 bits")
        : new JpegFault("corrupt", `its samples must have 8 bits: received ${precision}`);
    }
    this.#process = code === M.SOF0 ? "baseline" : "extended sequential";
    this.#height = payload[1] << 8 | payload[2];
    this.#width = payload[3] << 8 | payload[4];
    const count = payload[5];
    if (this.#height === 0 && this.#width > 0) {
      throw new JpegFault("unsupported", "its height is left to a DNL marker");
    }
    if (this.#width === 0 || count === 0) {
      throw new JpegFault(
        "corrupt",
        `its frame must have a width and components: received ${this.#width}×${this.#height}, ${count} components`,
      );
    }
    if (this.#width * this.#height > this.#options.maxPixels) {
      throw new JpegFault(
        "limits",
        `its width × height must be at most maxPixels = ${this.#options.maxPixels}: received ${this.#width}×${this.#height}`,
      );
    }
    if (count === 4) throw new JpegFault("unsupported", "it has 4 components (CMYK or YCCK)");
    if (count !== 1 && count !== 3) {
      throw new JpegFault("unsupported", `it has ${count} components (1 or 3 are supported)`);
    }
    for (let i = 0; i < count; i++) this.#components.push(component(payload.subarray(6 + 3 * i)));
    this.#measure();
  }

  #measure(): void {
    const components = this.#components;
    this.#hMax = Math.max(...components.map((c) => c.h));
    this.#vMax = Math.max(...components.map((c) => c.v));
    for (const c of components) {
      if (this.#hMax % c.h !== 0 || this.#vMax % c.v !== 0) {
        throw new JpegFault(
          "unsupported",
          `its component ${c.id} has a fractional sampling ratio (${c.h}×${c.v} of ${this.#hMax}×${this.#vMax})`,
        );
      }
      c.width = Math.ceil(this.#width * c.h / this.#hMax);
      c.height = Math.ceil(this.#height * c.v / this.#vMax);
      c.blocksWide = Math.ceil(c.width / 8);
      c.blocksHigh = Math.ceil(c.height / 8);
    }
  }

  #dqt(payload: Uint8Array, offset: number): void {
    let at = 0;
    while (at < payload.length) {
      const slot = payload[at] & 15;
      const bytes = payload[at] >> 4 ? 128 : 64;
      at++;
      if (slot >= MOST_SLOTS) {
        throw new JpegFault(
          "corrupt",
          `its quantisation tables must be numbered 0 to 3: received ${slot} at byte ${offset}`,
        );
      }
      if (at + bytes > payload.length) this.#badLength("DQT", offset, payload.length);
      this.#quant[slot] = this.#options.tables.quant(payload.subarray(at, at + bytes));
      at += bytes;
    }
  }

  #dht(payload: Uint8Array, offset: number): void {
    let at = 0;
    while (at < payload.length) {
      const kind = payload[at] & 16 ? "ac" : "dc";
      const slot = payload[at] & ~16;
      at++;
      let symbols = 0;
      for (let i = 0; i < 16; i++) symbols += payload[at + i];
      const end = at + 16 + symbols;
      if (slot >= MOST_SLOTS || !(symbols <= 256) || end > payload.length) {
        throw new JpegFault(
          "corrupt",
          `its Huffman table at byte ${offset} must be numbered 0 to 3 and have at most 256 codes inside of its segment`,
        );
      }
      this.#huffman[kind][slot] = payload.subarray(at, end);
      at = end;
    }
  }

  #sos(payload: Uint8Array, offset: number): void {
    const all = this.#components;
    if (all.length === 0) {
      throw new JpegFault("corrupt", "its frame header (SOF) must come before its scans");
    }
    const count = payload[0];
    if (!(count >= 1 && count <= 4) || payload.length !== 2 * count + 4) {
      this.#badLength("SOS", offset, payload.length);
    }
    if (this.#scans.length > 0 && this.#scans[0].components.length === all.length) {
      throw new JpegFault(
        "corrupt",
        "it must end after a scan of all components: received another",
      );
    }
    const components: number[] = [];
    const dc: HuffmanTable[] = [];
    const ac: HuffmanTable[] = [];
    for (let i = 0; i < count; i++) {
      const id = payload[1 + 2 * i];
      const tables = payload[2 + 2 * i];
      const place = all.findIndex((c, at) => c.id === id && at >= i && !components.includes(at));
      if (place < 0) {
        throw new JpegFault(
          "corrupt",
          `its scan must name components of the frame: received ${id}`,
        );
      }
      if (all[place].scan >= 0) {
        throw new JpegFault("unsupported", `its component ${id} is coded in two sequential scans`);
      }
      components.push(place);
      dc.push(this.#table("dc", tables >> 4));
      ac.push(this.#table("ac", tables & 15));
      all[place].quant ??= this.#quant[all[place].quantSlot];
      if (!all[place].quant) this.#noQuant(all[place]);
    }
    if (
      payload[1 + 2 * count] !== 0 || payload[2 + 2 * count] !== 63 || payload[3 + 2 * count] !== 0
    ) {
      this.#warnings.push("its scan parameters are not those of a sequential scan");
    }
    this.#scans.push(this.#scan(components, dc, ac));
  }

  #scan(components: number[], dc: HuffmanTable[], ac: HuffmanTable[]): JpegScan {
    const single = components.length === 1;
    const first = this.#components[components[0]];
    const blocksPerMcu = single
      ? 1
      : components.reduce((sum, i) => sum + this.#components[i].h * this.#components[i].v, 0);
    if (blocksPerMcu > MOST_BLOCKS_PER_MCU) {
      throw new JpegFault(
        "corrupt",
        `its MCUs must have at most ${MOST_BLOCKS_PER_MCU} blocks: received ${blocksPerMcu}`,
      );
    }
    let place = 0;
    for (const i of components) {
      const component = this.#components[i];
      component.scan = this.#scans.length;
      component.place = place;
      place += component.h * component.v;
    }
    const mcusAcross = single ? first.blocksWide : Math.ceil(this.#width / (8 * this.#hMax));
    const mcusDown = single ? first.blocksHigh : Math.ceil(this.#height / (8 * this.#vMax));
    const scan: JpegScan = {
      components,
      dc,
      ac,
      mcusAcross,
      mcusDown,
      blocksPerMcu,
      restartInterval: this.#restartInterval,
      firstSegment: this.#segment,
      segmentCount: this.#restartInterval === 0
        ? 1
        : Math.ceil(mcusAcross * mcusDown / this.#restartInterval),
    };
    this.#segments(scan);
    return scan;
  }

  /** Checks the segments of a scan and moves on to those of the next. */
  #segments(scan: JpegScan): void {
    const { segments, blobs } = this.#lexed;
    const end = blobs[this.#record + 2] + blobs[this.#record + 3];
    const ordinal = this.#scans.length;
    let bytes = 0;
    let found = 0;
    while (this.#segment < end && segments[this.#segment * SEGMENT_WORDS] === ordinal) {
      const record = this.#segment * SEGMENT_WORDS;
      const terminator = segments[record + 4];
      if (found + 1 < scan.segmentCount && terminator !== M.RST0 + found % RESTARTS) {
        throw new JpegFault(
          "corrupt",
          `its scan ${ordinal} must have RST${found % RESTARTS} after MCU ${
            (found + 1) * scan.restartInterval
          }: received ${
            terminator === 0 ? "the end of the data" : `0xFF${hex(terminator)}`
          } after ${segments[record + 2]} bytes from byte ${segments[record + 3]}`,
        );
      }
      if (found < scan.segmentCount) bytes += segments[record + 2];
      else if (segments[record + 2] > 0) {
        throw new JpegFault(
          "corrupt",
          `its scan ${ordinal} must have ${scan.segmentCount} segments: received more, at byte ${
            segments[record + 3]
          }`,
        );
      }
      found++;
      this.#segment++;
    }
    const blocks = scan.mcusAcross * scan.mcusDown * scan.blocksPerMcu;
    // Each block takes at least one bit for DC and one for AC.
    if (found < scan.segmentCount || bytes * 8 < blocks * 2) {
      throw new JpegFault(
        "corrupt",
        `its scan ${ordinal} must have data for ${blocks} blocks: received ${bytes} bytes (truncated)`,
      );
    }
  }

  #table(kind: HuffmanClass, slot: number): HuffmanTable {
    const definition = this.#huffman[kind][slot];
    const table = definition
      ? this.#options.tables.huffman(definition, kind)
      : standardHuffman(kind, slot);
    if (table) return table;
    throw new JpegFault(
      "corrupt",
      `its scan must use Huffman tables that are defined: received ${kind.toUpperCase()} table ${slot}`,
    );
  }

  /** As libjpeg-turbo decides it (jdapimin.c, default_decompress_parms). */
  #colour(): ColourModel {
    if (this.#components.length === 1) return "grey";
    if (this.#jfif) return "YCbCr";
    if (this.#adobe >= 0) return this.#adobe === 0 ? "RGB" : "YCbCr";
    return this.#components.map((c) => String.fromCharCode(c.id)).join("") === "RGB"
      ? "RGB"
      : "YCbCr";
  }

  #noQuant(component: JpegComponent): never {
    throw new JpegFault(
      "corrupt",
      `its component ${component.id} must have a quantisation table: received none in slot ${component.quantSlot}`,
    );
  }

  #badLength(name: string, offset: number, length: number): never {
    throw new JpegFault(
      "corrupt",
      `its ${name} segment at byte ${
        offset - 4
      } must have the length that its content says: received ${length + 2}`,
    );
  }
}

function component(record: Uint8Array): JpegComponent {
  const [id, factors, quantSlot] = record;
  const h = factors >> 4;
  const v = factors & 15;
  if (h < 1 || h > 4 || v < 1 || v > 4) {
    throw new JpegFault(
      "corrupt",
      `its component ${id} must have sampling factors from 1 to 4: received ${h}×${v}`,
    );
  }
  return {
    id,
    h,
    v,
    quantSlot,
    width: 0,
    height: 0,
    blocksWide: 0,
    blocksHigh: 0,
    scan: -1,
    place: 0,
    quant: undefined,
  };
}

function starts(payload: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (payload[i] !== text.charCodeAt(i)) return false;
  return true;
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(2, "0");
}
