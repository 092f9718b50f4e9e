import { OptionCheck } from "../check.ts";
import { Permutation } from "./permutation.ts";
import { shardFromEnv } from "./shard_env.ts";
import { NOTHING_SEEN, seenCount, type SeenState, unseenAt } from "./seen.ts";
import { cumulate, WeightedDraw } from "./weighted.ts";

/** Which part of every epoch a loader takes. */
export interface Shard {
  /** Number of this shard, from 0 to `count - 1`. */
  index: number;
  /** Number of shards. */
  count: number;
}

/** What becomes of the samples that do not fill a whole batch at the end of an epoch. */
export type LastBatch = "partial" | "drop" | "pad";

/** What decides the order of samples. */
export interface SamplerOptions {
  /** Number of ids. */
  ids: number;
  /** Number of samples in an epoch, over all shards. */
  size: number;
  /** Samples in a batch. */
  batchSize: number;
  /** Seed of the shuffle. */
  seed: number;
  /** Whether each epoch has an order of its own. */
  shuffle: boolean;
  /** Which part of every epoch to take. */
  shard: Shard;
  /** What becomes of the samples that do not fill a batch. */
  lastBatch: LastBatch;
  /** Sums of the weights up to each sample, where samples are drawn with replacement. */
  cumulative?: Float64Array;
}

/**
 * How many samples each shard has left: some may have one more than others, and where batches come in
 * any order it is not known which. Shards that have handed out equally many batches agree on it.
 */
export interface Left {
  /** At least so many. */
  least: number;
  /** At most so many. */
  most: number;
}

/** What is left of an epoch. */
export interface Remainder {
  /** Positions of the global order that were done before it was dealt to the shards. */
  base: SeenState;
  /** Which of the shard's samples are done: the k-th of those that are dealt to it. */
  done: SeenState;
  /** How many samples each shard has left. */
  left: Left;
}

/**
 * Deals what is left of an epoch to the shards.
 *
 * @param options How many samples and shards there are.
 * @param base Positions of the global order that are done.
 * @returns What is left, of which no shard has done anything.
 */
export function deal(
  { size, shard: { count } }: Pick<SamplerOptions, "size" | "shard">,
  base: SeenState = NOTHING_SEEN,
): Remainder {
  const share = (size - seenCount(base)) / count;
  const left = { least: Math.floor(share), most: Math.ceil(share) };
  return { base, done: NOTHING_SEEN, left };
}

/** What a caller of the loader can say of the order. */
export interface OrderOptions
  extends Partial<Pick<SamplerOptions, "seed" | "shuffle" | "lastBatch">> {
  /** Which part of every epoch to take; `env` asks the launcher's variables. */
  shard?: Shard | "env";
  /** Samples in a batch. */
  batchSize: number;
  /** Weight of each sample: epochs are drawn with replacement. */
  weights?: ArrayLike<number>;
  /** Samples in an epoch, over all shards: the first so many of its order. */
  limit?: number;
}

/** Which samples make one batch. */
export interface BatchPlan {
  /** Number of the epoch, from 0. */
  epoch: number;
  /** Which of the shard's samples each one is: the k-th of those that are dealt to it. */
  ordinals: Float64Array;
  /** Where each sample stands in the epoch's global order, over all shards. */
  positions: Float64Array;
  /** Which sample of the list each one is. */
  indices: Float64Array;
  /** 1 for a sample of this epoch, 0 for one that only fills the batch. */
  valid: Uint8Array;
}

/**
 * The order of samples: a pure function of seed, epoch and place.
 *
 * An epoch has one global order. Of its positions that are still unseen, shard i of n takes the
 * i-th, the (i + n)-th, and so on: shards that keep pace have together seen a prefix.
 */
export class Sampler {
  /** What decides the order. */
  readonly options: Readonly<SamplerOptions>;

  /** @param options What decides the order. */
  constructor(options: SamplerOptions) {
    this.options = options;
  }

  /**
   * The batches of one epoch, or of what is left of it.
   *
   * @param epoch Number of the epoch, from 0.
   * @param remainder What is left of it; all of it when left out.
   * @returns Its batches, each computed when asked for.
   */
  epoch(epoch: number, remainder: Remainder = deal(this.options)): EpochOrder {
    return new EpochOrder(this.options, epoch, remainder);
  }
}

/** The batches of one epoch, or of what is left of it. */
export class EpochOrder {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of batches. */
  readonly batches: number;
  /** Number of samples of this shard, without those that only fill a batch. */
  readonly samples: number;
  readonly #options: Readonly<SamplerOptions>;
  readonly #base: SeenState;
  readonly #done: SeenState;
  readonly #dealt: number;
  readonly #pick: { at(position: number): number } | undefined;

