import type { Operator } from "./augment/operator.ts";
import { isPromise, OptionCheck } from "./check.ts";
import { isDevice } from "./gpu/device.ts";
import { BufferPool } from "./gpu/pool.ts";
import type { DType, Layout } from "./gpu/tensor.ts";
import type { IdList } from "./ids.ts";
import type { LabelReader } from "./labels.ts";
import type { LastBatch, Shard } from "./order/sampler.ts";
import type { Ordering } from "./pipeline/fetch_window.ts";
import type { RequestIds } from "./pipeline/requests.ts";
import type { OnCorrupt } from "./pipeline/finisher.ts";
import type { BlobSource } from "./source/source.ts";
import type { LoaderState } from "./state.ts";

/** Form of the batches' tensors. */
export interface OutputOptions {
  /** Order of the dimensions; `NCHW` when left out. */
  layout?: Layout;
  /** Number format; `f32` when left out. */
  dtype?: DType;
  /**
   * True lets images keep sizes of their own: they are `batch.ragged`, a tensor each, and their masks
   * `batch.raggedMasks`. Not beside operators that mix samples. False when left out.
   */
  ragged?: boolean;
}

/** Options of a {@linkcode Loader}. */
export interface LoaderOptions<L> {
  /** Where the blobs come from; the caller disposes of it, after the loader. */
  source: BlobSource;
  /** The device that decodes and holds the batches; the loader never destroys it. */
  device: GPUDevice;
  /** Ids of the samples; may be left out for a loader that only serves requests. */
  ids?: IdList | Iterable<string>;
  /**
   * Requests to serve instead of epochs: a loop answers each in order, in parts of at most
   * `batchSize`. A failure is told by `batch.failure` or `batch.errors`; the loop goes on.
   */
  requests?: Iterable<RequestIds> | AsyncIterable<RequestIds>;
  /** Samples in a batch. */
  batchSize: number;
  /** Seed of the shuffle and of the random operators; 0 when left out. */
  seed?: number;
  /** Whether each epoch has an order of its own; false when left out. */
  shuffle?: boolean;
  /** Weight of each id: samples are drawn with replacement, see {@linkcode classWeights}. */
  weights?: ArrayLike<number>;
  /** Samples in an epoch, over all shards; all when left out, else the first so many of its order. */
  limit?: number;
  /** Epochs that one loop over the loader gives; 1 when left out, `Infinity` for no end. */
  epochs?: number;
  /** How labels are read; by the source's label type when left out. */
  labels?: LabelReader<L>;
  /** Which part of every epoch to take; all of it when left out; `env` asks {@linkcode shardFromEnv}. */
  shard?: Shard | "env";
  /** Samples that do not fill a batch: `partial` (default for one shard), `drop`, or `pad` (default for several). */
  lastBatch?: LastBatch;
  /** Batches to fetch ahead, or `auto` (default): sized to the bandwidth–delay product. */
  prefetch?: number | "auto";
  /**
   * Batches come as asked for (`ordered`, default), or whichever is complete first (`batches`); or
   * a batch is filled with the samples that arrive first (`samples`), so that none waits for a
   * straggler. Each sample of an epoch comes once, and before any of the next epoch, in all of them.
   */
  ordering?: Ordering;
  /** At the start, the fetch window grows by one batch every so many batches; 0 (default) for at once. */
  slowStart?: number;
  /** What becomes of samples that cannot be loaded: `throw` (default), `skip` or `mask`. */
  onCorrupt?: OnCorrupt;
  /** Operators that apply to each image, in order; none when left out. */
  augment?: readonly Operator[];
  /**
   * True leaves all chance out of the operators, as validation wants it; false when left out, but true
   * beside `requests`.
   */
  fixed?: boolean;
  /** Form of the batches' tensors. */
  output?: OutputOptions;
  /** EXIF orientation: `apply` (default) or `ignore` it. */
  orientation?: "apply" | "ignore";
  /**
   * Most pixels that a picture or a mask may announce, JPEG or PNG; 2^28 when left out. A larger one is
   * a `LimitsError` of its sample, and nothing is allocated for it.
   */
  maxPixels?: number;
  /**
   * Lends the GPU's memory; one of its own when left out. Loaders of one device that take turns, as
   * those for training and validation, need no more than the larger one where they share a pool. Whoever
   * made it disposes of it, after the loaders.
   */
  pool?: BufferPool;
  /**
   * Batches of a loop that may be out, neither disposed of nor taken, and of all requests together; 8
   * when left out. A loop is refused one more, a request waits for room.
   */
  maxBatchesOut?: number;
  /** State from which to go on: one, or those of all shards when their number has changed. */
  resume?: LoaderState | readonly LoaderState[];
  /** Aborts every loop over the loader with its reason. */
  signal?: AbortSignal;
  /** Gets what is worth knowing but no error; what seems to hang is told to the console without it. */
  onWarning?: (message: string) => void;
}

const KNOWN: Record<keyof LoaderOptions<unknown>, true> = {
  source: true,
  device: true,
  ids: true,
  requests: true,
  batchSize: true,
  seed: true,
  shuffle: true,
  weights: true,
  limit: true,
  epochs: true,
  labels: true,
  shard: true,
  lastBatch: true,
  prefetch: true,
  ordering: true,
  slowStart: true,
  onCorrupt: true,
  augment: true,
  fixed: true,
  output: true,
  orientation: true,
  maxPixels: true,
  pool: true,
  maxBatchesOut: true,
  resume: true,
  signal: true,
  onWarning: true,
};

