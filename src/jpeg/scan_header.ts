import { JpegFault } from "./fault.ts";
import type { FrameHeader, JpegScan } from "./frame.ts";
import type { HuffmanTable } from "./huffman.ts";
import { badLength } from "./markers.ts";
import { LAST_COEFFICIENT, type Progression, type ScanBand } from "./progression.ts";
import type { TableSlots } from "./table_segments.ts";

/** Most blocks that one MCU may have (ITU-T T.81, B.2.3). */
const MOST_BLOCKS_PER_MCU = 10;
const MOST_COMPONENTS = 4;
const BLOCK_EDGE = 8;

/** What a scan header is read against. */
export interface ScanContext {
  /** The frame. */
  readonly header: FrameHeader;
  /** The tables that are there when the scan begins. */
  readonly slots: TableSlots;
  /** What is known of each coefficient, of a progressive frame. */
  readonly progression: Progression | undefined;
  /** MCUs from one RST marker to the next; 0 for no such markers. */
  readonly restartInterval: number;
  /** Scans that came before. */
  readonly ordinal: number;
  /** First segment that no earlier scan has. */
  readonly firstSegment: number;
}

/**
 * Reads a scan header (ITU-T T.81, B.2.3) and marks the components it codes.
 *
 * @param payload Its payload.
 * @param offset Where the payload begins in the blob.
 * @param context The frame, tables and segments so far.
 * @returns The scan, and what is odd about it.
 * @throws {JpegFault} If it is broken or of a kind that is not supported.
 */
export function parseScanHeader(
  payload: Uint8Array,
  offset: number,
  context: ScanContext,
): { scan: JpegScan; warnings: string[] } {
  const { header, slots, progression, restartInterval, ordinal, firstSegment } = context;
  const all = header.components;
  const count = payload[0];
  if (!(count >= 1 && count <= MOST_COMPONENTS) || payload.length !== 2 * count + 4) {
    badLength("SOS", offset, payload.length);
  }
  const components: number[] = [];
  let blocksPerMcu = 0;
  for (let i = 0; i < count; i++) {
    const id = payload[1 + 2 * i];
    // Where ids repeat, libjpeg-turbo takes the first component from place i on.
    let index = i;
    while (index < all.length && all[index].id !== id) index++;
    if (index >= all.length || components.includes(index)) {
      throw new JpegFault(
        "corrupt",
        `its scan must name different components of the frame: received ${id}`,
      );
    }
    const component = all[index];
    components.push(index);
    component.quant ??= slots.quant(component.quantSlot);
    if (!component.quant) {
      throw new JpegFault(
        "corrupt",
        `its component ${id} must have a quantisation table: received none in slot ${component.quantSlot}`,
      );
    }
    if (component.scan < 0) {
      component.scan = ordinal;
      component.place = blocksPerMcu;
    }
    blocksPerMcu += count === 1 ? 1 : component.h * component.v;
  }
  if (blocksPerMcu > MOST_BLOCKS_PER_MCU) {
    throw new JpegFault(
      "corrupt",
      `its MCUs must have at most ${MOST_BLOCKS_PER_MCU} blocks: received ${blocksPerMcu}`,
    );
  }
  const first = payload[1 + 2 * count];
  const last = payload[2 + 2 * count];
  const approximation = payload[3 + 2 * count];
  const band = progression
    ? progression.scan(components, first, last, approximation)
    : sequential(first, last, approximation);
  const leader = all[components[0]];
  const mcusAcross = count === 1
    ? leader.blocksWide
    : Math.ceil(header.width / (BLOCK_EDGE * header.hMax));
  const mcusDown = count === 1
    ? leader.blocksHigh
    : Math.ceil(header.height / (BLOCK_EDGE * header.vMax));
  const { dc, ac } = scanTables(band, payload, count, slots);
  return {
    scan: {
      kind: band.kind,
      first: band.first,
      last: band.last,
      shift: band.shift,
      components,
      dc,
      ac,
      mcusAcross,
      mcusDown,
      blocksPerMcu,
      restartInterval,
      firstSegment,
      segmentCount: restartInterval === 0 ? 1 : Math.ceil(mcusAcross * mcusDown / restartInterval),
    },
    warnings: band.warnings,
  };
}

/** A scan of a sequential frame codes all there is, whatever its parameters say. */
function sequential(first: number, last: number, approximation: number): ScanBand {
  const usual = first === 0 && last === LAST_COEFFICIENT && approximation === 0;
  const warnings = usual ? [] : [
    `its scan parameters must be 0, ${LAST_COEFFICIENT} and 0 in a sequential frame: received ${first}, ${last} and ${approximation}`,
  ];
  return { kind: "sequential", first: 0, last: LAST_COEFFICIENT, shift: 0, warnings };
}

/** The tables that a scan uses, which are the only ones that must be there. */
function scanTables({ kind }: ScanBand, payload: Uint8Array, count: number, slots: TableSlots) {
  const dc: HuffmanTable[] = [];
  const ac: HuffmanTable[] = [];
  const standard = kind === "sequential";
  for (let i = 0; i < count; i++) {
    const dcSlot = payload[2 + 2 * i] >> 4;
    const acSlot = payload[2 + 2 * i] & 15;
    if (standard || kind === "dc first") dc.push(slots.huffman("dc", dcSlot, standard));
    if (standard) ac.push(slots.huffman("ac", acSlot, standard));
    else if (kind.startsWith("ac")) ac.push(slots.huffman("ac runs", acSlot, standard));
  }
  return { dc, ac };
}
