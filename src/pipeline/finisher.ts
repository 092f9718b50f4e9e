import type { SampleMix } from "../augment/batch_mix.ts";
import type { MaskTensor } from "../augment/mask_tensor.ts";
import { maskNumbers } from "../codec/mask.ts";
import { type CassetteError, type SampleError, ShapeError } from "../errors.ts";
import { clearRows, packRows } from "../gpu/rows.ts";
import type { GpuTensor } from "../gpu/tensor.ts";
import type { IdList } from "../ids.ts";
import type { LabelReader } from "../labels.ts";
import type { BlobSource } from "../source/source.ts";
import type { Job } from "./job.ts";
import type { Submitted } from "./maker.ts";
import { namePath } from "./name_path.ts";
import type { RaggedImages, TensorLender } from "./tensors.ts";

/** What becomes of samples that cannot be loaded. */
export type OnCorrupt = "throw" | "skip" | "mask";

/** A batch that is ready to be handed out. */
export interface Made<L> {
  /** What it was made for. */
  job: Job;
  /** Images in GPU memory; null if none remains. */
  images: GpuTensor | null;
  /** Images, and masks, that keep sizes of their own, where they may; `images` is null then. */
  ragged: RaggedImages | null;
  /** Masks in GPU memory, where labels are masks. */
  masks: MaskTensor | null;
  /** Labels, as the label reader makes them. */
  labels: L;
  /** Ids of the samples in it. */
  ids: IdList;
  /** 1 for a sample to learn from. */
  valid: Uint8Array;
  /** Samples that could not be loaded. */
  errors: SampleError[];
  /** What was mixed into which sample. */
  mix: SampleMix[];
  /** Why the whole batch could not be made. */
  failure?: CassetteError;
}

/** What a {@linkcode Finisher} works with. */
export interface FinisherOptions<L> {
  device: GPUDevice;
  tensors: TensorLender;
  labels: LabelReader<L>;
  onCorrupt: OnCorrupt;
  /** Knows the paths of samples, where it does. */
  source: Pick<BlobSource, "describe">;
  /** Whether a batch that cannot be made is handed out with its failure, instead of ending all. */
  isolate: boolean;
}

/** Codes of errors of a database that does not answer. */
const UNREACHED = ["CONNECT", "FETCH_TIMEOUT", "DISPOSED"];

/** Makes verified batches ready to be handed out: masks or leaves out what could not be loaded. */
export class Finisher<L> {
  readonly #options: FinisherOptions<L>;

  /** @param options What to do with bad samples, and with what. */
  constructor(options: FinisherOptions<L>) {
    this.#options = options;
  }

  /**
   * Makes a verified batch ready.
   *
   * @param submitted The batch.
   * @returns The batch; with `onCorrupt: "skip"` it may be empty and have no images.
   * @throws The first sample's error, with `onCorrupt: "throw"`.
   * @throws {ShapeError} With `onCorrupt: "mask"`, if no image says how large the masked ones are.
   */
  async finish(submitted: Submitted): Promise<Made<L>> {
    try {
      return await this.#finish(submitted);
    } catch (error) {
      this.discard(submitted);
      throw error;
    }
  }

