import { smallest } from "./extremes.ts";
import { createHash } from "node:crypto";
import { show } from "./check.ts";
import { ResumeMismatchError } from "./errors.ts";
import type { IdList } from "./ids.ts";
import {
  deal,
  type Left,
  ownSamples,
  type Remainder,
  type SamplerOptions,
  type Shard,
} from "./order/sampler.ts";
import { Seen, seenCount, type SeenState, unseenAt } from "./order/seen.ts";

const VERSION = 2;

/** From where a loader resumes: small JSON that comes with each batch. */
export interface LoaderState {
  /** Version of this format. */
  version: number;
  /** Hash of the id list: the first 32 hexadecimal digits of its SHA-256. */
  ids: string;
  /** Number of samples in an epoch, over all shards. */
  size: number;
  /** Seed of the shuffle. */
  seed: number;
  /** Whether each epoch has an order of its own. */
  shuffle: boolean;
  /** Hash of the weights that samples are drawn by; empty where there are none. */
  weights: string;
  /** Number of the epoch, from 0. */
  epoch: number;
  /** Positions of the epoch's global order that were done before the shards set out. */
  base: SeenState;
  /** Which shard this is the state of. */
  shard: Shard;
  /** Which of the shard's samples are done: the k-th of those that `base` left to it. */
  done: SeenState;
  /** How many samples each shard has left that has handed out equally many batches. */
  left: Left;
  /**
   * Whether the state of one shard tells those of all that have handed out equally many batches, as
   * these came in order and are equally many in all shards.
   */
  shared: boolean;
}

/** Where a loader stands: an epoch, and what is left of it. */
export interface Progress extends Remainder {
  /** Number of the epoch, from 0. */
  epoch: number;
  /** Whether other shards stand at the same place of theirs. */
  shared: boolean;
}

/**
 * Hashes an id list, to tell whether a state belongs to it.
 *
 * @param ids The list.
 * @returns The first 32 hexadecimal digits of its SHA-256.
 */
export function hashIds(ids: IdList): string {
  return hash(ids.bytes);
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}

const weightHashes = new WeakMap<Float64Array, string>();

/** Hashes once what every state names: there may be millions of weights. */
function hashWeights({ cumulative }: Readonly<SamplerOptions>): string {
  if (!cumulative) return "";
  const known = weightHashes.get(cumulative) ?? hash(new Uint8Array(cumulative.buffer));
  weightHashes.set(cumulative, known);
  return known;
}

/**
 * Writes down where a loader stands.
 *
 * @param idsHash Hash of the id list.
 * @param options What decides the order.
 * @param progress Where the loader stands.
 * @returns The state, as plain data.
 */
export function makeState(
  idsHash: string,
  options: Readonly<SamplerOptions>,
  progress: Progress,
): LoaderState {
  const { size, seed, shuffle, shard } = options;
  const weights = hashWeights(options);
  const order = { ids: idsHash, size, seed, shuffle, weights };
  return { version: VERSION, ...order, shard: { ...shard }, ...progress };
}

/**
 * Finds where to resume from one state, or from the states of all shards.
 *
 * With as many shards as before, the state of this shard is enough, and that of any shard if all was
 * handed out in order and all shards were stopped after equally many batches. Else the states of all
 * are needed, as what is left of the epoch is dealt out anew.
 *
 * @param states One state, or those of all shards of the same run.
 * @param idsHash Hash of the id list of the loader that resumes.
 * @param options What decides the order in the loader that resumes.
 * @returns Where it stands.
 * @throws {ResumeMismatchError} If the states do not fit the loader or each other.
 */
export function resumeFrom(
  states: LoaderState | readonly LoaderState[],
  idsHash: string,
  options: Readonly<SamplerOptions>,
): Progress {
  const list = Array.isArray(states) ? states as readonly LoaderState[] : [states as LoaderState];
  if (list.length === 0) mismatch("resume", "one state or more", "none");
  for (const state of list) checkState(state, idsHash, options);
  const [first] = list;
  const { index, count } = options.shard;
  const own = list.find(({ shard }) => shard.index === index && shard.count === count);
  const inStep = list.every((state) => isInStep(state, first));
  const places = new Set(list.map(({ shard }) => shard.index));
  const { count: shards } = first.shard;
  const all = places.size === shards && list.length === shards &&
    list.every(({ shard }) => shard.count === shards);
  if (own && (inStep || !all || !areOfOneEpoch(list))) {
    const { epoch, base, done, left, shared } = own;
    return { epoch, base, done, left, shared };
  }
  if (all) return dealAnew(options, mergeShards(list));
  if (inStep && first.shared) {
    return shards === count ? alike(first, options) : anewOf(first, options);
  }
  mismatch(
    "resume",
    `the states of all ${shards} shards, as their number changes or batches did not come in order`,
    `those of shards ${[...places].sort((a, b) => a - b).join(", ")}`,
  );
}