  /**
   * @param options What decides the order.
   * @param epoch Number of the epoch, from 0.
   * @param remainder What is left of it.
   */
  constructor(
    options: Readonly<SamplerOptions>,
    epoch: number,
    { base, done, left }: Remainder,
  ) {
    const { batchSize, lastBatch } = options;
    this.#options = options;
    this.#base = base;
    this.#done = done;
    this.epoch = epoch;
    this.#dealt = options.size - seenCount(base);
    const own = ownSamples(options, base) - seenCount(done);
    // Shards agree on how many batches there are only by what they all know.
    const samples = { drop: left.least, pad: left.most, partial: own }[lastBatch];
    this.batches = Math[lastBatch === "drop" ? "floor" : "ceil"](samples / batchSize);
    this.samples = lastBatch === "drop" ? this.batches * batchSize : own;
    const { cumulative, ids, seed, shuffle } = options;
    if (cumulative) this.#pick = new WeightedDraw(cumulative, seed, epoch);
    else if (shuffle) this.#pick = new Permutation(ids, seed, epoch);
  }

  /**
   * Which samples make one batch.
   *
   * @param batch Its number, from 0 to `batches - 1`.
   * @returns The samples' places.
   */
  plan(batch: number): BatchPlan {
    const { batchSize, shard, lastBatch } = this.#options;
    const first = batch * batchSize;
    const length = lastBatch === "pad" ? batchSize : Math.min(batchSize, this.samples - first);
    const ordinals = new Float64Array(length);
    const positions = new Float64Array(length);
    const indices = new Float64Array(length);
    const valid = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      ordinals[i] = unseenAt(this.#done, first + i);
      const k = shard.index + ordinals[i] * shard.count;
      valid[i] = k < this.#dealt ? 1 : 0;
      positions[i] = unseenAt(this.#base, k % this.#dealt);
      indices[i] = this.#pick?.at(positions[i]) ?? positions[i];
    }
    return { epoch: this.epoch, ordinals, positions, indices, valid };
  }
}

/**
 * Counts the samples that are dealt to a shard.
 *
 * @param options How many samples and shards there are, and which shard it is.
 * @param base Positions of the global order that were done before.
 * @returns How many are the shard's.
 */
export function ownSamples(
  { size, shard: { index, count } }: Pick<SamplerOptions, "size" | "shard">,
  base: SeenState,
): number {
  const dealt = size - seenCount(base);
  return Math.floor(dealt / count) + (index < dealt % count ? 1 : 0);
}

const check = new OptionCheck("make a loader");

/**
 * Checks the options that decide the order, and fills in what is left out.
 *
 * @param ids Number of ids.
 * @param options As the caller of the loader wrote them.
 * @returns All of them.
 * @throws {UsageError} If one is out of its range.
 */
export function samplerOptions(ids: number, options: OrderOptions): SamplerOptions {
  const { weights, limit, batchSize, seed = 0, shuffle = false } = options;
  const shard = options.shard === "env" ? shardFromEnv() : options.shard ?? { index: 0, count: 1 };
  const isShard = options.shard !== null && typeof shard === "object";
  check.that(isShard, "shard", '{ index, count } or "env"', options.shard);
  check.names(shard, { index: true, count: true }, "shard.");
  const { lastBatch = shard.count > 1 ? "pad" : "partial" } = options;
  check.that(batchSize !== undefined, "batchSize", "a whole number from 1 on", batchSize);
  check.whole("batchSize", batchSize, 1);
  check.that(
    Number.isSafeInteger(seed) && seed >= 0,
    "seed",
    "a whole number from 0 to 2⁵³ - 1",
    seed,
  );
  check.flag("shuffle", shuffle);
  check.that(shard.count !== undefined, "shard.count", "a whole number from 1 on", shard.count);
  check.whole("shard.count", shard.count, 1);
  const inShards = Number.isSafeInteger(shard.index) && shard.index >= 0 &&
    shard.index < shard.count;
  check.that(
    inShards,
    "shard.index",
    `a whole number from 0 to ${shard.count - 1}`,
    shard.index,
  );
  check.whole("limit", limit, 1);
  check.oneOf("lastBatch", lastBatch, ["partial", "drop", "pad"]);
  check.that(
    weights === undefined || (typeof weights === "object" && Number.isInteger(weights?.length)),
    "weights",
    "a list of numbers",
    weights,
  );
  const size = weights ? limit ?? ids : Math.min(ids, limit ?? ids);
  const whole: SamplerOptions = { ids, size, batchSize, seed, shuffle, shard, lastBatch };
  return weights ? { ...whole, cumulative: cumulate(weights, ids) } : whole;
}
