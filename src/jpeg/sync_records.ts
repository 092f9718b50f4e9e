import { params, type Stage, type Tuning } from "./stage.ts";
import { type Region, REGION_BYTES, type Words } from "./words.ts";

const SEGMENT_WORDS = 8;
/** Bytes of a chunk, a subsequence and a sum, as the shaders have them. */
const CHUNK_BYTES = 48;
const SUBSEQUENCE_BYTES = 32;
const SUM_BYTES = 32;
const STATE_BYTES = 4;
/** Subsequences that one workgroup adds up; the shaders'. */
const SUM_WORKGROUP = 256;

/** A segment that is cut into subsequences. */
export interface SyncSegment {
  /** First bit, from the beginning of the group's window of bits. */
  readonly position: number;
  /** Its bits. */
  readonly bits: number;
  /** First word of its first block. */
  readonly address: number;
  /** Its blocks. */
  readonly blocks: number;
  /** Place of its scan's record. */
  readonly scan: number;
  /** Place of its picture in the batch. */
  readonly image: number;
}

/** Work of the self-synchronising decoder, up to the chunks that the entropy decoder takes. */
export interface SyncStage {
  /** Segment records. */
  readonly segments: Region;
  /** The segment of each subsequence. */
  readonly owners: Region;
  /** Parameters of each round; those of the last one are for all kernels after it. */
  readonly rounds: readonly Region[];
  /** Workgroups of the kernels that take a subsequence each, and the work of a dispatch of one. */
  readonly workgroups: number;
  readonly work: number;
  /** Putting in order what has not synchronised by itself. */
  readonly fix: {
    readonly workgroups: number;
    readonly work: number;
    readonly dispatches: number;
  };
  /** Parameters of the kernels that add up. */
  readonly sum: Stage;
  /** What only the kernels see, in a buffer of its own. */
  readonly scratch: {
    readonly exits: Region;
    readonly found: Region;
    readonly marks: Region;
    readonly sums: Region;
    readonly before: Region;
    readonly chunks: Region;
    readonly size: number;
  };
  /** Parameters of the entropy decoder. */
  readonly write: Stage;
  /** Number of subsequences. */
  readonly count: number;
}

/**
 * Writes a record per segment, and whose each subsequence is.
 *
 * @param list The segments.
 * @param turns Most symbols of one of them.
 * @param read Where the records go.
 * @param tuning Sizes of workgroups and subsequences.
 * @returns The work; undefined if there are no segments.
 */
export function syncRecords(
  list: readonly SyncSegment[],
  turns: number,
  read: Words,
  tuning: Tuning,
): SyncStage | undefined {
  if (list.length === 0) return undefined;
  const { bits, tail, refinements, cap } = tuning.sync;
  const counts = list.map((segment) => Math.max(1, Math.ceil(segment.bits / bits)));
  const count = counts.reduce((sum, n) => sum + n, 0);
  let most = 0;
  for (let i = 0; i < counts.length; i++) most = Math.max(most, counts[i]);
  const segments = read.region(list.length * SEGMENT_WORDS);
  const owners = read.region(count);
  let first = 0;
  list.forEach((segment, i) => {
    const { position, address, blocks, scan, image } = segment;
    const end = position + segment.bits;
    read.data.set(
      [position, end, address, blocks, scan, image, first, counts[i]],
      segments.offset / 4 + i * SEGMENT_WORDS,
    );
    read.data.fill(i, owners.offset / 4 + first, owners.offset / 4 + (first += counts[i]));
  });
  const rounds: Region[] = [];
  // The guess, the first decode from it, and the refinements.
  for (let round = 0; round < refinements + 2; round++) {
    rounds.push(params(read, count, bits, tail, round, cap, list.length));
  }
  const groups = Math.ceil((count + 1) / SUM_WORKGROUP);
  const sum = params(read, count, groups);
  const workgroups = Math.ceil(count / tuning.entropy);
  const work = Math.max(count, tuning.lanes) * bits;
  return {
    segments,
    owners,
    rounds,
    workgroups,
    work,
    fix: {
      workgroups: list.length,
      work: tuning.lanes * cap,
      dispatches: Math.ceil((turns + most) / cap),
    },
    sum: { workgroups: groups, work: count, params: sum },
    scratch: layout({
      exits: 2 * count * STATE_BYTES,
      found: count * SUBSEQUENCE_BYTES,
      marks: list.length * STATE_BYTES,
      sums: groups * SUM_BYTES,
      before: (count + 1) * SUM_BYTES,
      chunks: count * CHUNK_BYTES,
    }),
    write: { workgroups, work, params: params(read, count, tuning.cap, 0, 0xffffffff) },
    count,
  };
}

/** Lays parts of one buffer out, each at an offset that a binding can have. */
function layout<Name extends string>(
  sizes: Record<Name, number>,
): Record<Name, Region> & { size: number } {
  let size = 0;
  const regions = {} as Record<Name, Region>;
  for (const [name, bytes] of Object.entries(sizes) as [Name, number][]) {
    regions[name] = { offset: size, size: Math.max(bytes, 16) };
    size += Math.ceil(Math.max(bytes, 16) / REGION_BYTES) * REGION_BYTES;
  }
  return { ...regions, size };
}