  async #finish(submitted: Submitted): Promise<Made<L>> {
    const { job, images, ragged, masks, errors, mix, failure } = submitted;
    if (failure) return this.#failed(submitted, failure, []);
    const bad: number[] = [];
    errors.forEach((error, i) => error && bad.push(i));
    if (bad.length === 0) {
      await this.#clearPadded(submitted);
      const { ids, valid } = job;
      const labels = this.#labels(submitted);
      return { job, images, ragged, masks, labels, ids, valid, errors: [], mix };
    }
    const told = await this.#tell(job.ids, bad, errors);
    const { onCorrupt } = this.#options;
    if (onCorrupt === "throw") throw errors[bad[0]];
    await this.#clearPadded(submitted);
    if (onCorrupt === "mask") return await this.#mask(submitted, bad, told);
    if (ragged) return this.#drop(submitted, ragged, told);
    const packed = await this.#pack(submitted, told);
    this.discard(submitted);
    return packed;
  }

  /**
   * Gives the buffers of a batch back that will not be handed out.
   *
   * @param batch The batch.
   */
  discard({ images, ragged, masks }: Pick<Submitted, "images" | "ragged" | "masks">): void {
    this.#options.tensors.release(images, masks);
    this.#options.tensors.releaseRagged(ragged);
  }

  /** Takes the labels of samples that only fill the batch away, so that nobody learns from them. */
  async #clearPadded({ job: { valid }, labels, masks, ragged }: Submitted): Promise<void> {
    if (!valid.includes(0)) return;
    const padded = Array.from(valid.keys()).filter((i) => !valid[i]);
    for (const i of padded) labels[i] = null;
    const { device } = this.#options;
    if (masks) await clearRows(device, masks, padded, this.#noClass);
    for (const i of padded) {
      const mask = ragged?.masks?.[i];
      if (mask) await clearRows(device, mask, [0], this.#noClass);
    }
  }

  /** The number of a mask's pixels that are no class. */
  get #noClass(): number {
    const { masks } = this.#options.labels;
    return masks ? maskNumbers(masks).none : 0;
  }

  /** Errors name the paths of their samples, which are looked up only now. */
  async #tell(ids: IdList, bad: number[], errors: Submitted["errors"]): Promise<SampleError[]> {
    const told = bad.map((index): SampleError => ({
      index,
      id: ids.at(index),
      reason: errors[index]!,
    }));
    // Where the database does not answer, it need not be asked again.
    const asked = told.filter(({ reason }) => !UNREACHED.includes(reason.code));
    if (asked.length === 0) return told;
    const described = await this.#options.source.describe?.(
      ids.pick(asked.map(({ index }) => index)),
    )
      .catch(() => undefined);
    asked.forEach((error, i) => {
      const path = described?.[i]?.path;
      if (path === undefined) return;
      error.path = path;
      if (error.reason.sampleId === error.id) namePath(error.reason, path);
    });
    return told;
  }

  async #mask(submitted: Submitted, bad: number[], errors: SampleError[]): Promise<Made<L>> {
    const { job, images, ragged, masks, labels, mix } = submitted;
    const { device, isolate } = this.#options;
    if (!images && !ragged) {
      if (isolate) return this.#failed(submitted, errors[0].reason, errors);
      throw new ShapeError(
        `Cannot mask a batch as one image of it must be readable where no operator fixes the size: received ${bad.length} failures of ${job.ids.length}, the first of them: ${
          errors[0].reason.message
        }`,
        { sampleId: errors[0].id, option: "onCorrupt", cause: errors[0].reason },
      );
    }
    const valid = job.valid.slice();
    for (const i of bad) {
      valid[i] = 0;
      labels[i] = null;
    }
    if (images) await clearRows(device, images, bad);
    for (const each of [ragged?.tensors, ragged?.masks]) {
      if (each) { for (const i of bad) each[i] = null; }
    }
    if (masks) await clearRows(device, masks, bad, this.#noClass);
    const { ids } = job;
    return { job, images, ragged, masks, labels: this.#labels(submitted), ids, valid, errors, mix };
  }

  /** Leaves bad samples out where images have tensors of their own: nothing needs to move. */
  #drop(submitted: Submitted, ragged: RaggedImages, errors: SampleError[]): Made<L> {
    const { job, labels, mix } = submitted;
    const keep = labels.map((_, i) => i).filter((i) => !submitted.errors[i]);
    const kept = this.#labels({ masks: null, labels: keep.map((i) => labels[i]) });
    if (keep.length === 0) this.discard(submitted);
    return {
      job,
      images: null,
      ragged: keep.length === 0 ? null : {
        tensors: keep.map((i) => ragged.tensors[i]),
        masks: ragged.masks && keep.map((i) => ragged.masks![i]),
        buffers: ragged.buffers,
      },
      masks: null,
      labels: kept,
      ids: job.ids.pick(keep),
      valid: Uint8Array.from(keep, (i) => job.valid[i]),
      errors,
      mix: renumber(mix, keep),
    };
  }

  async #pack(submitted: Submitted, errors: SampleError[]): Promise<Made<L>> {
    const { job, images, masks, labels, mix } = submitted;
    const { device, tensors } = this.#options;
    const keep = labels.map((_, i) => i).filter((i) => !submitted.errors[i]);
    const packed: Pick<Submitted, "images" | "masks" | "labels"> = {
      images: null,
      masks: null,
      labels: keep.map((i) => labels[i]),
    };
    let kept: L;
    try {
      if (images && keep.length > 0) {
        packed.images = await tensors.imagesLike(images, keep.length);
        await packRows(device, images, keep, packed.images.buffer);
      }
      if (masks && keep.length > 0) {
        packed.masks = await tensors.masksLike(masks, keep.length);
        await packRows(device, masks, keep, packed.masks.buffer);
      }
      kept = this.#labels(packed);
    } catch (error) {
      tensors.release(packed.images, packed.masks);
      throw error;
    }
    return {
      job,
      images: packed.images,
      ragged: null,
      masks: packed.masks,
      labels: kept,
      ids: job.ids.pick(keep),
      valid: Uint8Array.from(keep, (i) => job.valid[i]),
      errors,
      mix: renumber(mix, keep),
    };
  }

  #failed(
    { job }: Submitted,
    failure: CassetteError,
    errors: SampleError[],
  ): Made<L> {
    const valid = new Uint8Array(job.ids.length);
    const labels = this.#labels({ masks: null, labels: Array.from(valid, () => null) });
    const nothing = { images: null, ragged: null, masks: null, mix: [] };
    return { job, ...nothing, labels, ids: job.ids, valid, errors, failure };
  }

  /** Labels on the CPU, or the masks themselves where labels are masks. */
  #labels({ masks, labels }: Pick<Submitted, "masks" | "labels">): L {
    const { labels: reader } = this.#options;
    return reader.masks ? masks as L : reader.collect(labels);
  }
}

/** Gives the places of samples that moved together anew. */
function renumber(mix: SampleMix[], keep: number[]): SampleMix[] {
  const places = new Map(keep.map((from, to) => [from, to]));
  return mix.flatMap((sample) => {
    const index = places.get(sample.index);
    if (index === undefined) return [];
    return [{ ...sample, index, partner: places.get(sample.partner) ?? -1 }];
  });
}
