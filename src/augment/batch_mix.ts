import { largest } from "../extremes.ts";
import type { Chain } from "./chain.ts";

/** What {@linkcode mixup} or {@linkcode cutmix} did to one sample of a batch. */
export interface SampleMix {
  /** Which of the list's mixing operators it was; each mixes what the ones before have left. */
  step: number;
  /** Place of the sample in the batch. */
  index: number;
  /** Which operator it was. */
  kind: "mixup" | "cutmix";
  /** Place of the other sample in the batch. */
  partner: number;
  /** Weight of the sample's own label, from 0 to 1; that of the partner's is 1 - it. */
  weight: number;
  /** The rectangle that is the partner's, in pixels of the result; only for `cutmix`. */
  box?: { x: number; y: number; width: number; height: number };
}

/** What was mixed with what in a batch, in the order in which it was done; samples that were not mixed are left out. */
export type BatchMix = SampleMix[];

/**
 * Writes down what was mixed.
 *
 * @param images Null for an image that is not there.
 * @param chains What is done to each image.
 * @param first Place of the first image in the batch.
 * @returns What was mixed, operator by operator.
 */
export function mixOf(
  images: readonly (unknown | null)[],
  chains: readonly Chain[],
  first: number,
): BatchMix {
  const mixes: BatchMix = [];
  const steps = largest(images.map((image, i) => image ? chains[i].mixingCount : 0), 0);
  for (let step = 0; step < steps; step++) {
    images.forEach((image, i) => {
      const mixing = image && step < chains[i].mixingCount ? chains[i].mixings[step] : null;
      if (!mixing?.kind) return;
      const { kind, weight, partner, box: [x, y, right, bottom] } = mixing;
      const entry: SampleMix = {
        step,
        index: first + i,
        kind,
        partner: first + partner,
        weight,
      };
      if (kind === "cutmix") {
        const { width, height } = chains[i];
        // The box hides what it covers; the label's weight is the share that remains.
        entry.box = { x, y, width: right - x, height: bottom - y };
        entry.weight = 1 - (right - x) * (bottom - y) / (width * height);
      }
      mixes.push(entry);
    });
  }
  return mixes;
}
