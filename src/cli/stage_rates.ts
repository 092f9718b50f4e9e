import { Augmenter, type Operator } from "../augment/mod.ts";
import type { GpuImages } from "../gpu/images.ts";
import { submitted } from "../gpu/scope.ts";
import { GpuTensor, tensorBytes } from "../gpu/tensor.ts";
import type { IdList } from "../ids.ts";
import { JpegDecoder } from "../jpeg/decoder.ts";
import type { BlobBatch, BlobSource } from "../source/source.ts";

/** How fast one stage is on its own. */
export interface StageRate {
  /** Name of the stage. */
  stage: "fetch" | "decode" | "augment";
  /** Images a second. */
  rate: number;
}

/** Batches of which each stage takes the same. */
const BATCHES = 8;

/**
 * Measures each stage on its own, over the same batches.
 *
 * @param source Where the blobs come from.
 * @param device The device that computes.
 * @param ids Ids of all samples.
 * @param operators What to augment with.
 * @param batchSize Samples in a batch.
 * @returns One rate for each stage, in the order in which data pass them.
 */
export async function measureStages(
  source: BlobSource,
  device: GPUDevice,
  ids: IdList,
  operators: readonly Operator[],
  batchSize: number,
): Promise<StageRate[]> {
  const lists: IdList[] = [];
  for (let first = 0; first < ids.length && lists.length < BATCHES; first += batchSize) {
    const length = Math.min(batchSize, ids.length - first);
    lists.push(ids.pick(Array.from({ length }, (_, i) => first + i)));
  }
  const count = lists.reduce((sum, list) => sum + list.length, 0);
  using stack = new DisposableStack();
  let blobs: BlobBatch[] = [];
  const fetch = await timed(device, async () => {
    blobs = await Promise.all(lists.map((list) => source.fetch(list)));
  });
  for (const batch of blobs) stack.use(batch);

  const decoder = stack.use(new JpegDecoder(device));
  await decoder.warmUp();
  const decoded: { first: number; images: GpuImages }[][] = [];
  const decode = await timed(device, async () => {
    for (const batch of blobs) decoded.push(await Array.fromAsync(decoder.decodeParts(batch)));
  });
  for (const { images } of decoded.flat()) stack.use(images);

  const augmenter = new Augmenter(device, operators);
  await augmenter.warmUp();
  const augment = await timed(device, async () => {
    for (const [b, parts] of decoded.entries()) {
      for (const { first, images } of parts) {
        const positions = images.images.map((_, i) => b * batchSize + first + i);
        const keys = { seed: 0, epoch: 0, positions };
        const shape = augmenter.shape(images.images, keys);
        if (!shape) continue;
        const descriptor = {
          shape: [images.images.length, 3, shape.height, shape.width] as const,
          dtype: "f32" as const,
          layout: "NCHW" as const,
        };
        const size = tensorBytes(descriptor);
        const buffer = await submitted(
          device,
          "measure a batch",
          () => device.createBuffer({ label: "batch", size, usage: GPUBufferUsage.STORAGE }),
        );
        stack.defer(() => buffer.destroy());
        await augmenter.apply(images, keys, new GpuTensor(device, buffer, descriptor));
      }
    }
  });
  return [
    { stage: "fetch", rate: count / fetch },
    { stage: "decode", rate: count / decode },
    { stage: "augment", rate: count / augment },
  ];
}

/** Seconds that some work takes, until the GPU has done it. */
async function timed(device: GPUDevice, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  await device.queue.onSubmittedWorkDone();
  return (performance.now() - start) / 1000;
}
