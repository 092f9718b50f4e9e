import { formatId, ID_BYTES, IdList } from "../../src/ids.ts";
import { MissingSampleError } from "../../src/errors.ts";
import { MemoryBlobBatch } from "../../src/source/blob_batch.ts";
import type { BlobBatch, BlobSource, FetchOptions, SourceStats } from "../../src/source/source.ts";

/** Makes ids that count up from 0. */
export function countedIds(count: number): IdList {
  const bytes = new Uint8Array(count * ID_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * ID_BYTES + 12, i);
  return new IdList(bytes);
}

/** The number that {@linkcode countedIds} has put into an id. */
export function numberOf(ids: IdList, index: number): number {
  return new DataView(ids.bytes.buffer, ids.bytes.byteOffset).getUint32(index * ID_BYTES + 12);
}

/** A source whose blobs a test gives by number, and whose fetches a test may hold back. */
export class FakeSource implements BlobSource {
  readonly name = "fake";
  readonly labelType = "int";
  /** Fetches that have begun: the numbers of their samples. */
  readonly begun: number[][] = [];
  /** Fetches that have not ended. */
  underWay = 0;
  /** Blob batches that have not been disposed of. */
  alive = 0;
  readonly #blob: (sample: number) => Uint8Array | null;
  readonly #gate: (fetch: number) => Promise<void>;

  constructor(
    blob: (sample: number) => Uint8Array | null,
    gate: (fetch: number) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#blob = blob;
    this.#gate = gate;
  }

  async fetch(ids: IdList, { signal }: FetchOptions = {}): Promise<BlobBatch> {
    const numbers = Array.from({ length: ids.length }, (_, i) => numberOf(ids, i));
    const index = this.begun.push(numbers) - 1;
    this.underWay++;
    try {
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal!.reason);
      signal?.addEventListener("abort", abort, { once: true });
      await Promise.race([this.#gate(index), aborted.promise]);
      signal?.removeEventListener("abort", abort);
    } finally {
      this.underWay--;
    }
    const batch = new MemoryBlobBatch(numbers.map((sample, i) => {
      const data = this.#blob(sample);
      if (data) return { data, label: sample };
      const sampleId = formatId(ids.bytes, i * ID_BYTES);
      return { label: null, error: new MissingSampleError(`no ${sampleId}`, { sampleId }) };
    }));
    this.alive++;
    const dispose = batch[Symbol.dispose].bind(batch);
    batch[Symbol.dispose] = () => {
      this.alive--;
      dispose();
    };
    return batch;
  }

  stats(): SourceStats {
    return { requested: 0, delivered: 0, failed: 0, bytes: 0, retries: 0 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
