import { JpegFault } from "./fault.ts";
import type { FrameHeader, JpegComponent, Process } from "./frame.ts";
import { badLength, SOF0, SOF1, SOF2, UNSUPPORTED_FRAMES } from "./markers.ts";

const HEADER_BYTES = 6;
const COMPONENT_BYTES = 3;
const BLOCK_EDGE = 8;
const MOST_FACTOR = 4;
/** Most columns, and most rows, that libjpeg-turbo takes (JPEG_MAX_DIMENSION). */
const MOST_PIXELS_A_SIDE = 65500;

const PROCESSES: Readonly<Record<number, Process>> = {
  [SOF0]: "baseline",
  [SOF1]: "extended sequential",
  [SOF2]: "progressive",
};

/**
 * Reads a frame header (ITU-T T.81, B.2.2).
 *
 * @param code Which SOFn.
 * @param payload Its payload.
 * @param offset Where the payload begins in the blob.
 * @param maxPixels Most pixels that it may ask for.
 * @returns Size and components, measured.
 * @throws {JpegFault} If it is broken, too large, or of a kind that is not supported.
 */
export function parseFrameHeader(
  code: number,
  payload: Uint8Array,
  offset: number,
  maxPixels: number,
): FrameHeader {
  const feature = UNSUPPORTED_FRAMES[code];
  if (feature) {
    throw new JpegFault(
      "unsupported",
      `its coding must be sequential or progressive Huffman: received ${feature}`,
    );
  }
  const length = payload.length;
  if (length < HEADER_BYTES || length !== HEADER_BYTES + COMPONENT_BYTES * payload[5]) {
    badLength("SOF", offset, length);
  }
  const precision = payload[0];
  if (precision !== 8) {
    throw new JpegFault(
      precision === 12 ? "unsupported" : "corrupt",
      `its samples must have 8 bits: received ${precision} bits`,
    );
  }
  const height = payload[1] << 8 | payload[2];
  const width = payload[3] << 8 | payload[4];
  const count = payload[5];
  if (height === 0 && width > 0) {
    throw new JpegFault(
      "unsupported",
      "its frame header must have the picture's height: received 0 (left to a DNL marker)",
    );
  }
  if (width === 0 || count === 0) {
    throw new JpegFault(
      "corrupt",
      `its frame must have a width and components: received ${width}×${height}, ${count} components`,
    );
  }
  if (width * height > maxPixels) {
    throw new JpegFault(
      "limits",
      `its width × height must be at most maxPixels = ${maxPixels}: received ${width}×${height}`,
    );
  }
  if (width > MOST_PIXELS_A_SIDE || height > MOST_PIXELS_A_SIDE) {
    throw new JpegFault(
      "limits",
      `its width and height must be at most ${MOST_PIXELS_A_SIDE}: received ${width}×${height}`,
    );
  }
  if (count !== 1 && count !== 3 && count !== 4) {
    throw new JpegFault(
      "unsupported",
      `its number of components must be 1, 3 or 4: received ${count}`,
    );
  }
  const components: JpegComponent[] = [];
  for (let i = 0; i < count; i++) {
    const at = HEADER_BYTES + COMPONENT_BYTES * i;
    components.push(component(payload[at], payload[at + 1], payload[at + 2]));
  }
  const { hMax, vMax } = measure(width, height, components);
  return { width, height, process: PROCESSES[code], components, hMax, vMax };
}

/** Sizes of the components (ITU-T T.81, A.1.1). */
function measure(width: number, height: number, components: JpegComponent[]) {
  let hMax = 1;
  let vMax = 1;
  for (const { h, v } of components) {
    hMax = Math.max(hMax, h);
    vMax = Math.max(vMax, v);
  }
  for (const c of components) {
    if (hMax % c.h !== 0 || vMax % c.v !== 0) {
      throw new JpegFault(
        "unsupported",
        `its component ${c.id} must have a whole sampling ratio: received a fractional sampling ratio (${c.h}×${c.v} of ${hMax}×${vMax})`,
      );
    }
    c.width = Math.ceil(width * c.h / hMax);
    c.height = Math.ceil(height * c.v / vMax);
    c.blocksWide = Math.ceil(c.width / BLOCK_EDGE);
    c.blocksHigh = Math.ceil(c.height / BLOCK_EDGE);
    c.paddedWide = Math.ceil(width / (BLOCK_EDGE * hMax)) * c.h;
    c.paddedHigh = Math.ceil(height / (BLOCK_EDGE * vMax)) * c.v;
  }
  return { hMax, vMax };
}

function component(id: number, factors: number, quantSlot: number): JpegComponent {
  const h = factors >> 4;
  const v = factors & 15;
  if (h < 1 || h > MOST_FACTOR || v < 1 || v > MOST_FACTOR) {
    throw new JpegFault(
      "corrupt",
      `its component ${id} must have sampling factors from 1 to ${MOST_FACTOR}: received ${h}×${v}`,
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
    paddedWide: 0,
    paddedHigh: 0,
    scan: -1,
    place: 0,
    quant: undefined,
  };
}