function dealAnew(
  options: Readonly<SamplerOptions>,
  { epoch, base }: { epoch: number; base: SeenState },
): Progress {
  return { epoch, ...deal(options, base), shared: true };
}

/** Whether a shard has handed out as many batches as another one. */
function isInStep(state: LoaderState, other: LoaderState): boolean {
  const where = ({ epoch, base, left, shared, shard }: LoaderState) =>
    JSON.stringify([epoch, base, left, shared, shard.count]);
  return where(state) === where(other);
}

/** Whether what is left of one epoch can be told from the states: shards beyond it are through with it. */
function areOfOneEpoch(list: readonly LoaderState[]): boolean {
  const epoch = smallest(list.map((state) => state.epoch));
  return list.every((state) =>
    state.epoch === epoch || (state.epoch === epoch + 1 && seenCount(state.done) === 0)
  );
}

/** How many samples each shard has done, if it was dealt so many, that stands where another one does. */
function eachDone({ base, size, shard, left }: LoaderState): number {
  return Math.ceil((size - seenCount(base)) / shard.count) - left.most;
}

/** Where a shard stands that has handed out as many batches as another one of as many, both in order. */
function alike(state: LoaderState, options: Readonly<SamplerOptions>): Progress {
  const { epoch, base, left, shared } = state;
  const prefix = Math.min(ownSamples(options, base), eachDone(state));
  return { epoch, base, done: { prefix, exceptions: [] }, left, shared };
}

/** Deals anew what shards have left that all stand where one does. */
function anewOf(state: LoaderState, options: Readonly<SamplerOptions>): Progress {
  const { epoch, base, size, shard } = state;
  const all = Math.min(size - seenCount(base), eachDone(state) * shard.count);
  const seen = new Seen(base);
  for (let k = 0; k < all; k++) seen.add(unseenAt(base, k));
  return dealAnew(options, { epoch, base: seen.toJSON() });
}

function mergeShards(list: readonly LoaderState[]): { epoch: number; base: SeenState } {
  const epoch = smallest(list.map((state) => state.epoch));
  const { base, shard: { count } } = list.find((state) => state.epoch === epoch)!;
  if (!areOfOneEpoch(list)) {
    const epochs = [...new Set(list.map((state) => state.epoch))].sort((a, b) => a - b);
    mismatch("resume", "states of one epoch", `epochs ${epochs.join(" and ")}`);
  }
  const seen = new Seen(base);
  for (const state of list) {
    const through = state.epoch > epoch;
    if (!through && JSON.stringify(state.base) !== JSON.stringify(base)) {
      mismatch("resume", "states of one run", "states that set out from different places");
    }
    const done = new Seen(state.done);
    const own = ownSamples(state, base);
    for (let k = 0; k < own; k++) {
      if (through || done.has(k)) seen.add(unseenAt(base, state.shard.index + k * count));
    }
  }
  return { epoch, base: seen.toJSON() };
}

function checkState(
  state: LoaderState,
  idsHash: string,
  options: Readonly<SamplerOptions>,
): void {
  if (state?.version !== VERSION) mismatch("version", VERSION, state?.version);
  const { size, seed, shuffle } = options;
  const weights = hashWeights(options);
  for (const [key, expected] of Object.entries({ ids: idsHash, size, seed, shuffle, weights })) {
    const received = state[key as keyof LoaderState];
    if (received !== expected) mismatch(key, `that of the loader, ${expected}`, received);
  }
  checkForm(state);
}

/** Checks the form of a state that a file or another program may have spoilt. */
function checkForm({ epoch, base, shard, done, size, left, shared }: LoaderState): void {
  const natural = (value: unknown, below = Infinity) =>
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < below;
  if (!natural(epoch)) mismatch("epoch", "a whole number from 0 on", show(epoch));
  if (!natural(shard?.count) || !natural(shard.index, shard.count)) {
    mismatch("shard", "an index below a count", show(shard));
  }
  for (const [option, seen] of Object.entries({ base, done })) {
    const good = natural(seen?.prefix, size + 1) && Array.isArray(seen.exceptions) &&
      seen.exceptions.every((place, i, all) =>
        natural(place, size) && place >= seen.prefix && (i === 0 || place > all[i - 1])
      );
    if (!good) mismatch(option, `a prefix and ascending exceptions of ${size} samples`, show(seen));
  }
  if (typeof shared !== "boolean") mismatch("shared", "true or false", show(shared));
  const own = ownSamples({ size, shard }, base) - seenCount(done);
  // Places of samples that only fill a batch may be among the most.
  const fits = natural(left?.least, own + 1) && natural(left.most) && left.most >= own;
  if (!fits) mismatch("left", `least and most about the ${own} samples left`, show(left));
}

function mismatch(option: string, expected: unknown, received: unknown): never {
  throw new ResumeMismatchError(
    `Cannot resume as ${option} must be ${expected}: received ${received}`,
    { option },
  );
}