const KNOWN_OUTPUT: Record<keyof OutputOptions, true> = { layout: true, dtype: true, ragged: true };

/** Options of `Loader.request`. */
export interface RequestOptions {
  /** Aborts the request with its reason. */
  signal?: AbortSignal;
  /** False has operators draw as in training, by place in the request; true when left out. */
  fixed?: boolean;
}

/** Options that only make sense for epochs. */
const EPOCHS_ONLY = [
  "ids",
  "epochs",
  "shuffle",
  "shard",
  "lastBatch",
  "weights",
  "limit",
  "resume",
] as const;

const check = new OptionCheck("make a loader");

/**
 * Checks the options that do not decide the order.
 *
 * @param options As the caller of the loader wrote them.
 * @throws {UsageError} If one is out of its range, or there is no option of that name.
 */
export function checkOptions(options: LoaderOptions<unknown>): void {
  check.names(options, KNOWN);
  const { source, device, ids, requests, output, augment, resume } = options;
  const isSource = typeof source?.fetch === "function" && typeof source.stats === "function";
  check.that(isSource, "source", "a BlobSource", source);
  check.oneOf("source.labelType", source.labelType, ["int", "blob", "none"]);
  check.that(isDevice(device), "device", "a GPUDevice", device);
  check.that(ids !== null, "ids", "an IdList or a list of UUID strings", ids);
  const isState = resume === undefined ||
    (typeof resume === "object" && resume !== null && !isPromise(resume));
  check.that(isState, "resume", "a state, or a list of states, of a loader", resume);
  if (options.epochs !== Infinity) check.whole("epochs", options.epochs, 1);
  if (options.prefetch !== "auto") check.whole("prefetch", options.prefetch, 1);
  check.whole("slowStart", options.slowStart, 0);
  check.whole("maxBatchesOut", options.maxBatchesOut, 1);
  check.oneOf("ordering", options.ordering, ["ordered", "batches", "samples"]);
  check.oneOf("onCorrupt", options.onCorrupt, ["throw", "skip", "mask"]);
  check.that(
    augment === undefined || Array.isArray(augment),
    "augment",
    "a list of operators",
    augment,
  );
  check.flag("fixed", options.fixed);
  if (output !== undefined) {
    check.names(output, KNOWN_OUTPUT, "output.");
    check.oneOf("output.layout", output.layout, ["NCHW", "NHWC"]);
    check.oneOf("output.dtype", output.dtype, ["f32", "f16", "u8"]);
    check.flag("output.ragged", output.ragged);
  }
  check.oneOf("orientation", options.orientation, ["apply", "ignore"]);
  check.whole("maxPixels", options.maxPixels, 1);
  const { pool } = options;
  const fits = pool === undefined || (pool instanceof BufferPool && pool.device === device);
  check.that(fits, "pool", "a BufferPool of the device", pool);
  check.signal("signal", options.signal);
  check.callback("onWarning", options.onWarning);
  if (requests !== undefined) checkRequests(options);
  checkLabels(options);
}

function checkRequests(options: LoaderOptions<unknown>): void {
  const { requests } = options;
  const iterable = typeof requests === "object" && requests !== null &&
    (Symbol.asyncIterator in requests || Symbol.iterator in requests);
  check.that(iterable, "requests", "an (async) iterable of lists of ids", requests);
  for (const option of EPOCHS_ONLY) {
    check.that(options[option] === undefined, option, "left out beside requests", options[option]);
  }
  const { onCorrupt } = options;
  check.that(onCorrupt !== "throw", "onCorrupt", '"mask" or "skip" beside requests', onCorrupt);
}

function checkLabels({ labels, source }: LoaderOptions<unknown>): void {
  if (labels === undefined) return;
  const reads = typeof labels?.parse === "function" && typeof labels.collect === "function" &&
    Array.isArray(labels.accepts);
  check.that(reads, "labels", "a label reader, such as intLabels()", labels);
  check.that(
    labels.accepts.includes(source.labelType),
    "labels",
    `a reader of the source's labels (${source.labelType})`,
    labels.name,
  );
}

/**
 * Checks what cannot go with images that keep sizes of their own.
 *
 * @param mixes Whether an operator mixes samples.
 * @throws {UsageError} If one does.
 */
export function checkRagged(mixes: boolean): void {
  check.that(!mixes, "output.ragged", "false beside operators that mix samples", true);
}

/**
 * Checks that a loop without end has batches to give.
 *
 * @param epochs As the caller of the loader wrote it.
 * @param batches Number of batches in an epoch.
 * @throws {UsageError} If it has none.
 */
export function checkEndless(epochs: number | undefined, batches: number): void {
  if (epochs !== Infinity || batches > 0) return;
  check.refuse("epochs", "finite where an epoch has no batches", "Infinity");
}

/**
 * Checks the options of a request.
 *
 * @param options As the caller wrote them.
 * @throws {UsageError} If one is wrong, or there is no option of that name.
 */
export function checkRequestOptions(options: RequestOptions): void {
  const check = new OptionCheck("request samples");
  check.names(options, { signal: true, fixed: true });
  check.signal("signal", options.signal);
  check.flag("fixed", options.fixed);
}
