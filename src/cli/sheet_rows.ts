import { centerCrop, type Operator, resize } from "../augment/mod.ts";
import type { MaskTensor } from "../augment/mask_tensor.ts";
import type { MaskLabelOptions } from "../codec/mask.ts";
import type { IdList } from "../ids.ts";
import { Loader } from "../loader.ts";
import { type LabelReader, mask, noLabels } from "../labels.ts";
import type { BlobSource } from "../source/source.ts";
import type { SheetCell } from "./contact_sheet.ts";
import { overlay } from "./overlay.ts";

/** What a contact sheet shows. */
export interface SheetOptions {
  source: BlobSource;
  device: GPUDevice;
  /** Samples to show, one a row. */
  ids: IdList;
  /** Caption of each sample. */
  captions: readonly string[];
  /** Operators whose outcome is shown; the last makes images of `size`². */
  augment: readonly Operator[];
  /** Side of the pictures, in pixels. */
  size: number;
  /** Augmented pictures of each sample: one for each epoch. */
  variants: number;
  seed: number;
  /** Classes of the masks that are laid over the pictures, and their colours; left out, there are none. */
  masks?: Pick<MaskLabelOptions, "classes" | "colors">;
}

/** The number beside the classes that marks pixels of none, as most data sets have it. */
const IGNORED = 255;

/**
 * Loads what a contact sheet shows: each sample as it is, and augmented.
 *
 * @param options What to show.
 * @returns One row for each sample.
 */
export async function loadRows(options: SheetOptions): Promise<SheetCell[][]> {
  const { ids, size, captions } = options;
  const whole = [resize({ width: size, height: size, mode: "notSmaller" }), centerCrop(size)];
  const rows: SheetCell[][] = Array.from({ length: ids.length }, () => []);
  await addColumn(options, whole, 1, rows, (sample) => captions[sample]);
  await addColumn(options, options.augment, options.variants, rows, (_, epoch) => `epoch ${epoch}`);
  return rows;
}

async function addColumn(
  { source, device, ids, seed, size, masks }: SheetOptions,
  augment: readonly Operator[],
  epochs: number,
  rows: SheetCell[][],
  caption: (sample: number, epoch: number) => string,
): Promise<void> {
  const labels: LabelReader<MaskTensor | null | void[]> = masks === undefined
    ? noLabels()
    : mask({ ...masks, ignore: IGNORED });
  await using loader = new Loader({
    source,
    device,
    ids,
    seed,
    epochs,
    augment,
    batchSize: Math.min(ids.length, 16),
    labels,
    onCorrupt: "mask",
    output: { layout: "NHWC", dtype: "u8" },
  });
  const bytes = size * size * 3;
  let at = 0;
  for await (using batch of loader) {
    const pixels = await batch.images.read() as Uint8Array;
    if (masks) {
      overlay(pixels, await (batch.labels as MaskTensor).read(), IGNORED);
    }
    for (let i = 0; i < batch.length; i++, at++) {
      const sample = at % ids.length;
      const error = batch.errors.find(({ index }) => index === i);
      rows[sample].push({
        pixels: error ? null : pixels.subarray(i * bytes, (i + 1) * bytes),
        caption: error ? error.reason.name : caption(sample, batch.epoch),
        bad: error !== undefined,
      });
    }
  }
}
