import type { CassetteError } from "../errors.ts";
import { blame, blamed, isRefusal } from "../gpu/blame.ts";
import { GpuImages } from "../gpu/images.ts";
import { ID_BYTES, IdList } from "../ids.ts";
import type { SampleKeys } from "./stages.ts";

/** What came of some samples. */
export interface Augmented<T> {
  /** What the device took: one result for each try. */
  readonly results: readonly T[];
  /** Why it did not take a sample, by its place. */
  readonly faults: ReadonlyMap<number, CassetteError>;
}

/** Submits work for samples that follow one another; `at` is the place of the first. */
export type Apply<T> = (images: GpuImages, keys: SampleKeys, at: number) => Promise<T>;

/**
 * Submits the augmentation of images. Where the device does not take it, those that are to blame are
 * found, and it is done without them.
 *
 * @param images The images.
 * @param keys What the random parameters depend on.
 * @param mixes Whether images are mixed with each other, so that they must be taken together.
 * @param apply Submits the work.
 * @returns What came of it.
 * @throws {LimitsError} If there is no memory for it, and no image is to blame.
 * @throws {GpuError} If the device refuses it otherwise, and no image is to blame.
 */
export async function applyOrBlame<T>(
  images: GpuImages,
  keys: SampleKeys,
  mixes: boolean,
  apply: Apply<T>,
): Promise<Augmented<T>> {
  const results: T[] = [];
  const places = images.images.map((_, i) => i);
  let first: CassetteError | undefined;
  const faults = await blame(places, async (some) => {
    const [from, to] = [some[0], some[some.length - 1] + 1];
    try {
      results.push(await apply(imagesOf(images, from, to), keysOf(keys, from, to), from));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      first ??= error;
      return error;
    }
  });
  if (!first) return { results, faults };
  // What is refused whatever the image is no image's fault, nor is what is too much only together.
  const alone = places.length === 1;
  if (!alone && (faults.size === places.length || mixes && faults.size === 0)) throw first;
  for (const [place, error] of faults) {
    const id = keys.ids?.at(place);
    faults.set(place, blamed(error, `augment sample ${id ?? place}`, id));
  }
  if (!mixes || alone) return { results, faults };
  return { results: [await apply(images.without([...faults.keys()]), keys, 0)], faults };
}

/**
 * Some of a batch's images.
 *
 * @param images The images.
 * @param from Place of the first.
 * @param to Place after the last.
 * @returns A view that owns nothing.
 */
export function imagesOf(images: GpuImages, from: number, to: number): GpuImages {
  if (from === 0 && to === images.images.length) return images;
  return new GpuImages(images.device, images.buffer, images.images.slice(from, to), () => {});
}

/**
 * What the random parameters of some of a batch's samples depend on.
 *
 * @param keys Those of the batch.
 * @param from Place of the first.
 * @param to Place after the last.
 * @returns Theirs.
 */
export function keysOf(keys: SampleKeys, from: number, to: number): SampleKeys {
  const { positions, valid, ids } = keys;
  return {
    ...keys,
    positions: Array.prototype.slice.call(positions, from, to),
    valid: valid && Array.prototype.slice.call(valid, from, to),
    ids: ids && new IdList(ids.bytes.subarray(from * ID_BYTES, to * ID_BYTES)),
  };
}
