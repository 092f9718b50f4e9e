import type { Orientation } from "./exif.ts";
import type { HuffmanTable } from "./huffman.ts";
import type { QuantTable } from "./tables.ts";

/** How a frame's coefficients are coded. */
export type Process = "baseline" | "extended sequential" | "progressive";

/** What a frame's components are. */
export type ColourModel = "grey" | "YCbCr" | "RGB" | "CMYK" | "YCCK";

/** One component of a frame (ITU-T T.81, A.1.1). */
export interface JpegComponent {
  /** The identifier that scans name it by. */
  readonly id: number;
  /** Horizontal sampling factor, 1 to 4. */
  readonly h: number;
  /** Vertical sampling factor, 1 to 4. */
  readonly v: number;
  /** Which quantisation table slot it uses, 0 to 3. */
  readonly quantSlot: number;
  /** Samples across: ceil(image width · h / hmax). */
  width: number;
  /** Sample rows: ceil(image height · v / vmax). */
  height: number;
  /** Blocks that hold samples, across. */
  blocksWide: number;
  /** Rows of blocks that hold samples. */
  blocksHigh: number;
  /** Blocks across in whole MCUs of all components. */
  paddedWide: number;
  /** Rows of blocks in whole MCUs of all components. */
  paddedHigh: number;
  /** Which scan codes it first; -1 for none yet. */
  scan: number;
  /** Its first block's place in an MCU of that scan. */
  place: number;
  /** Its divisors: what the slot held when its first scan began. */
  quant: QuantTable | undefined;
}

/** What a scan codes of its blocks (ITU-T T.81, G.1.2). */
export type ScanKind = "sequential" | "dc first" | "dc refine" | "ac first" | "ac refine";

/** One scan of a frame (ITU-T T.81, B.2.3). */
export interface JpegScan {
  /** What it codes. */
  readonly kind: ScanKind;
  /** First coefficient, in zigzag order. */
  readonly first: number;
  /** Last coefficient. */
  readonly last: number;
  /** Bits by which the coefficients are shifted. */
  readonly shift: number;
  /** Its components, as places in the frame. */
  readonly components: readonly number[];
  /** DC table of each; empty if the scan needs none. */
  readonly dc: readonly HuffmanTable[];
  /** AC table of each; empty if the scan needs none. */
  readonly ac: readonly HuffmanTable[];
  /** MCUs across; of one block each if there is one component. */
  readonly mcusAcross: number;
  /** Rows of MCUs. */
  readonly mcusDown: number;
  /** Blocks of one MCU. */
  readonly blocksPerMcu: number;
  /** MCUs from one RST marker to the next; 0 for no such markers. */
  readonly restartInterval: number;
  /** First entropy-coded segment, as a place in the lexed segments. */
  readonly firstSegment: number;
  /** Number of segments that hold MCUs. */
  readonly segmentCount: number;
}

/** What a frame header says (ITU-T T.81, B.2.2). */
export interface FrameHeader {
  /** Columns of the stored picture. */
  readonly width: number;
  /** Rows of the stored picture. */
  readonly height: number;
  /** How the coefficients are coded. */
  readonly process: Process;
  /** The components, in the order of the frame header. */
  readonly components: readonly JpegComponent[];
  /** Largest horizontal sampling factor. */
  readonly hMax: number;
  /** Largest vertical sampling factor. */
  readonly vMax: number;
}

/** All that the markers of a JPEG file say about its picture. */
export interface JpegFrame extends FrameHeader {
  /** What the components are. */
  readonly colour: ColourModel;
  /**
   * Whether coefficients are gathered over several scans, so that they lie by component and not in
   * the order of a scan: progressive frames, and sequential ones that do not code each component once.
   */
  readonly gathered: boolean;
  /**
   * Per component, the bits of coefficients 0 to 9 that are not known yet (-1: nothing is), where a
   * progressive frame is not complete; libjpeg-turbo smooths such pictures.
   */
  readonly unknownBits: readonly Int8Array[] | undefined;
  /** EXIF orientation; 1 if the file has none. */
  readonly orientation: Orientation;
  /** The scans, in the order of the file. */
  readonly scans: readonly JpegScan[];
  /** What libjpeg-turbo would warn of. */
  readonly warnings: readonly string[];
}
