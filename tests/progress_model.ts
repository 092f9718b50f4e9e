/**
 * Runs of loaders at random, without their GPU: whatever is broken off and resumed, on however many
 * shards, each sample is to come once an epoch, and shards are to stay in step.
 */
import { assertThrows } from "@std/assert";
import { ResumeMismatchError } from "../src/errors.ts";
import { Sampler, samplerOptions } from "../src/order/sampler.ts";
import type { Ordering } from "../src/pipeline/fetch_window.ts";
import type { Job } from "../src/pipeline/job.ts";
import { ProgressTracker } from "../src/progress.ts";
import type { LoaderState } from "../src/state.ts";
import { countedIds, numberOf } from "./pipeline/fake_source.ts";

/** Random numbers that a seed decides. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `count - 1` (Marsaglia's xorshift, after a multiplication that spreads seeds). */
  below(count: number): number {
    let x = (this.#state += 0x9e3779b9) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) % count;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

/** What does not change in the course of a run. */
export interface RunOptions {
  size: number;
  ids: number;
  epochs: number;
  seed: number;
  shuffle: boolean;
  weights?: number[];
  lastBatch: "partial" | "drop" | "pad";
}

/** What may change when a run is resumed. */
export interface Generation {
  shards: number;
  batchSize: number;
  ordering: Ordering;
}

/** A batch as the model sees it: which samples of which epoch, and the state after it. */
export interface Handed {
  epoch: number;
  samples: number[];
  state: LoaderState;
}

/** One shard of a run. */
export interface Shard {
  /** Number of the epoch that comes next. */
  readonly epoch: number;
  /** Goes on with a loop of its own for so many batches at most, and breaks off. */
  take(batches: number): Handed[] | Promise<Handed[]>;
}

/** Makes a shard that begins, or resumes. */
export type MakeShard = (
  run: RunOptions,
  generation: Generation,
  index: number,
  random: Random,
  resume?: LoaderState | LoaderState[],
) => Shard;

const makePlanned: MakeShard = (...args) => new PlannedShard(...args);

/** Which samples of each epoch nobody has had: all that is known of the right result. */
export class Model {
  /** By epoch and sample, how often it is still to come. */
  readonly left: Map<number, number>[];
  /** Samples that came once too often. */
  doubled = 0;
  /** By epoch, how many samples may be left out as they do not fill a batch. */
  readonly droppable: number[];

  constructor(epochs: number, samples: (epoch: number) => Iterable<number>) {
    this.droppable = new Array(epochs).fill(0);
    this.left = Array.from({ length: epochs }, (_, epoch) => {
      const counts = new Map<number, number>();
      for (const sample of samples(epoch)) counts.set(sample, (counts.get(sample) ?? 0) + 1);
      return counts;
    });
  }

  hand({ epoch, samples }: Pick<Handed, "epoch" | "samples">): void {
    for (const sample of samples) {
      const count = this.left[epoch]?.get(sample) ?? 0;
      if (count === 0) this.doubled++;
      else this.left[epoch].set(sample, count - 1);
    }
  }

  /** Samples that never came, once all epochs have ended, but for those that may be dropped. */
  get lost(): number {
    return this.left.reduce((lost, counts, epoch) => {
      const never = [...counts.values()].reduce((a, b) => a + b, 0);
      return lost + Math.max(0, never - this.droppable[epoch]);
    }, 0);
  }
}

/** A shard of the layer that orders samples: batches come as a window of fetches would have them. */
export class PlannedShard implements Shard {
  readonly #tracker: ProgressTracker;
  readonly #random: Random;
  readonly #ordering: Ordering;
  readonly #window: number;
  #completed = false;

  constructor(
    run: RunOptions,
    { shards, batchSize, ordering }: Generation,
    index: number,
    random: Random,
    resume?: LoaderState | LoaderState[],
  ) {
    const { ids, size, epochs, seed, shuffle, weights, lastBatch } = run;
    const shard = { index, count: shards };
    const order = { batchSize, seed, shuffle, weights, lastBatch, shard, limit: size };
    const sampler = new Sampler(samplerOptions(ids, order));
    this.#tracker = new ProgressTracker(countedIds(ids), sampler, { resume, epochs, ordering });
    this.#random = random;
    this.#ordering = ordering;
    this.#window = 1 + random.below(5);
  }

  get epoch(): number {
    return this.#tracker.current.epoch;
  }

  take(batches: number): Handed[] {
    const handed: Handed[] = [];
    if (this.#completed) return handed;
    const jobs = this.#tracker.jobs(false)[Symbol.iterator]();
    const flights: Job[] = [];
    while (handed.length < batches) {
      while (flights.length < this.#window) {
        const { value, done } = jobs.next();
        if (done) break;
        flights.push(value);
      }
      if (flights.length === 0) break;
      const job = this.#next(flights);
      const { epoch, ids, valid } = job;
      const samples = [...valid.keys()].filter((i) => valid[i]).map((i) => numberOf(ids, i));
      handed.push({ epoch, samples, state: written(this.#tracker.advance(job)) });
    }
    this.#completed = this.#tracker.isComplete;
    return handed;
  }

  #next(flights: Job[]): Job {
    if (this.#ordering === "ordered") return flights.shift()!;
    const one = flights.filter(({ epoch }) => epoch === flights[0].epoch);
    if (this.#ordering === "samples") this.#exchange(one);
    return flights.splice(flights.indexOf(this.#random.pick(one)), 1)[0];
  }

  /** Has batches under way exchange samples, as they arrive in any order. */
  #exchange(jobs: Job[]): void {
    const places = jobs.flatMap((job) => [...job.valid.keys()].map((i) => ({ job, i })));
    for (const { job, i } of places) {
      const other = this.#random.pick(places);
      for (const part of ["ordinals", "positions", "valid"] as const) {
        [job[part][i], other.job[part][other.i]] = [other.job[part][other.i], job[part][i]];
      }
      const [a, b] = [
        job.ids.bytes.slice(16 * i, 16 * i + 16),
        other.job.ids.bytes.slice(16 * other.i, 16 * other.i + 16),
      ];
      job.ids.bytes.set(b, 16 * i);
      other.job.ids.bytes.set(a, 16 * other.i);
    }
  }
}

/** A state as a file gives it back. */
function written(state: LoaderState): LoaderState {
  return JSON.parse(JSON.stringify(state));
}

/**
 * Whether shards that were in step had unequally many batches of an epoch, as far as they went: where one
 * ended it, all did, with as many.
 */
export function areApart(handed: readonly (readonly Handed[])[]): boolean {
  const counts = handed.map((batches) =>
    [...Map.groupBy(batches, ({ epoch }) => epoch)].map(([epoch, all]) => `${epoch}: ${all.length}`)
      .join()
  );
  return new Set(counts).size > 1;
}

/** What some runs came to. */
export interface Outcome {
  runs: number;
  resumes: number;
  lost: number;
  doubled: number;
  /** Times that shards which had stopped together had unequally many batches left. */
  apart: number;
}

/** Options of a run, drawn at random. */
export function drawRun(random: Random): RunOptions {
  const ids = 1 + random.below(40);
  const weighted = random.below(4) === 0;
  return {
    ids,
    size: random.below(3) === 0 ? 1 + random.below(weighted ? 60 : ids) : ids,
    epochs: 1 + random.below(3),
    seed: random.below(1000),
    shuffle: random.below(2) === 0,
    weights: weighted ? Array.from({ length: ids }, (_, i) => 1 + i % 3) : undefined,
    lastBatch: random.pick(["pad", "pad", "partial", "drop"]),
  };
}

/** What a run is resumed with, drawn at random. */
export function drawGeneration(random: Random): Generation {
  return {
    shards: 1 + random.below(5),
    batchSize: 1 + random.below(9),
    ordering: random.pick(["ordered", "batches", "samples"]),
  };
}

/** Samples of an epoch as a loader of one shard has them. */
export function samplesOfEpoch(run: RunOptions, epoch: number): number[] {
  const whole = { shards: 1, batchSize: run.size, ordering: "ordered" } as const;
  const partial = { ...run, lastBatch: "partial", epochs: epoch + 1 } as const;
  const all = new PlannedShard(partial, whole, 0, new Random(0)).take(Infinity);
  return all.find((handed) => handed.epoch === epoch)!.samples;
}

/**
 * Carries one run out that a seed decides.
 *
 * @param seed The seed.
 * @param make Makes its shards.
 * @param draw Draws its options.
 * @param has Whether a sample can be loaded.
 * @returns What became of it.
 */
export async function carryOut(
  seed: number,
  make: MakeShard = makePlanned,
  draw = drawRun,
  has: (sample: number) => boolean = () => true,
): Promise<Outcome> {
  const random = new Random(seed);
  const run = draw(random);
  const model = new Model(run.epochs, (epoch) => samplesOfEpoch(run, epoch).filter(has));
  const outcome: Outcome = { runs: 1, resumes: 0, lost: 0, doubled: 0, apart: 0 };
  let generation = drawGeneration(random);
  const start = (resume: (index: number) => LoaderState | LoaderState[] | undefined) =>
    Array.from(
      { length: generation.shards },
      (_, index) => make(run, generation, index, random, resume(index)),
    );
  let shards = start(() => undefined);
  let states: (LoaderState | undefined)[] = shards.map(() => undefined);
  let [together, shared] = [true, true];
  let oldest = 0;
  let handedHere = false;
  for (let part = random.below(5); part >= 0; part--) {
    const most = part === 0
      ? Infinity
      : random.below(1 + Math.ceil(run.size / generation.batchSize));
    const apart = part > 0 && random.below(4) === 0;
    const wereTogether = together && !apart && run.lastBatch !== "partial";
    const all: Handed[][] = [];
    for (const [index, shard] of shards.entries()) {
      const handed = await shard.take(apart ? random.below(1 + most) : most);
      all.push(handed);
      handed.forEach((batch) => model.hand(batch));
      if (index === 0) handedHere ||= handed.length > 0;
      states[index] = handed.at(-1)?.state ?? states[index];
    }
    if (wereTogether && areApart(all)) outcome.apart++;
    const reached = part === 0 ? run.epochs : Math.max(...shards.map(({ epoch }) => epoch));
    if (run.lastBatch === "drop") {
      // What ends an epoch leaves less than a batch in each shard.
      for (let epoch = oldest; epoch < reached; epoch++) {
        model.droppable[epoch] += generation.shards * generation.batchSize - 1;
      }
    }
    oldest = Math.min(...shards.map(({ epoch }) => epoch));
    if (part === 0) break;
    together &&= !apart;
    shared &&= generation.ordering === "ordered" && run.lastBatch !== "partial";
    // A break: the same loaders go on.
    if (random.below(3) === 0) continue;
    if (states.some((state) => state === undefined)) continue;
    const known = states as LoaderState[];
    const { shards: before, ordering } = generation;
    const next = drawGeneration(random);
    const epochs = known.map(({ epoch }) => epoch);
    const first = Math.min(...epochs);
    const mergeable = known.every(({ epoch, done }) =>
      epoch === first || epoch === first + 1 && done.prefix + done.exceptions.length === 0
    );
    const kind = random.pick(["own", "all", "one"]);
    generation = next;
    outcome.resumes++;
    if (handedHere && ordering !== "ordered" && before > 1 && before !== next.shards) {
      assertThrows(() => start(() => known[0]), ResumeMismatchError, "the states of all");
    }
    let goesOn = false;
    if (kind === "one" && (before === 1 || shared && together)) {
      const one = random.pick(known);
      shards = start(() => one);
      together = true;
    } else if (kind === "all" && mergeable) {
      shards = start(() => known);
      // As many shards as before go on if they are in step, else what is left is dealt out anew.
      shared ||= before !== next.shards;
      together = true;
    } else {
      goesOn = true;
      generation = { ...next, shards: before };
      shards = start((index) => known[index]);
    }
    handedHere = false;
    // Once dealt out anew, an older state tells nothing of what a shard has left.
    states = shards.map((_, index) => goesOn ? known[index] : undefined);
  }
  outcome.lost = model.lost;
  outcome.doubled = model.doubled;
  return outcome;
}
