import type { GpuImage } from "../gpu/images.ts";
import type { Orientation } from "./exif.ts";
import type { JpegFrame } from "./frame.ts";
import type { LexedBlobs } from "./lex.ts";
import type { Region, Words } from "./words.ts";

/** Bytes of one block's coefficients: 64 of 16 bits. */
export const BLOCK_BYTES = 128;
/** Blocks that a block of marks stands for: a word each, and its own words are not needed. */
const BLOCKS_PER_MARKS = BLOCK_BYTES / 4 - 1;
/** What transforming a block costs, in turns of the entropy decoder: 35 measured on a CPU. */
const BLOCK_WORK = 40;
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
  /** Of which picture this is a section; its frame then has the pixels of the section only. */
  readonly section?: Section;
}

/** Where a strip, or a window, lies in its picture. */
export interface Section {
  /** The whole picture. */
  readonly whole: JpegFrame;
  /** Columns of pixels left of the section. */
  readonly firstColumn: number;
  /** Rows of pixels above the section. */
  readonly firstRow: number;
  /** Rows of pixels above the section that there are samples of. */
  readonly before: number;
  /** Rows of chroma samples above the section that are there. */
  readonly chromaBefore: number;
  /** Blocks before those that each component is made from. */
  readonly skip: readonly number[];
  /** First MCU of each scan that is needed. */
  readonly firstMcus: readonly number[];
}

/** What the pictures of one call are decoded with. */
export interface Decoding {
  /** Where the segments lie. */
  readonly lexed: LexedBlobs;
  /** First of the lexed bytes that is on the GPU. */
  readonly uploaded: number;
  /** Receives the records that kernels only read. */
  readonly read: Words;
  /** Receives the records that kernels write. */
  readonly written: Words;
  /** Sizes of workgroups. */
  readonly tuning: Tuning;
  /** Most bytes of a storage binding. */
  readonly binding: number;
}

/** Invocations per workgroup, by kernel, and symbols per dispatch. */
export interface Tuning {
  /** Invocations per workgroup of the entropy decoder. */
  readonly entropy: number;
  /** Invocations per workgroup of the kernels that transform a block each. */
  readonly transform: number;
  /** Blocks that an invocation of the kernels that make pictures transforms, one after the other. */
  readonly blocks: number;
  /** Invocations per workgroup of the kernel that makes a pixel each. */
  readonly pixel: number;
  /** Most turns of an invocation of the entropy decoder in one dispatch: symbols, and long codes again. */
  readonly cap: number;
  /**
   * Most work that is submitted at once, in turns: an abort is heard after it. On 2 CPU cores it
   * takes up to two seconds, and a usual batch a tenth of that.
   */
  readonly step: number;
  /** Whether the adapter runs on the CPU. */
  readonly cpu: boolean;
  /** Invocations that run at once, about. */
  readonly lanes: number;
  /** Bytes of coefficients that stay in the processor's cache while a group is decoded. */
  readonly cacheBytes: number;
  /** Self-synchronising decoding. */
  readonly sync: SyncTuning;
}

/** Sizes of self-synchronising decoding. */
export interface SyncTuning {
  /** Bits of a subsequence; a multiple of 32, and below what an invocation may decode at once. */
  readonly bits: number;
  /** What it costs, in decodes in order of the same bits. */
  readonly cost: number;
  /** Bits of a segment up to which it is always decoded in order. */
  readonly least: number;
  /** Bits that the state at a subsequence's end is guessed from. */
  readonly tail: number;
  /** Rounds after the first in which each subsequence is decoded from its predecessor's state. */
  readonly refinements: number;
  /** Most symbols that one invocation decodes in order in one dispatch, if the rounds did not do. */
  readonly cap: number;
}

/**
 * Room before the first block of marked pictures: a word for each block, which says what of it is
 * zero, at the number of the block.
 *
 * @param blocks How many marked blocks there are.
 * @returns The first block's number.
 */
export function markBlocks(blocks: number): number {
  return Math.ceil(blocks / BLOCKS_PER_MARKS);
}

/** One kernel's work. */
export interface Stage {
  /** Number of workgroups. */
  readonly workgroups: number;
  /** Work of one dispatch, in turns of the entropy decoder. */
  readonly work: number;
  /** Uniform parameters. */
  readonly params: Region;
}

/**
 * Work of a kernel of which an invocation makes a block, or some pixels.
 *
 * @param invocations Their number.
 * @returns About as many turns of the entropy decoder; 1 at least.
 */
export function blockWork(invocations: number): number {
  return Math.max(1, invocations * BLOCK_WORK);
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
 * @param places The owners.
 * @param counts How many workgroups each has.
 * @returns Where the list lies.
 */
export function owners(
  read: Words,
  places: ArrayLike<number>,
  counts: ArrayLike<number>,
): Region {
  let all = 0;
  for (let i = 0; i < counts.length; i++) all += counts[i];
  const region = read.region(all);
  let at = region.offset / 4;
  for (let i = 0; i < places.length; i++) read.data.fill(places[i], at, at += counts[i]);
  return region;
}
