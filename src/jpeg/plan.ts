import type { GpuImage } from "../gpu/images.ts";
import { colourRecords, type ColourStage } from "./colour_records.ts";
import { componentRecords, type TransformStage } from "./component_records.ts";
import { entropyRecords, type EntropyStage } from "./entropy_records.ts";
import type { Orientation } from "./exif.ts";
import type { JpegFrame } from "./frame.ts";
import type { LexedBlobs } from "./lex.ts";
import type { Region, Words } from "./words.ts";

/** Bytes of one block's coefficients: 64 of 16 bits. */
export const BLOCK_BYTES = 128;
/** Samples across and down a block. */
export const BLOCK_EDGE = 8;
/** Words of one image's status: flags, and the bit where decoding stopped. */
export const STATUS_WORDS = 2;

/** A picture that can be decoded, and where it goes. */
export interface Decodable {
  /** Its place in the batch. */
  readonly index: number;
  /** What its markers say. */
  readonly frame: JpegFrame;
  /** Where its pixels go. */
  readonly target: GpuImage;
  /** Orientation to apply; 1 if none. */
  readonly orientation: Orientation;
}

/** Invocations per workgroup, by kernel, and symbols per dispatch. */
export interface Tuning {
  /** Invocations per workgroup of the entropy decoder. */
  readonly entropy: number;
  /** Invocations per workgroup of the inverse DCT. */
  readonly idct: number;
  /** Invocations per workgroup of the colour kernels. */
  readonly colour: number;
  /** Most symbols that an invocation decodes in one dispatch. */
  readonly cap: number;
}

/** One kernel's work. */
export interface Stage {
  /** Number of workgroups. */
  readonly workgroups: number;
  /** Uniform parameters. */
  readonly params: Region;
}

/** Pictures that are decoded together: each of their buffers fits a binding. */
export interface Group {
  /** Window of the pixels. */
  readonly output: Region;
  /** Bytes of coefficients. */
  readonly coefficientBytes: number;
  /** Bytes of samples. */
  readonly sampleBytes: number;
  /** Entropy decoding. */
  readonly entropy: EntropyStage;
  /** Inverse DCT. */
  readonly idct: TransformStage;
  /** Upsampling and colour conversion, by kind of picture. */
  readonly colours: readonly ColourStage[];
}

/** What one picture takes, in bytes. */
export interface Footprint {
  /** Coefficients of all components. */
  readonly coefficients: number;
  /** Samples of all components. */
  readonly samples: number;
}

/**
 * What a picture takes on the GPU while it is decoded.
 *
 * @param frame The frame.
 * @returns Bytes of coefficients and of samples.
 */
export function footprint(frame: JpegFrame): Footprint {
  let coded = 0;
  let shown = 0;
  for (const scan of frame.scans) coded += scan.mcusAcross * scan.mcusDown * scan.blocksPerMcu;
  for (const component of frame.components) {
    shown += component.blocksWide * component.blocksHigh;
  }
  return { coefficients: coded * BLOCK_BYTES, samples: shown * BLOCK_EDGE * BLOCK_EDGE };
}

/**
 * Writes the records with which the kernels decode some pictures.
 *
 * @param decodables The pictures; in the order of their targets.
 * @param lexed Where their segments lie.
 * @param read Receives the records that kernels only read.
 * @param written Receives the records that kernels write.
 * @param tuning Sizes of workgroups.
 * @returns Where the records lie, and the sizes of the buffers.
 */
export function planGroup(
  decodables: readonly Decodable[],
  lexed: LexedBlobs,
  read: Words,
  written: Words,
  tuning: Tuning,
): Group {
  const offset = decodables[0].target.byteOffset;
  const last = decodables[decodables.length - 1].target;
  const size = last.byteOffset + last.rowPitch * last.height - offset;
  const components = componentRecords(decodables, read, tuning);
  return {
    output: { offset, size },
    coefficientBytes: components.coefficientBytes,
    sampleBytes: components.sampleBytes,
    entropy: entropyRecords(decodables, components.scanBlocks, lexed, read, written, tuning),
    idct: components.stage,
    colours: colourRecords(decodables, components.planes, offset, read, tuning),
  };
}

/**
 * Appends a kernel's uniform parameters.
 *
 * @param read Where they go.
 * @param values The parameters.
 * @returns Where they lie.
 */
export function params(read: Words, ...values: number[]): Region {
  const region = read.region(values.length);
  read.data.set(values, region.offset / 4);
  return region;
}

/**
 * Appends, per workgroup, whose it is.
 *
 * @param read Where the list goes.
 * @param workgroupsOf How many workgroups each owner has.
 * @returns Where the list lies.
 */
export function owners(read: Words, workgroupsOf: Uint32Array): Region {
  const region = read.region(workgroupsOf.reduce((sum, count) => sum + count, 0));
  let at = region.offset / 4;
  workgroupsOf.forEach((count, owner) => read.data.fill(owner, at, at += count));
  return region;
}
