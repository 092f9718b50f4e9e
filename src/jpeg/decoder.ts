import { DisposedError, LimitsError } from "../errors.ts";
import type { GpuImages } from "../gpu/images.ts";
import { BufferPool } from "../gpu/pool.ts";
import { JpegKernels } from "./kernels.ts";
import { chooseSync } from "./entropy_path.ts";
import {
  type BlobList,
  checkDecode,
  checkDecoder,
  type DecodedPart,
  type DecodeOptions,
  type DecodePartsOptions,
  type EntropyPath,
  type JpegDecoderOptions,
  type Regions,
} from "./options.ts";
import type { IdList } from "../ids.ts";
import { exceeds } from "./plan.ts";
import { type Part, Preparer, subject } from "./prepare.ts";
import type { Tuning } from "./stage.ts";
import { Submitter } from "./submit.ts";
import { tuningFor } from "./tuning.ts";
import { progressiveWarmUpFiles, turnedWarmUpFiles, warmUpFiles } from "./warm_up.ts";
import { checkRegion, windowed } from "./window.ts";

export type {
  BlobList,
  DecodedPart,
  DecodeOptions,
  DecodePartsOptions,
  EntropyPath,
  JpegDecoderOptions,
  Regions,
} from "./options.ts";

const DEFAULT_MAX_PIXELS = 2 ** 28;
/** What `cjpeg -scans` and `jpegtran -scans` write at most. */
const DEFAULT_MAX_SCANS = 100;
/** Less than the smallest picture takes. */
const WARM_UP_BINDING = 512;

/** How a part is decoded, where it is not as usual. */
interface DecodePath {
  /** How entropy-coded data is decoded. */
  path: EntropyPath;
  /** Bytes of a binding, beyond which pictures are decoded in strips. */
  binding: number;
  /** Whether nobody is told of warnings. */
  quiet: boolean;
  /** Told of the part before it is decoded; throws to refuse it. */
  accept: (part: Part) => void;
}

/**
 * Decodes JPEG files on the GPU, many at a time.
 *
 * Pixels are equal to what libjpeg-turbo decodes by default (accurate integer inverse DCT, triangle
 * upsampling), bit for bit. The CPU reads the markers and unstuffs the entropy-coded segments; Huffman
 * decoding, inverse DCT, upsampling and colour conversion are compute shaders.
 *
 * @example
 * ```ts
 * import { JpegDecoder, requestDevice } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 * import jpeg from "jpeg-js";
 *
 * const { data } = jpeg.encode({ width: 8, height: 8, data: new Uint8Array(256).fill(128) }, 90);
 * const device = await requestDevice();
 * using decoder = new JpegDecoder(device);
 * using images = await decoder.decode([data]);
 * const { width, height } = await images.read(0);
 * assertEquals([width, height], [8, 8]);
 * device.destroy();
 * ```
 */
