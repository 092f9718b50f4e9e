import type { Tuning } from "./stage.ts";

/** Chunks of a run begin at a multiple of this, so that their records do at one of 256 bytes. */
const RUN_ALIGNMENT = 64;
/** Invocations that may be launched in vain, so that usual work is one run. */
const MOST_IN_VAIN = 2 ** 22;

/** Chunks that follow one another and are dispatched together. */
export interface ChunkRun {
  /** Place of the first. */
  readonly first: number;
  /** Their number. */
  readonly count: number;
  /** Most turns of one of them. */
  readonly turns: number;
  /** Dispatches after which every one is done, whatever its data. */
  readonly dispatches: number;
  /** Work of one dispatch, in turns. */
  readonly work: number;
}

/** Where the record of each chunk goes, and which are dispatched together. */
export interface ChunkOrder {
  /** The place of each. */
  readonly places: Uint32Array;
  /** Runs that together have all places. */
  readonly runs: readonly ChunkRun[];
}

/**
 * Orders chunks, and splits them into runs whose records fit a binding.
 *
 * A run takes as many dispatches as its longest chunk. Where most would be launched in vain, shorter
 * chunks come in runs of their own, so that all launches together stay linear in the chunks' turns.
 *
 * @param lengths About how long each takes.
 * @param turns Most turns that each takes.
 * @param most Most chunks of a run.
 * @param tuning What suits the device.
 * @param dispatchesOf Dispatches of a chunk of some turns.
 * @returns The order.
 */
export function orderChunks(
  lengths: Float64Array,
  turns: Float64Array,
  most: number,
  tuning: Tuning,
  dispatchesOf: (turns: number) => number,
): ChunkOrder {
  const count = turns.length;
  let longest = 0;
  for (let i = 0; i < count; i++) longest = Math.max(longest, turns[i]);
  if (count <= most && count * dispatchesOf(longest) <= MOST_IN_VAIN) {
    const places = longestFirst(lengths, tuning.entropy);
    return { places, runs: count === 0 ? [] : [runOf(turns, undefined, 0, count)] };
  }
  const sorted = descending(turns);
  const places = new Uint32Array(count);
  for (let rank = 0; rank < count; rank++) places[sorted[rank]] = rank;
  const runs: ChunkRun[] = [];
  const step = most - most % RUN_ALIGNMENT;
  for (let first = 0; first < count;) {
    let end = Math.min(first + step, count);
    const dispatches = dispatchesOf(turns[sorted[first]]);
    if ((end - first) * dispatches > MOST_IN_VAIN) {
      let shorter = first;
      while (shorter < end && 2 * dispatchesOf(turns[sorted[shorter]]) > dispatches) shorter++;
      end = Math.min(end, first + Math.ceil((shorter - first) / RUN_ALIGNMENT) * RUN_ALIGNMENT);
    }
    runs.push(runOf(turns, sorted, first, end));
    first = end;
  }
  return { places, runs };

  function runOf(
    turns: Float64Array,
    sorted: Uint32Array | undefined,
    first: number,
    end: number,
  ): ChunkRun {
    let longest = 0;
    let all = 0;
    for (let rank = first; rank < end; rank++) {
      const own = turns[sorted ? sorted[rank] : rank];
      longest = Math.max(longest, own);
      all += own;
    }
    const dispatches = dispatchesOf(longest);
    // Where there are fewer chunks than lanes, the longest decides.
    const work = Math.max(all / dispatches, Math.min(longest, tuning.cap) * tuning.lanes, 1);
    return { first, count: end - first, turns: longest, dispatches, work };
  }
}

/** The chunks from the longest to the shortest. */
function descending(lengths: Float64Array): Uint32Array {
  const count = lengths.length;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = lengths[i] * count + i;
  keys.sort();
  const order = new Uint32Array(count);
  for (let rank = 0; rank < count; rank++) order[rank] = keys[count - 1 - rank] % count;
  return order;
}

/**
 * The place of each chunk. Invocations that run in lockstep get work of like length; a long workgroup
 * is followed by the next longest at the other end, as CPU adapters give each thread a run of workgroups.
 */
function longestFirst(lengths: Float64Array, workgroup: number): Uint32Array {
  const count = lengths.length;
  const order = descending(lengths);
  const places = new Uint32Array(count);
  const whole = Math.floor(count / workgroup);
  for (let rank = 0; rank < count; rank++) {
    const turn = Math.floor(rank / workgroup);
    const place = turn === whole ? turn : turn % 2 === 0 ? turn / 2 : whole - (turn + 1) / 2;
    places[order[rank]] = place * workgroup + rank % workgroup;
  }
  return places;
}
