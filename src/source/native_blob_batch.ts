import type { CassandraConfig } from "./cassandra_config.ts";
import { checkPlace } from "./blob_batch.ts";
import { scrubberOf } from "./scrub.ts";
import { sampleError, type SampleFault } from "./cassandra_errors.ts";
import type { BlobBatch, RawLabel } from "./source.ts";
import { LABEL_NULL, MESSAGE_BYTES, type NativeBatch, SampleStatus } from "../ffi/native_batch.ts";
import type { NativeLexed } from "../ffi/native_lexer.ts";
import type { CassetteError } from "../errors.ts";
import { formatId, ID_BYTES } from "../ids.ts";

const FAULTS: Record<number, SampleFault> = {
  [SampleStatus.MISSING_ROW]: "row",
  [SampleStatus.NULL_BLOB]: "null",
  [SampleStatus.EMPTY_BLOB]: "empty",
  [SampleStatus.TIMEOUT]: "time",
  [SampleStatus.FAILED]: "other",
  [SampleStatus.WRONG_TYPE]: "type",
  [SampleStatus.NO_MEMORY]: "memory",
  [SampleStatus.BAD_ANSWER]: "other",
  [SampleStatus.LARGE_BLOB]: "large blob",
  [SampleStatus.LARGE_LABEL]: "large label",
};

/** The server does not take the statement any more: syntax, permission, table, configuration. */
const REFUSALS = new Set([0x2000, 0x2100, 0x2200, 0x2300].map((code) => 2 << 24 | code));

/** The samples that were asked for in a pool and have not come. */
export class PoolMembers {
  /** Number of the group that the pool is in the shim. */
  readonly group: bigint;
  readonly #asked = new Map<number, { start: number; ids: Uint8Array; left: number }>();
  #next = 0;

  /** @param group Number of the group that the pool is in the shim. */
  constructor(group: bigint) {
    this.group = group;
  }

  /**
   * Takes note of a fetch.
   *
   * @param token Its token in the shim.
   * @param ids Its ids, 16 bytes each.
   */
  add(token: bigint, ids: Uint8Array): void {
    const left = ids.length / ID_BYTES;
    this.#asked.set(Number(token & 0xffffffffn), { start: this.#next, ids, left });
    this.#next += left;
  }

  /**
   * Finds out which samples have come, and forgets them.
   *
   * @param origins As the shim has them.
   * @returns Their ids, and their places in the pool.
   */
  take(origins: Uint32Array): { own: Uint8Array; places: Float64Array } {
    const count = origins.length / 2;
    const own = new Uint8Array(count * ID_BYTES);
    const places = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const [token, index] = [origins[2 * i], origins[2 * i + 1]];
      const asked = this.#asked.get(token)!;
      places[i] = asked.start + index;
      const from = index * ID_BYTES;
      own.set(asked.ids.subarray(from, from + ID_BYTES), i * ID_BYTES);
      if (--asked.left === 0) this.#asked.delete(token);
    }
    return { own, places };
  }
}

/** A batch of the native driver as all sources hand it out. */
export class NativeBlobBatch implements BlobBatch {
  readonly length: number;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
  readonly failures: number;
  readonly places?: Float64Array;
  readonly lexed?: NativeLexed;
  readonly #config: CassandraConfig;
  readonly #ids: Uint8Array;
  readonly #batch: NativeBatch;
  #labelOffsets: Float64Array | undefined;

  /**
   * @param config Where it came from, for messages.
   * @param ids Ids of its samples, 16 bytes each.
   * @param batch The batch of the shim; given back on dispose.
   * @param places Places of its samples in their pool.
   * @param lexed Markers and segments of its blobs; given back on dispose.
   */
  constructor(
    config: CassandraConfig,
    ids: Uint8Array,
    batch: NativeBatch,
    places?: Float64Array,
    lexed?: NativeLexed,
  ) {
    this.lexed = lexed;
    this.places = places;
    this.length = batch.lengths.length;
    this.offsets = batch.offsets;
    this.lengths = batch.lengths;
    this.failures = batch.failed;
    this.#config = config;
    this.#ids = ids;
    this.#batch = batch;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#batch.blobs;
  }

  blob(index: number): Uint8Array<ArrayBuffer> {
    checkPlace(index, this.length);
    const offset = this.offsets[index];
    return this.#batch.blobs.subarray(offset, offset + this.lengths[index]);
  }

  label(index: number): RawLabel {
    checkPlace(index, this.length);
    const { statuses, labels, labelBytes } = this.#batch;
    if (this.#config.labelType === "none" || statuses[index] !== SampleStatus.OK) return null;
    if (this.#config.labelType === "int") return labels[index];
    if (!this.#labelOffsets) {
      this.#labelOffsets = new Float64Array(labels.length);
      for (let i = 1; i < labels.length; i++) {
        this.#labelOffsets[i] = this.#labelOffsets[i - 1] + labels[i - 1];
      }
    }
    const offset = this.#labelOffsets[index];
    return labelBytes.slice(offset, offset + labels[index]);
  }

  error(index: number): CassetteError | undefined {
    checkPlace(index, this.length);
    const fault = FAULTS[this.#batch.statuses[index] & ~LABEL_NULL];
    if (fault === undefined) return undefined;
    const { code, message, attempts } = this.#batch.failures.get(index) ?? {};
    return sampleError(
      this.#config,
      formatId(this.#ids, index * ID_BYTES),
      REFUSALS.has(code ?? 0) ? "gone" : fault,
      scrubberOf(this.#config).cut(message ?? "", MESSAGE_BYTES),
      attempts,
    );
  }

  [Symbol.dispose](): void {
    this.#batch.release();
    this.lexed?.[Symbol.dispose]();
  }
}
