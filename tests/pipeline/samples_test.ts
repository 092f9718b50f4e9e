/** Batches of the samples that arrive first: what comes in an epoch, and what a state resumes. */
import { assert, assertEquals } from "@std/assert";
import { Sampler, samplerOptions } from "../../src/order/sampler.ts";
import { FetchWindow } from "../../src/pipeline/fetch_window.ts";
import { PrefetchWindow } from "../../src/pipeline/prefetch.ts";
import { PoolLedger, type SamplePool } from "../../src/pool.ts";
import { ProgressTracker } from "../../src/progress.ts";
import { MemoryBlobBatch } from "../../src/source/blob_batch.ts";
import type { BlobBatch, FetchOptions } from "../../src/source/source.ts";
import type { LoaderState } from "../../src/state.ts";
import type { IdList } from "../../src/ids.ts";
import { countedIds, FakeSource, numberOf } from "./fake_source.ts";

interface Open {
  count: number;
  got: { place: number; sample: number }[];
  resolve(batch: BlobBatch): void;
}

/** Samples arrive in an order that has nothing to do with that in which they were asked for. */
class ShuffledSource extends FakeSource {
  readonly #pools = new Map<SamplePool, { ledger: PoolLedger<Open>; open: Open[] }>();
  #state = 12345;

  constructor() {
    super(() => new Uint8Array(1));
  }

  override fetch(ids: IdList, { pool, signal }: FetchOptions = {}): Promise<BlobBatch> {
    const known = this.#pools.get(pool!) ?? { ledger: new PoolLedger<Open>(), open: [] };
    this.#pools.set(pool!, known);
    const { promise, resolve, reject } = Promise.withResolvers<BlobBatch>();
    signal!.addEventListener("abort", () => reject(signal!.reason), { once: true });
    const open = { count: ids.length, got: [], resolve };
    known.open.push(open);
    const start = known.ledger.add(ids.length, open);
    for (let i = 0; i < ids.length; i++) {
      const sample = { place: start + i, sample: numberOf(ids, i) };
      setTimeout(() => this.#arrive(known.open, sample), this.#random(12));
    }
    return promise;
  }

  #arrive(open: Open[], sample: { place: number; sample: number }): void {
    const [first] = open;
    first.got.push(sample);
    if (first.got.length < first.count) return;
    open.shift();
    const samples = first.got.map((each) => ({ data: new Uint8Array(1), label: each.sample }));
    first.resolve(new MemoryBlobBatch(samples, Float64Array.from(first.got, (each) => each.place)));
  }

  #random(below: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) >>> 0;
    return (this.#state >>> 8) % below;
  }
}

interface Run {
  /** Samples of each epoch, in the order in which they came. */
  epochs: number[][];
  states: LoaderState[];
}

/** What a loader does, without its GPU. */
async function load(
  ids: IdList,
  order: Parameters<typeof samplerOptions>[1],
  epochs: number,
  limit: number,
  resume?: LoaderState | LoaderState[],
): Promise<Run> {
  const sampler = new Sampler(samplerOptions(ids.length, order));
  const progress = new ProgressTracker(ids, sampler, { resume, epochs, ordering: "samples" });
  const window = new FetchWindow(
    new ShuffledSource(),
    progress.jobs(false),
    new PrefetchWindow(4, 0),
    "samples",
  );
  const run: Run = { epochs: Array.from({ length: epochs }, () => []), states: [] };
  for (let taken = 0; taken < limit; taken++) {
    const fetched = await window.next();
    if (!fetched) break;
    if (!fetched.blobs) throw fetched.error;
    const { job, blobs } = fetched;
    for (let i = 0; i < job.ids.length; i++) {
      // What the batch says of itself is what came.
      assertEquals(blobs.label(i), numberOf(job.ids, i));
      if (job.valid[i]) run.epochs[job.epoch].push(numberOf(job.ids, i));
    }
    const earlier = run.epochs.findLastIndex((samples) => samples.length > 0);
    assertEquals(earlier, job.epoch);
    blobs[Symbol.dispose]();
    run.states.push(JSON.parse(JSON.stringify(progress.advance(job))));
  }
  await window.stop();
  return run;
}

const COUNT = 103;
const ids = countedIds(COUNT);
const all = Array.from({ length: COUNT }, (_, i) => i);
const sorted = (list: number[]) => list.toSorted((a, b) => a - b);

Deno.test("samples that arrive first fill batches, each once an epoch, epochs apart", async () => {
  const { epochs } = await load(ids, { batchSize: 8 }, 3, Infinity);
  for (const epoch of epochs) {
    assertEquals(sorted(epoch), all);
    assert(epoch.some((sample, i) => sample !== i), "they came in order");
  }
});

Deno.test("a state between such batches resumes with what has not come", async () => {
  const order = { batchSize: 8, shuffle: true, seed: 3 };
  for (const limit of [1, 5, 12, 13, 20]) {
    const first = await load(ids, order, 2, limit);
    const state = first.states.at(-1)!;
    const window = 4 * order.batchSize;
    assert(state.done.exceptions.length <= window, `${state.done.exceptions.length} exceptions`);
    const second = await load(ids, order, 2, Infinity, state);
    for (const epoch of [0, 1]) {
      assertEquals(sorted([...first.epochs[epoch], ...second.epochs[epoch]]), all);
    }
  }
});

Deno.test("shards of such batches are resumed by another number of shards", async () => {
  const order = { batchSize: 5, shuffle: true };
  const of = (index: number, count: number) => ({ ...order, shard: { index, count } });
  const seen: number[] = [];
  const states: LoaderState[] = [];
  for (const [index, limit] of [3, 6].entries()) {
    const run = await load(ids, of(index, 2), 1, limit);
    seen.push(...run.epochs[0]);
    states.push(run.states.at(-1)!);
  }
  for (const index of [0, 1, 2]) {
    seen.push(...(await load(ids, of(index, 3), 1, Infinity, states)).epochs[0]);
  }
  assertEquals(sorted(seen), all);
});
