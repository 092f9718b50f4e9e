import { Augmenter } from "./augment/augmenter.ts";
import { CpuDecoder } from "./codec/cpu_decoder.ts";
import type { BufferPool } from "./gpu/pool.ts";
import { JpegDecoder } from "./jpeg/decoder.ts";
import { defaultLabels, type LabelReader } from "./labels.ts";
import { checkRagged, type LoaderOptions } from "./options.ts";
import { Finisher } from "./pipeline/finisher.ts";
import { BatchMaker } from "./pipeline/maker.ts";
import { MixedDecoder } from "./pipeline/mixed_decoder.ts";
import { TensorLender } from "./pipeline/tensors.ts";

/** What makes batches of fetched blobs. */
export interface Stages<L> {
  maker: BatchMaker;
  finisher: Finisher<L>;
}

/** How batches are made. */
export interface StageChoice {
  /** Whether all chance is left out of the operators. */
  fixed: boolean;
  /** Whether a batch that cannot be made is handed out with its failure, instead of ending all. */
  isolate: boolean;
}

/** The stages of a loader: for training and for evaluation, alone or one request after the other. */
export class LoaderStages<L> implements Disposable {
  readonly #options: LoaderOptions<L>;
  readonly #pool: BufferPool;
  readonly #seed: number;
  readonly #jpeg: JpegDecoder;
  readonly #cpu: CpuDecoder;
  readonly #decoder: MixedDecoder;
  readonly #tensors: TensorLender;
  readonly #labels: LabelReader<L>;
  readonly #augmenters: Readonly<Record<"drawn" | "fixed", Augmenter>>;
  readonly #made = new Map<string, Stages<L>>();

  /**
   * @param options As the caller of the loader gave them.
   * @param pool Lends the GPU's memory.
   * @param seed Seed of the random operators.
   * @throws {UsageError} If an operator is wrong, or does not go with the form of the output.
   */
  constructor(options: LoaderOptions<L>, pool: BufferPool, seed: number) {
    const { source, device, onWarning, orientation, maxPixels, augment = [] } = options;
    this.#options = options;
    this.#pool = pool;
    this.#seed = seed;
    const { ragged, ...form } = options.output ?? {};
    const output = { layout: "NCHW", dtype: "f32", ...form } as const;
    const fixed = new Augmenter(device, augment, output, { pool, fixed: true });
    const drawn = new Augmenter(device, augment, output, { pool });
    this.#augmenters = { fixed, drawn };
    if (ragged) checkRagged(drawn.mixes);
    this.#jpeg = new JpegDecoder(device, { pool, orientation, maxPixels, onWarning });
    this.#cpu = new CpuDecoder({ maxPixels });
    this.#decoder = new MixedDecoder(this.#jpeg, device, pool, this.#cpu);
    this.#tensors = new TensorLender(device, pool, output);
    this.#labels = options.labels ?? defaultLabels(source.labelType) as unknown as LabelReader<L>;
  }

  /**
   * The stages that make batches in one way; they are made once.
   *
   * @param choice The way.
   * @returns The stages.
   */
  get({ fixed, isolate }: StageChoice): Stages<L> {
    const key = `${fixed} ${isolate}`;
    let stages = this.#made.get(key);
    if (!stages) this.#made.set(key, stages = this.#make(fixed, isolate));
    return stages;
  }

  #make(fixed: boolean, isolate: boolean): Stages<L> {
    const { device, source, output, requests } = this.#options;
    const onCorrupt = this.#options.onCorrupt ?? (requests ? "mask" : "throw");
    const [labels, tensors] = [this.#labels, this.#tensors];
    return {
      maker: new BatchMaker({
        device,
        pool: this.#pool,
        tensors,
        decoder: this.#decoder,
        cpu: this.#cpu,
        augmenter: this.#augmenters[fixed ? "fixed" : "drawn"],
        labels,
        seed: this.#seed,
        ragged: output?.ragged ?? false,
        isolate,
      }),
      finisher: new Finisher({ device, tensors, labels, onCorrupt, isolate, source }),
    };
  }

  /**
   * Compiles all kernels.
   *
   * @throws {DeviceLostError} If the device is lost.
   */
  async warmUp(): Promise<void> {
    const { output, labels, fixed, requests } = this.#options;
    const form = { ragged: output?.ragged, masks: labels?.masks !== undefined };
    const { drawn, fixed: evaluating } = this.#augmenters;
    const onlyFixed = fixed ?? requests !== undefined;
    await Promise.all([
      this.#jpeg.warmUp(),
      evaluating.warmUp(form),
      onlyFixed ? undefined : drawn.warmUp(form),
    ]);
  }

  /** Gives the decoder's buffers back, and ends its threads. */
  [Symbol.dispose](): void {
    this.#cpu[Symbol.dispose]();
    this.#jpeg[Symbol.dispose]();
  }
}