export class JpegDecoder implements Disposable {
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #ownsPool: boolean;
  readonly #entropy: EntropyPath;
  readonly #tuning: Tuning;
  readonly #onWarning?: (message: string) => void;
  readonly #kernels: JpegKernels;
  readonly #preparer: Preparer;
  readonly #submitter: Submitter;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /**
   * Makes a decoder; nothing is allocated on the GPU before it decodes.
   *
   * @param device The device that decodes; the decoder never destroys it.
   * @param options Pool, limits, orientation and warnings.
   * @throws {UsageError} If an option is wrong.
   */
  constructor(device: GPUDevice, options: JpegDecoderOptions = {}) {
    checkDecoder(device, options);
    const { maxPixels = DEFAULT_MAX_PIXELS, maxScans = DEFAULT_MAX_SCANS } = options;
    const { orientation = "apply", entropy = "auto" } = options;
    this.#device = device;
    this.#entropy = entropy;
    const tuning = this.#tuning = tuningFor(device);
    this.#ownsPool = options.pool === undefined;
    this.#pool = options.pool ?? new BufferPool(device);
    this.#onWarning = options.onWarning;
    this.#kernels = new JpegKernels(device, tuning);
    this.#preparer = new Preparer({
      maxPixels,
      maxScans,
      turn: orientation === "apply",
      maxBinding: this.#binding,
      maxBuffer: device.limits.maxBufferSize,
    });
    this.#submitter = new Submitter(device, this.#pool, tuning, options.onWarning);
  }

  /**
   * Decodes blobs into one buffer.
   *
   * Resolves when the work is submitted, not when it is done: later work of the same queue sees the
   * pixels. The blobs are not needed any more then. A blob that cannot be decoded has no picture and
   * an error in {@linkcode GpuImages.errors}; its neighbours are not touched.
   *
   * @param blobs The files.
   * @param options Ids for errors, a signal, and what is needed of the pictures.
   * @returns The pictures, by the places of their blobs.
   * @throws {UsageError} If a blob or an option is wrong.
   * @throws {LimitsError} If the pictures do not fit one buffer; {@linkcode JpegDecoder.decodeParts}
   * splits them.
   * @throws {DisposedError} If the decoder has been disposed.
   * @throws The signal's reason, if it is aborted.
   */
  async decode(blobs: BlobList, options: DecodeOptions = {}): Promise<GpuImages> {
    checkDecode(blobs, options);
    const limit = this.#device.limits.maxBufferSize;
    const accept = ({ end }: Part) => {
      if (end === blobs.length) return;
      throw new LimitsError(
        `Cannot decode ${blobs.length} blobs at once as their pixels must fit one buffer of ${limit} bytes: received more from blob ${end} on; use decodeParts, or fewer blobs`,
      );
    };
    const { images } = await this.#part(blobs, 0, limit, options, { accept });
    return images;
  }

  /**
   * Decodes blobs into as many buffers as they need.
   *
   * @param blobs The files; needed until the last part.
   * @param options Ids for errors, a signal, and how large a part may be.
   * @returns Parts of consecutive blobs, in order. A picture that is larger than `maxBytes` alone
   * comes as a `LimitsError` in {@linkcode GpuImages.errors}.
   * @throws {UsageError} If a blob or an option is wrong.
   * @throws {DisposedError} If the decoder has been disposed.
   * @throws The signal's reason, if it is aborted.
   */
  async *decodeParts(
    blobs: BlobList,
    options: DecodePartsOptions = {},
  ): AsyncGenerator<DecodedPart> {
    checkDecode(blobs, options);
    const { maxBytes = Infinity } = options;
    const limit = Math.min(maxBytes, this.#device.limits.maxBufferSize);
    for (let first = 0; first < blobs.length;) {
      const part = await this.#part(blobs, first, limit, options);
      yield { first, images: part.images };
      first = part.end;
    }
  }

  /**
   * Compiles all kernels and runs each once, so that no decode pays for it.
   *
   * @returns When the GPU is done with it.
   * @throws {DisposedError} If the decoder has been disposed.
   * @throws {DeviceLostError} If the device is lost.
   * @throws {CassetteError} Why a kernel could not be run.
   */
  async warmUp(): Promise<void> {
    const files = [...warmUpFiles(), ...turnedWarmUpFiles()];
    const gathered = progressiveWarmUpFiles();
    const path = this.#entropy === "auto" ? "segment" : this.#entropy;
    const runs: [Uint8Array[], Partial<DecodePath>][] = [
      [[...files, ...gathered], { path }],
      // Pictures of several scans have kernels of their own where they exceed a binding.
      [gathered, { binding: WARM_UP_BINDING }],
    ];
    if (this.#entropy === "auto") runs.push([files, { path: "sync" }]);
    const decoded: GpuImages[] = [];
    try {
      for (const [blobs, how] of runs) {
        const limit = this.#device.limits.maxBufferSize;
        const { images } = await this.#part(blobs, 0, limit, {}, { ...how, quiet: true });
        decoded.push(images);
      }
      const errors = await Promise.all(decoded.map((images) => images.verify()));
      for (const error of errors.flat()) if (error) throw error;
    } finally {
      for (const images of decoded) images[Symbol.dispose]();
    }
  }

  /** Most bytes of a storage binding. */
  get #binding(): number {
    return this.#device.limits.maxStorageBufferBindingSize;
  }

  /** Gives the memory back; pictures that are out stay usable. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#ownsPool) this.#pool[Symbol.dispose]();
  }

  /** Decodes what fits from `first` on. Parts take turns, as they share the memory of the lexer. */
  #part(
    blobs: BlobList,
    first: number,
    limit: number,
    { ids, signal, regions }: DecodeOptions,
    { path = this.#entropy, binding = this.#binding, quiet, accept }: Partial<DecodePath> = {},
  ): Promise<{ images: GpuImages; end: number }> {
    const check = () => {
      signal?.throwIfAborted();
      if (!this.#disposed) return;
      throw new DisposedError("Cannot decode as the decoder must not have been disposed");
    };
    const turn = this.#last.then(async () => {
      check();
      const part = this.#preparer.prepare(blobs, first, limit, ids);
      if (regions) this.#narrow(part, regions, ids);
      accept?.(part);
      const sync = chooseSync(part.decodables, part.lexed, this.#tuning, path);
      await this.#kernels.load(part.decodables, sync.size > 0, binding);
      check();
      if (!quiet) this.#warn(part, ids);
      const work = { part, kernels: this.#kernels, sync, binding };
      const images = await this.#submitter.submit(work, check, ids);
      return { images, end: part.end };
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Leaves of the pictures what their regions need. */
  #narrow(part: Part, regions: Regions, ids?: IdList): void {
    const { first, end, images, decodables } = part;
    const wanted = typeof regions === "function"
      ? regions(images, first)
      : regions.slice(first, end);
    const binding = this.#binding;
    decodables.forEach((decodable, i) => {
      const region = wanted[decodable.index];
      if (!region) return;
      checkRegion(region, decodable.target, subject(first + decodable.index, ids));
      const narrow = windowed(decodable, region);
      // A strip is of a whole picture.
      if (!exceeds(narrow, binding)) decodables[i] = narrow;
    });
  }

  #warn(part: Part, ids?: IdList): void {
    part.warnings.forEach((warnings, i) => {
      for (const warning of warnings) {
        this.#onWarning?.(`${subject(part.first + i, ids)}: ${warning}`);
      }
    });
  }
}
