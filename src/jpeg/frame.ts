import type { Orientation } from "./exif.ts";
import type { HuffmanTable } from "./huffman.ts";
import type { QuantTable } from "./tables.ts";

/** How a frame's coefficients are coded. */
export type Process = "baseline" | "extended sequential";

/** What a frame's components are. */
export type ColourModel = "grey" | "YCbCr" | "RGB";

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
  /** Which scan codes it; -1 for none yet. */
  scan: number;
  /** Its first block's place in an MCU of that scan. */
  place: number;
  /** Its divisors: what the slot held when its first scan began. */
  quant: QuantTable | undefined;
}

/** One scan of a frame (ITU-T T.81, B.2.3). */
export interface JpegScan {
  /** Its components, as places in the frame. */
  readonly components: readonly number[];
  /** DC table of each. */
  readonly dc: readonly HuffmanTable[];
  /** AC table of each. */
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
  /** EXIF orientation; 1 if the file has none. */
  readonly orientation: Orientation;
  /** The scans, in the order of the file. */
  readonly scans: readonly JpegScan[];
  /** What libjpeg-turbo would warn of. */
  readonly warnings: readonly string[];
}
