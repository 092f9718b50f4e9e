/** Shards of runs at random that real loaders load. */
import { type LabelReader, Loader, type LoaderState, noLabels, resize } from "../mod.ts";
import { picture } from "./loader_fixture.ts";
import { countedIds, FakeSource, numberOf } from "./pipeline/fake_source.ts";
import type { Generation, Handed, Random, RunOptions, Shard } from "./progress_model.ts";

/** How bad samples are to be treated, and what loads them. */
export interface Loading {
  device: GPUDevice;
  onCorrupt: "mask" | "skip";
  has: (sample: number) => boolean;
  /** The loaders that were made, to be disposed of. */
  made: AsyncDisposable[];
}

/** A shard that a loader loads, whose fetches end in any order. */
export class LoadedShard implements Shard {
  epoch: number;
  readonly #loader: Loader<null>;
  readonly #epochs: number;
  #ended = false;

  constructor(
    { device, onCorrupt, has, made }: Loading,
    { ids, size, seed, shuffle, weights, lastBatch, epochs }: RunOptions,
    { shards, batchSize, ordering }: Generation,
    index: number,
    random: Random,
    resume?: LoaderState | LoaderState[],
  ) {
    const delay = () => new Promise<void>((done) => setTimeout(done, random.below(6)));
    this.#loader = new Loader<null>({
      source: new FakeSource((sample) => has(sample) ? picture(sample) : null, delay),
      device,
      ids: countedIds(ids),
      limit: size,
      shard: { index, count: shards },
      labels: noLabels() as LabelReader<null>,
      augment: [resize(4)],
      output: { dtype: "u8" },
      ...{ seed, shuffle, weights, lastBatch, epochs, batchSize, ordering, onCorrupt, resume },
    });
    made.push(this.#loader);
    this.#epochs = epochs;
    this.epoch = resume === undefined ? 0 : Math.min(...[resume].flat().map(({ epoch }) => epoch));
  }

  async take(batches: number): Promise<Handed[]> {
    const handed: Handed[] = [];
    if (this.#ended || batches === 0) return handed;
    this.#ended = true;
    for await (using batch of this.#loader) {
      const { epoch, ids, valid } = batch;
      const samples = [...valid.keys()].filter((i) => valid[i]).map((i) => numberOf(ids, i));
      const state: LoaderState = JSON.parse(JSON.stringify(batch.state));
      handed.push({ epoch, samples, state });
      this.epoch = state.epoch;
      if (handed.length < batches) continue;
      this.#ended = this.epoch >= this.#epochs;
      break;
    }
    return handed;
  }
}
