import jpeg from "jpeg-js";
import { type Batch, Loader, type LoaderOptions, requestDevice, resize } from "../mod.ts";
import { countedIds, FakeSource, numberOf } from "./pipeline/fake_source.ts";

/** A grey picture whose brightness tells which sample it is. */
export function picture(sample: number, width = 24, height = 16): Uint8Array {
  const data = new Uint8Array(width * height * 4).fill(brightness(sample));
  return new Uint8Array(jpeg.encode({ width, height, data }, 100).data);
}

/** Brightness of the picture of a sample. */
export function brightness(sample: number): number {
  return 16 + (sample * 5) % 224;
}

/** What a test of the loader works with; the device is shared, as starting one takes long. */
export interface Fixture {
  device: GPUDevice;
  source: FakeSource;
  loader: <L = Int32Array>(options?: Partial<LoaderOptions<L>>) => Loader<L>;
}

let shared: Promise<GPUDevice> | undefined;

/** Makes a source of `size` pictures and loaders over it. */
export async function fixture(
  size: number,
  blob: (sample: number) => Uint8Array | null = picture,
  gate?: (fetch: number) => Promise<void>,
): Promise<Fixture> {
  const device = await (shared ??= requestDevice());
  const source = new FakeSource(blob, gate);
  return {
    device,
    source,
    loader: (options = {}) =>
      new Loader({
        source,
        device,
        ids: countedIds(size),
        batchSize: 4,
        augment: [resize(8)],
        output: { layout: "NHWC", dtype: "u8" },
        ...options,
      }),
  };
}

/** A batch, as far as tests compare it. */
export interface Seen {
  epoch: number;
  samples: number[];
  valid: number[];
}

/** Loops over a loader to its end, checks that each picture is its sample's, and tells what came. */
export async function collect(loader: Loader<Int32Array>): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (using batch of loader) {
    const samples = Array.from(batch.ids, (_, i) => numberOf(batch.ids, i));
    const pixels = await batch.images.read();
    const bytes = pixels.length / batch.length;
    samples.forEach((sample, i) => {
      const expected = batch.errors.some(({ index }) => index === i) ? 0 : brightness(sample);
      const received = pixels[i * bytes + bytes / 2];
      if (Math.abs(received - expected) > 2) {
        throw new Error(`sample ${sample} has brightness ${received}, not ${expected}`);
      }
    });
    seen.push({ epoch: batch.epoch, samples, valid: [...batch.valid] });
  }
  return seen;
}

/** Samples of some batches, ascending. */
export function sortedSamples(batches: Seen[]): number[] {
  return batches.flatMap(({ samples, valid }) => samples.filter((_, i) => valid[i]))
    .sort((a, b) => a - b);
}

/** The numbers 0 … size − 1. */
export function range(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i);
}

/** Samples of a batch, by their numbers. */
export function samplesOf(batch: Batch<unknown>): number[] {
  return range(batch.length).map((i) => numberOf(batch.ids, i));
}

/** Not a picture. */
export const TEXT: Uint8Array = new TextEncoder().encode("not a picture at all");

const TRUNCATED = picture(6).slice(0, 400);

/** Pictures of which 2 is missing, 5 is text and 6 is cut off. */
export function damaged(sample: number): Uint8Array | null {
  if (sample === 2) return null;
  return sample === 5 ? TEXT : sample === 6 ? TRUNCATED : picture(sample);
}

/** The id that {@linkcode countedIds} gives a number. */
export function idOf(n: number): string {
  return `00000000-0000-0000-0000-${n.toString(16).padStart(12, "0")}`;
}
