import { OptionCheck } from "../check.ts";
import { type CassetteError, UsageError } from "../errors.ts";
import { IdList } from "../ids.ts";
import type { BlobBatch, FetchOptions, RawLabel } from "./source.ts";

const ALIGNMENT = 16;

/** What is known of one sample when its batch is put together. */
export interface FetchedSample {
  /** The blob; undefined for a sample that failed. */
  data?: Uint8Array;
  /** The label; null where there is none. */
  label: RawLabel;
  /** Why the sample failed. */
  error?: CassetteError;
}

/** A {@linkcode BlobBatch} in memory of JavaScript's own, for sources without an arena. */
export class MemoryBlobBatch implements BlobBatch {
  readonly length: number;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
  readonly failures: number;
  readonly places?: Float64Array;
  #bytes: Uint8Array<ArrayBuffer>;
  readonly #samples: readonly FetchedSample[];

  /**
   * Copies the samples together.
   *
   * @param samples The samples in the order in which they were asked for; blobs are copied.
   * @param places For a fetch of a pool, their places in it.
   */
  constructor(samples: readonly FetchedSample[], places?: Float64Array) {
    this.places = places;
    this.length = samples.length;
    this.offsets = new Float64Array(samples.length);
    this.lengths = new Uint32Array(samples.length);
    let end = 0;
    let failures = 0;
    for (let i = 0; i < samples.length; i++) {
      const { data, error } = samples[i];
      this.offsets[i] = end;
      this.lengths[i] = data?.length ?? 0;
      end += Math.ceil(this.lengths[i] / ALIGNMENT) * ALIGNMENT;
      if (error) failures++;
    }
    this.failures = failures;
    this.#bytes = new Uint8Array(end);
    for (let i = 0; i < samples.length; i++) {
      const { data } = samples[i];
      if (data) this.#bytes.set(data, this.offsets[i]);
    }
    this.#samples = samples.map(({ label, error }) => ({ label, error }));
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    // A caller may have moved it to a worker.
    return this.#bytes.buffer.detached ? new Uint8Array(0) : this.#bytes;
  }

  blob(index: number): Uint8Array<ArrayBuffer> {
    checkPlace(index, this.length);
    const offset = this.offsets[index];
    return this.bytes.subarray(offset, offset + this.lengths[index]);
  }

  label(index: number): RawLabel {
    checkPlace(index, this.length);
    return this.#samples[index].label;
  }

  error(index: number): CassetteError | undefined {
    checkPlace(index, this.length);
    return this.#samples[index].error;
  }

  [Symbol.dispose](): void {
    if (this.#bytes.buffer.detached) return;
    this.#bytes.buffer.transfer(0);
    this.#bytes = new Uint8Array(0);
  }
}

const check = new OptionCheck("fetch");

/**
 * Checks what a source is asked for.
 *
 * @param ids As the caller gave them.
 * @param options As the caller wrote them.
 * @throws {UsageError} If there is no list of ids, an option is wrong or does not exist.
 */
export function checkFetch(ids: IdList, options: FetchOptions): void {
  check.that(ids instanceof IdList, "ids", "an IdList", ids);
  check.names(options, { signal: true, pool: true, lex: true });
  const { signal, pool, lex } = options;
  check.signal("signal", signal);
  const isPool = pool === undefined || (typeof pool === "object" && pool !== null);
  check.that(isPool, "pool", "a SamplePool", pool);
  check.flag("lex", lex);
}

/**
 * Checks the place of a sample in its batch.
 *
 * @param index As the caller gave it.
 * @param length Number of samples.
 * @throws {UsageError} If there is no such place.
 */
export function checkPlace(index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new UsageError(
    `Cannot read a batch as index must be from 0 to ${length - 1}: received ${index}`,
    { option: "index" },
  );
}
