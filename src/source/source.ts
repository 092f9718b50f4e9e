import type { CassetteError } from "../errors.ts";
import type { IdList } from "../ids.ts";
import type { Latency } from "../latency.ts";
import type { SamplePool } from "../pool.ts";
import type { LexedBlobs } from "../jpeg/lex.ts";

/** How the label column is read: a 32-bit integer, raw bytes, or not at all. */
export type LabelType = "int" | "blob" | "none";

/** A label as a source hands it out: copied, never a view into an arena. */
export type RawLabel = number | Uint8Array<ArrayBuffer> | null;

/** What a source counts since it was opened. */
export interface SourceStats {
  /** Samples asked for. */
  requested: number;
  /** Samples that arrived whole. */
  delivered: number;
  /** Samples that failed. */
  failed: number;
  /** Bytes of blobs that arrived. */
  bytes: number;
  /** Requests sent again after a failure. */
  retries: number;
  /** Requests under way now; for sources that send requests. */
  inFlight?: number;
  /** Samples asked for that wait to be sent now. */
  waiting?: number;
  /** How long single requests took. */
  latency?: Latency;
  /** Batches asked for that have not been handed out; native driver only. */
  batches?: number;
  /** Bytes of memory for batches, handed out or kept for the next; native driver only. */
  arenaBytes?: number;
}

/**
 * Blobs and labels of one batch of ids, in the order in which the ids were asked for.
 *
 * The blobs lie in one block of memory that goes back to the source on dispose; a view kept longer
 * reads length 0. A blob that is moved to a worker takes the whole block with it.
 */
export interface BlobBatch extends Disposable {
  /** Number of samples. */
  readonly length: number;
  /** The memory in which the blobs lie; between them there may be gaps. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each blob begins in `bytes`; multiples of 16. */
  readonly offsets: Float64Array;
  /** Length of each blob in bytes; 0 for a sample that failed. */
  readonly lengths: Uint32Array;
  /** Number of samples that failed. */
  readonly failures: number;
  /**
   * For a fetch of a pool, which samples came: their places among all that were asked for in the
   * pool, from 0 on. Left out where they are those that were asked for, in that order.
   */
  readonly places?: Float64Array;
  /**
   * Markers and entropy-coded segments of the blobs, where that was asked for and the source has had
   * them lexed on another thread; the decoder lexes them itself otherwise. Valid until dispose.
   */
  readonly lexed?: LexedBlobs;
  /**
   * One blob.
   *
   * @param index Place of the sample in the batch.
   * @returns A view into `bytes`, valid until dispose; empty for a sample that failed.
   * @throws {UsageError} If there is no such place.
   */
  blob(index: number): Uint8Array<ArrayBuffer>;
  /**
   * One label.
   *
   * @param index Place of the sample in the batch.
   * @returns A copy; null where the source reads no labels, the column is null or the sample failed.
   * @throws {UsageError} If there is no such place.
   */
  label(index: number): RawLabel;
  /**
   * Why a sample failed.
   *
   * @param index Place of the sample in the batch.
   * @returns The error, or undefined for a sample that arrived.
   * @throws {UsageError} If there is no such place.
   */
  error(index: number): CassetteError | undefined;
}

/** What a source knows of a sample beside its blob and label. */
export interface SampleDescription {
  /** Its path within the data set. */
  path?: string;
}

/** Options of one fetch. */
export interface FetchOptions {
  /** Aborts the fetch; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Fetches of one pool exchange samples, see {@linkcode BlobBatch.places}. A source may ignore it. */
  pool?: SamplePool;
  /** Whether the blobs are to be lexed as JPEG files, see {@linkcode BlobBatch.lexed}. A source may ignore it. */
  lex?: boolean;
}

/**
 * Where blobs come from. All sources have this interface and pass the same tests.
 *
 * Several fetches may be under way at once; each resolves when all of its samples have arrived or
 * failed. A failed sample is told by {@linkcode BlobBatch.error}, it never rejects the fetch.
 */
export interface BlobSource extends AsyncDisposable {
  /** Name for messages: `sqlite`, `cassandra (native)`, `cassandra (js)`. */
  readonly name: string;
  /** How the label column is read. */
  readonly labelType: LabelType;
  /**
   * Fetches blobs by id.
   *
   * @param ids The ids, in the order in which the samples shall come.
   * @param options A signal that aborts.
   * @returns Their blobs and labels.
   * @throws {UsageError} If there is no list of ids, or an option is wrong.
   * @throws {DisposedError} If the source has been disposed.
   * @throws The signal's reason, if it aborts.
   */
  fetch(ids: IdList, options?: FetchOptions): Promise<BlobBatch>;
  /**
   * Describes samples, for messages; a source that knows nothing leaves it out.
   *
   * @param ids Their ids.
   * @returns What is known of each, in the same order; never a rejection for what is not known.
   */
  describe?(ids: IdList): Promise<SampleDescription[]>;
  /**
   * What was counted since the source was opened.
   *
   * @returns A copy of the counters.
   */
  stats(): SourceStats;
}
